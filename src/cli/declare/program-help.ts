/** The jobs that verbs are for, with their headings, in the order of the help. */
const JOBS = {
  files: 'Files',
  change: 'Change the table',
  operate: 'Operate',
  look: 'Look',
} as const;

/** The job of a verb. A `hidden` verb is called by the program only. */
export type Job = keyof typeof JOBS | 'hidden';

/** A verb as the list of verbs shows it. */
export interface ListedVerb {
  readonly name: string;
  readonly job: Job;
  /** A few words, because two verbs share a line of 80 columns. */
  readonly summary: string;
}

const NAME_WIDTH = 11;
export const SUMMARY_WIDTH = 25;
const TWO_COLUMNS = 2 * (2 + NAME_WIDTH + 2 + SUMMARY_WIDTH);

const HEAD = 'Usage: ipvstate VERB [OPTION]...   Desired state for IPVS, the Linux balancer.';

const FOOT = 'More: `ipvstate VERB --help` (options, examples), `ipvstate help` (topics), -V.';

/** Formats the list of all verbs, by job: one screen of 80 columns. */
export function formatProgramHelp(verbs: readonly ListedVerb[], width: number): string {
  const columns = width < TWO_COLUMNS ? 1 : 2;
  const lines = Object.entries(JOBS).flatMap(([job, heading]) => {
    const cells = verbs.filter((verb) => verb.job === job).map(formatCell);
    const rows = cells.flatMap((cell, at) =>
      at % columns === 0 ? [`  ${[cell, ...cells.slice(at + 1, at + columns)].join('  ')}`] : [],
    );
    return rows.length === 0 ? [] : [`${heading}:`, ...rows.map((row) => row.trimEnd())];
  });
  return [HEAD, ...lines, FOOT].map((line) => `${line}\n`).join('');
}

function formatCell({ name, summary }: ListedVerb): string {
  return `${name.padEnd(NAME_WIDTH)}  ${summary.padEnd(SUMMARY_WIDTH)}`;
}
