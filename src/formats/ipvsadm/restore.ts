import { type Failure, failure, isFailure, tryLine } from './grammar/failure.ts';
import { type ParseRules, parseCommand } from './grammar/parse.ts';
import type { Command } from './grammar/parsed-command.ts';
import { parseSavedLine } from './saved-line.ts';

/** The mark that some editors write at the start of UTF-8 text. */
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** One line of the input of `-R`. */
export interface RestoreLine {
  /** The number of the line; the first line is 1. */
  readonly line: number;
  readonly command: Command | Failure;
}

/**
 * Reads the input of `-R`, line by line, and keeps no line: reading a large file twice takes less
 * than storing its commands. Unlike ipvsadm it skips a byte order mark, takes `#` for the start of
 * a comment, and reads the negative marks of old save files. There is no quoting: words are
 * separated by blanks.
 */
export function* parseRestore(
  input: Buffer,
  rules: Omit<ParseRules, 'signedMarks'>,
): Generator<RestoreLine, undefined, undefined> {
  const lineRules: ParseRules = { ...rules, signedMarks: true };
  let line = 1;
  const hasMark = input.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  for (const text of textChunks(hasMark ? input.subarray(BYTE_ORDER_MARK.length) : input)) {
    for (let start = 0; start <= text.length; line++) {
      const newline = text.indexOf('\n', start);
      const end = newline === -1 ? text.length : newline;
      const command = parseSavedLine(text, start, end) ?? parseLine(text, start, end, lineRules);
      if (command) yield { line, command };
      start = end + 1;
    }
  }
}

/** The words of a line up to a comment, without the name of the program. */
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

function parseLine(
  text: string,
  start: number,
  end: number,
  rules: ParseRules,
): Command | Failure | undefined {
  const argv = splitLine(text, start, end);
  if (argv.length === 0) return undefined;
  const command = parseCommand(argv, rules);
  if (isFailure(command) || command.kind !== 'restore') return command;
  return failure(tryLine(rules.programName), 0, 255);
}

/** The least size of a piece of text. Strings of this size are short-lived memory. */
const CHUNK_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/**
 * Decodes UTF-8 text in pieces of whole lines, each without its last newline. A large text is never
 * in memory as one string. Bytes that are not UTF-8 become replacement characters.
 */
export function* textChunks(bytes: Buffer): Generator<string, undefined, undefined> {
  for (let start = 0; start <= bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start + CHUNK_BYTES);
    const end = newline === -1 ? bytes.length : newline;
    yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}
