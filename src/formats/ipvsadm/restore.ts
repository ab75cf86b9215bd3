import type { Command } from './grammar/command.ts';
import { type Failure, failure, isFailure, tryLine } from './grammar/failure.ts';
import { type ParseRules, parseCommand } from './grammar/parse.ts';
import { RepeatedLine } from './repeated-line.ts';
import { textChunks } from './text-chunks.ts';

/** One line of the input of `-R`. */
export interface RestoreLine {
  /** From 1. */
  readonly line: number;
  readonly command: Command | Failure;
}

/**
 * Reads the input of `-R`, line by line, and keeps none of them: a large file is read twice for less than its commands would take to
 * store. Unlike ipvsadm it takes `#` for the start of a comment, and reads the negative marks of old save files. There is no quoting:
 * words are what is between blanks.
 * @param skipsRepeated leaves out lines that are good because one like them was
 */
export function* parseRestore(
  input: Buffer,
  rules: Omit<ParseRules, 'signedMarks' | 'lastService'>,
  skipsRepeated = false,
): Generator<RestoreLine, undefined, undefined> {
  const lastService = {};
  const lineRules: ParseRules = { ...rules, signedMarks: true, lastService };
  const repeated = new RepeatedLine(lastService);
  let line = 1;
  for (const text of textChunks(input)) {
    for (let start = 0; start <= text.length; line++) {
      const newline = text.indexOf('\n', start);
      const end = newline === -1 ? text.length : newline;
      if (!repeated.matches(text, start, end)) {
        const argv = splitLine(text, start, end);
        if (argv.length > 0) {
          const command = parseLine(argv, lineRules);
          repeated.learn(text, start, end, command);
          yield { line, command };
        }
      } else if (!skipsRepeated) {
        yield { line, command: repeated.command() };
      }
      start = end + 1;
    }
  }
}

/** The words of a line up to a comment, without the program's name. */
function splitLine(text: string, start: number, end: number): string[] {
  const words: string[] = [];
  for (let at = start; at < end; ) {
    while (at < end && isBlank(text.charCodeAt(at))) at++;
    const first = at;
    while (at < end && !isBlank(text.charCodeAt(at))) at++;
    const word = text.slice(first, at);
    if (word.startsWith('#')) break;
    if (word !== '' && word !== 'ipvsadm') words.push(word);
  }
  return words;
}

/** Space, tab or carriage return. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

function parseLine(argv: readonly string[], rules: ParseRules): Command | Failure {
  const command = parseCommand(argv, rules);
  if (isFailure(command) || command.kind !== 'restore') return command;
  return failure(tryLine(rules.programName), 0, 255);
}
