import { EXIT, type ExitName } from '../../render/exit.ts';
import type { Exits } from './exit-groups.ts';

/** Texts that the help of a verb has below its options. */
interface VerbTexts {
  readonly exits: Exits;
  readonly examples: readonly string[];
  readonly notes?: readonly string[];
}

export function formatVerbHelp({ exits, examples, notes = [] }: VerbTexts): string {
  const shown = examples.map((line) => `  ${line}`);
  const blocks = [
    examples.length === 0 ? [] : ['Examples:', ...shown],
    notes,
    ['Exit codes:', ...formatExits(exits)],
  ];
  return blocks.flatMap((lines) => (lines.length === 0 ? [] : ['', ...lines])).join('\n');
}

/** Formats exit codes, one for each line, in the order of their numbers. */
export function formatExits(exits: Exits): string[] {
  const rows = Object.entries(exits).map(
    ([name, meaning]) => [exitCodesOf(name as keyof Exits), meaning] as const,
  );
  return rows
    .sort(([[a = 0]], [[b = 0]]) => a - b)
    .map(([codes, meaning]) => `  ${codes.join(', ').padEnd(8)}  ${meaning}`);
}

/** The exit codes with a name: one, or those of both signals. */
export function exitCodesOf(name: ExitName | 'signal'): readonly number[] {
  return name === 'signal' ? [130, 143] : [EXIT[name]];
}
