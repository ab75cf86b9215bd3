import { countByLevel, type NamedFinding, worstFirst } from '../doctor/examine.ts';
import { type Fix, LEVELS, type Level } from '../doctor/finding.ts';
import type { Issue } from '../model/issue.ts';
import { printable } from '../model/printable.ts';
import { countOf } from './count-of.ts';
import { wrapHanging } from './explain/wrap.ts';
import { formatIssues } from './issues.ts';
import { formatJson } from './json.ts';
import { PLAIN, type Style } from './style.ts';

/** The answer of `doctor`. */
export interface Diagnosis {
  readonly findings: readonly NamedFinding[];
  /** The problems of the files. There are none when the files are valid. */
  readonly issues: readonly Issue[];
  readonly sources: ReadonlyMap<string, string>;
  /** The files that were read. */
  readonly files: readonly string[];
  /** True when there are files, and they cannot be read. */
  readonly areFilesUnread: boolean;
  /** False when a saved table stands for the kernel. */
  readonly isAboutKernel: boolean;
  readonly exitCode: number;
}

interface Layout {
  readonly style?: Style;
  readonly width: number;
  /** True to show also the findings that are well. */
  readonly isVerbose: boolean;
}

export const DOCTOR_FORMATS = { text: formatDiagnosis, json: diagnosisJson };

const WORDS: Readonly<Record<Level, string>> = {
  failure: 'cannot work',
  warning: 'warning',
  unknown: 'not known',
  remark: 'remark',
  ok: 'ok',
};

function formatDiagnosis(diagnosis: Diagnosis, layout: Layout): string {
  const { findings, issues, sources } = diagnosis;
  const { style = PLAIN, width, isVerbose } = layout;
  const shown = merged(worstFirst(findings)).filter(({ level }) => isVerbose || level !== 'ok');
  const problems =
    issues.length === 0 ? '' : `\n${formatIssues(issues, sources, { style, width })}`;
  return (
    formatSummary(diagnosis, layout) +
    shown
      .map((finding, index) => {
        // Findings without a reason are single lines, and follow each other.
        const isApart =
          finding.why !== undefined || shown[index - 1]?.why !== undefined || index === 0;
        return `${isApart ? '\n' : ''}${formatFinding(finding, style, width)}`;
      })
      .join('') +
    problems
  );
}

/** Merges neighbours that say the same, as checks do that need one fact which is not known. */
function merged(findings: readonly NamedFinding[]): NamedFinding[] {
  const found: NamedFinding[] = [];
  for (const finding of findings) {
    const last = found.at(-1);
    if (last?.level === 'unknown' && last.level === finding.level && last.seen === finding.seen)
      found[found.length - 1] = { ...last, check: `${last.check}, ${finding.check}` };
    else found.push(finding);
  }
  return found;
}

function formatSummary(
  { findings, issues, files, areFilesUnread, isAboutKernel }: Diagnosis,
  { style = PLAIN, width, isVerbose }: Layout,
): string {
  const counts = countByLevel(findings);
  const parts = LEVELS.filter((level) => level !== 'ok' && counts[level] > 0).map((level) =>
    level === 'unknown' ? `${counts.unknown} not known` : countOf(counts[level], level),
  );
  const hidden = counts.ok > 0 && !isVerbose ? ' (-v shows them)' : '';
  const sum = [...parts, `${counts.ok} ok${hidden}`].join(', ');
  const notes = [
    ...(isAboutKernel ? [] : ['Nothing was asked about this machine, because of --table.']),
    ...(issues.length > 0
      ? ['The files are not valid: checks that need them were left out. See below.']
      : []),
    ...(areFilesUnread
      ? ['The files cannot be read: checks that need them were left out.']
      : files.length === 0
        ? ['There are no files: only what concerns every configuration was checked.']
        : []),
  ];
  const lines = notes.flatMap((note) => wrapHanging(note, width, ''));
  const areFilesBad = issues.length > 0 || areFilesUnread;
  const head = verdict(counts, areFilesBad);
  const [first = '', ...rest] = wrapHanging(`${head}: ${sum}.`, width, '    ');
  return [style.strong(head) + first.slice(head.length), ...rest, ...lines, ''].join('\n');
}

function verdict(
  { failure, warning, unknown }: Readonly<Record<Level, number>>,
  areFilesBad: boolean,
): string {
  if (failure > 0) return 'Cannot work as it is';
  return warning + unknown > 0 || areFilesBad ? 'Look at this' : 'All is well';
}

function formatFinding(
  { check, level, seen, why, fix }: NamedFinding,
  style: Style,
  width: number,
): string {
  const word = WORDS[level];
  const clause = `${word}: ${check}: ${printable(seen)}`;
  const [first = '', ...rest] = wrapHanging(clause, width, '    ');
  const head = `${paint(level, style)(word)}${first.slice(word.length)}`;
  const reason = why === undefined ? [] : wrapHanging(`    ${printable(why)}`, width, '    ');
  return `${[head, ...rest, ...reason, ...formatFix(fix, style, width)].join('\n')}\n`;
}

/** A command stays on one line, so that it can be copied. */
function formatFix(fix: Fix | undefined, style: Style, width: number): string[] {
  if (!fix) return [];
  if ('advice' in fix) return wrapHanging(`    ${printable(fix.advice)}`, width, '    ');
  return fix.commands.map((command) => `      ${style.hint(command)}`);
}

function paint(level: Level, style: Style): (text: string) => string {
  switch (level) {
    case 'failure':
      return style.remove;
    case 'warning':
    case 'unknown':
      return style.edit;
    case 'remark':
      return style.hint;
    case 'ok':
      return style.add;
    default:
      return level satisfies never;
  }
}

function diagnosisJson({ findings, issues, files, isAboutKernel, exitCode }: Diagnosis): string {
  return formatJson({
    format: 'ipvstate-doctor',
    version: 1,
    exit_code: exitCode,
    kernel_checked: isAboutKernel,
    files,
    summary: countByLevel(findings),
    findings: worstFirst(findings).map(({ check, level, seen, why = null, fix }) => ({
      ...{ check, level, seen, why },
      commands: fix && 'commands' in fix ? fix.commands : [],
      advice: fix && 'advice' in fix ? fix.advice : null,
    })),
    issues,
  });
}
