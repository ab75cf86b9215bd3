import type { Position } from '../../../model/issue.ts';
import type { IncludedText } from '../../format.ts';
import { DEEPEST, type Evaluation } from './evaluation.ts';

interface Include {
  readonly pattern: string;
  /** Offset of the pattern in its line. */
  readonly at: number;
  /** True when keepalived calls it an error that no file has such a name. */
  readonly needsMatch: boolean;
}

/** Reads `include PATTERN`, and the variants that check more; undefined for any other line. */
export function parseInclude(text: string): Include | undefined {
  const [whole, variant = ''] = /^include([rmwba]?)[ \t]+/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return { pattern: text.slice(whole.length), at: whole.length, needsMatch: /[wa]/.test(variant) };
}

/** Finds the files of an include. Those that cannot be read are reported. */
export async function findIncluded(
  evaluation: Evaluation,
  { pattern: written, at, needsMatch }: Include,
  start: Position,
): Promise<readonly IncludedText[]> {
  const { options, report, files, included, definitions } = evaluation;
  const position = { ...start, column: start.column + at };
  const replaced = definitions.replace(written);
  const pattern = typeof replaced === 'object' ? replaced.text : written;
  const fromFile = files.at(-1) ?? '';
  if (!options.readIncluded) {
    report('REFERENCE', `the text of ${pattern} is needed, and is not at hand`, position);
    return [];
  }
  if (files.length > DEEPEST) {
    report('TOO_DEEP', `files include each other, more than ${DEEPEST} deep`, position);
    return [];
  }
  const found = await options.readIncluded(pattern, fromFile);
  if (found.length === 0) reportNoFile(evaluation, pattern, needsMatch, position);
  return found.filter(({ name, text, problem }) => {
    const isEndless = files.includes(name);
    if (problem) {
      report(problem.code, `${name}: ${problem.message}`, position, problem);
    } else if (isEndless) {
      const way = [...files.slice(files.indexOf(name)), name].join(' includes ');
      report('REFERENCE', `this include never ends: ${way}`, position);
    } else {
      included.set(name, text);
    }
    return !problem && !isEndless;
  });
}

/** keepalived goes on without a file that is missing; the services in it are missing as well. */
function reportNoFile(
  { report }: Evaluation,
  pattern: string,
  needsMatch: boolean,
  position: Position,
): void {
  if (!needsMatch && /[*?[{]/.test(pattern)) {
    const message = `no file has a name like ${pattern}`;
    report('REFERENCE', message, position, { severity: 'warning' });
    return;
  }
  const hint = /^["']|["']$/.test(pattern)
    ? 'write the name without quotes'
    : 'a relative name starts in the folder of the file that includes it';
  report('REFERENCE', `there is no file ${pattern}`, position, { hint });
}
