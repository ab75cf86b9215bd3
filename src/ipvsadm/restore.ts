import type { Command } from './command.ts';
import { type Failure, failure, isFailure, tryLine } from './failure.ts';
import { type ParseRules, parseCommand } from './parse.ts';

/** One line of the input of `-R`. */
export interface RestoreLine {
  /** From 1. */
  readonly line: number;
  readonly command: Command | Failure;
}

/**
 * Reads the input of `-R`. Unlike ipvsadm it reads all of it before anything is done, takes `#` for the start of a comment, and reads
 * the negative marks of old save files. There is no quoting: words are what is between blanks.
 */
export function parseRestore(text: string, rules: Omit<ParseRules, 'signedMarks'>): RestoreLine[] {
  const lines: RestoreLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.split(/[ \t\r]+/).filter((word) => word !== '');
    const comment = words.findIndex((word) => word.startsWith('#'));
    const argv = words.slice(0, comment === -1 ? undefined : comment).filter((word) => word !== 'ipvsadm');
    if (argv.length > 0) lines.push({ line: index + 1, command: parseLine(argv, { ...rules, signedMarks: true }) });
  }
  return lines;
}

function parseLine(argv: readonly string[], rules: ParseRules): Command | Failure {
  const command = parseCommand(argv, rules);
  if (isFailure(command) || command.kind !== 'restore') return command;
  return failure(tryLine(rules.programName), 0, 255);
}
