import type { Position } from '../../../model/issue.ts';
import type { Report } from '../report.ts';
import { bareLine } from './bare-line.ts';
import {
  createDefinitions,
  LONGEST_LINE,
  type PlacedText,
  parseDefinition,
  withoutBackslash,
} from './definitions.ts';
import { DEEPEST, type Evaluation, MOST_LINES } from './evaluation.ts';
import { findIncluded, parseInclude } from './include.ts';
import { type Comment, type Piece, partOf } from './pieces.ts';
import { isSequence, parseSequence } from './sequences.ts';
import { findBrace } from './words.ts';

/** The configuration of a file and the files that it includes, with every line evaluated. */
export interface Evaluated {
  readonly pieces: readonly Piece[];
  /** The texts of the included files, by name. */
  readonly included: ReadonlyMap<string, string>;
  /** The names of all definitions. */
  readonly defined: readonly string[];
}

/** Evaluates includes, conditions, definitions and sequences. */
export async function evaluate(
  text: string,
  file: string,
  options: Evaluation['options'],
  report: Report,
): Promise<Evaluated> {
  const files: string[] = [];
  const evaluation: Evaluation = {
    ...{ options, report, files, pieces: [], included: new Map(), open: undefined, lines: 0 },
    definitions: createDefinitions({
      configId: options.configId,
      folder: () => folderOf(files.at(-1) ?? file),
    }),
    hasUnknownCondition: false,
  };
  await evaluateFile(evaluation, text, file);
  const { pieces, included, definitions } = evaluation;
  return { pieces, included, defined: [...definitions.names()] };
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

function folderOf(file: string): string {
  const slash = file.lastIndexOf('/');
  return slash === -1 ? '.' : file.slice(0, slash) || '/';
}

async function evaluateFile(evaluation: Evaluation, text: string, file: string): Promise<void> {
  const { files, report } = evaluation;
  files.push(file);
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r+$/, '');
    const start: Position = { file, line: index + 1, column: 1 };
    if (line.length * 3 > LONGEST_LINE && byteLength(line) > LONGEST_LINE) {
      const message = `the line is too long: keepalived reads ${LONGEST_LINE} bytes of it`;
      report('TOO_LARGE', message, start);
      continue;
    }
    const { placed, comment } = readLine(evaluation, line, start);
    const before = evaluation.pieces.length;
    const include = placed && parseInclude(placed.text);
    if (include) {
      for (const found of await findIncluded(evaluation, include, placed.position))
        await evaluateFile(evaluation, found.text, found.name);
    } else if (placed) {
      evaluateLine(evaluation, placed, 0);
    }
    const isBeside = !include && evaluation.pieces.length > before;
    if (comment) evaluation.pieces.push({ ...comment, isBeside });
    if (evaluation.lines >= MOST_LINES) break;
  }
  files.pop();
}

interface ReadLine {
  /** The text that is to be evaluated. */
  readonly placed?: PlacedText;
  readonly comment?: Comment;
}

function readLine(evaluation: Evaluation, line: string, start: Position): ReadLine {
  const { report, open } = evaluation;
  const bare = bareLine(line);
  const at = (offset: number): Position => ({ ...start, column: offset + 1 });
  const comment = bare.comment !== undefined && {
    comment: readComment(bare.comment, at(line.length - bare.comment.length)),
  };
  if (bare.openQuote !== undefined)
    report('SYNTAX', 'this quote is not closed on its line', at(bare.openQuote), {
      hint: 'write " at the end of the quoted text, or \\" for a quote in it',
    });
  if (bare.text === '') {
    // A comment in a definition ends it as well: keepalived reads its own copy, without comments.
    evaluation.open = undefined;
    return { ...comment };
  }
  const placed = { text: bare.text, position: at(bare.start), isExact: bare.isExact };
  if (!open) return { placed, ...comment };
  const text = withoutBackslash(placed.text);
  if (text !== '') open.push({ ...placed, text });
  if (text === placed.text) evaluation.open = undefined;
  return { ...comment };
}

function readComment(text: string, position: Position): Comment {
  return {
    kind: 'comment',
    text: text.replace(/^[!#]+/, '').trim(),
    position,
    isBeside: false,
  };
}

/** Evaluates one line, and those that it stands for. */
function evaluateLine(evaluation: Evaluation, line: PlacedText, depth: number): void {
  const { report, definitions } = evaluation;
  if (isTooMuch(evaluation, line, depth)) return;
  let placed = line;
  let following: readonly PlacedText[] = [];
  for (;;) {
    if (placed.text.startsWith('@')) {
      const rest = conditional(evaluation, placed);
      if (!rest) return;
      placed = rest;
    }
    if (define(evaluation, placed)) return;
    if (isSequence(placed.text)) {
      evaluateSequence(evaluation, placed, depth);
      return;
    }
    const replaced = definitions.replace(placed.text);
    if (replaced === undefined) break;
    if (replaced === 'endless') {
      report('TOO_LARGE', 'the definitions in this line have no end', line.position, {
        hint: 'a definition must not refer to itself',
      });
      return;
    }
    placed = { ...placed, text: bareLine(replaced.text).text, isExact: false };
    following = [...replaced.following, ...following];
    if (!placed.text.startsWith('@') && !placed.text.includes('$')) break;
  }
  addPieces(evaluation, placed, depth);
  for (const next of following) evaluateLine(evaluation, next, depth + 1);
}

function isTooMuch(evaluation: Evaluation, line: PlacedText, depth: number): boolean {
  const { report } = evaluation;
  if (depth > 0) evaluation.lines++;
  if (depth > 0 && evaluation.lines === MOST_LINES) {
    const message = `the sequences and definitions make more than ${MOST_LINES} lines`;
    report('TOO_LARGE', message, line.position);
  } else if (depth === DEEPEST) {
    report('TOO_DEEP', 'the definitions in this line have no end', line.position, {
      hint: 'a definition must not refer to itself',
    });
  }
  return evaluation.lines >= MOST_LINES || depth >= DEEPEST;
}

/** Returns the rest of a line `@ID ...` when its condition holds. */
function conditional(evaluation: Evaluation, line: PlacedText): PlacedText | undefined {
  const { options, report } = evaluation;
  const match = /^@(\^?)([^ \t]*)[ \t]+(?=[^ \t])/.exec(line.text);
  if (!match) return undefined;
  const [whole, isReversed, id] = match;
  if (options.configId === undefined && !evaluation.hasUnknownCondition) {
    evaluation.hasUnknownCondition = true;
    const what = 'lines with @ depend on the configuration id of the machine';
    const hint = 'name it as keepalived does: --config-id ID. Its default is the host name';
    report('MISSING_KEY', what, line.position, { hint: `${hint} up to the first dot` });
  }
  return (id === options.configId) === (isReversed === '') ? partOf(line, whole.length) : undefined;
}

/** Adds the definition of a line. Returns false when the line is none. */
function define(evaluation: Evaluation, line: PlacedText): boolean {
  const definition = parseDefinition(line.text);
  if (!definition) return false;
  const { name, value, at, isContinued } = definition;
  const lines: PlacedText[] = [];
  if (value !== '' || !isContinued) lines.push(partOf(line, at, at + value.length));
  evaluation.definitions.set(name, lines);
  if (isContinued) evaluation.open = lines;
  return true;
}

function evaluateSequence(evaluation: Evaluation, line: PlacedText, depth: number): void {
  const { definitions, report } = evaluation;
  const replace = (text: string): string => {
    const replaced = definitions.replace(text);
    return typeof replaced === 'object' ? replaced.text : text;
  };
  const sequence = parseSequence(line.text, replace);
  if (!sequence) {
    const hint = 'write ~SEQ(NAME, START, STEP, END) text, or ~LST(NAME, VALUE, VALUE) text';
    report('SYNTAX', 'this sequence is not well-formed', line.position, { hint });
    return;
  }
  const rest = partOf(line, line.text.length - sequence.text.length);
  if (rest.text === '') return;
  for (const values of sequence.values()) {
    for (const [name, text] of values)
      definitions.set(name, [{ text, position: line.position, isExact: false }]);
    evaluateLine(evaluation, rest, depth + 1);
    if (evaluation.lines >= MOST_LINES) return;
  }
}

/** Adds a line up to its first brace, and evaluates the rest like a line of its own. */
function addPieces(evaluation: Evaluation, line: PlacedText, depth: number): void {
  const { pieces, report } = evaluation;
  if (parseInclude(line.text)) {
    report('SYNTAX', 'keepalived reads an include like this twice', line.position, {
      hint: 'write the include on a line of its own, without a condition, a sequence or $NAME',
    });
    return;
  }
  const brace = findBrace(line.text);
  if (brace === 0) {
    const kind = line.text.startsWith('{') ? 'open' : 'close';
    pieces.push({ kind, ...partOf(line, 0, 1) });
    const next = line.text.slice(1).search(/[^ \t]/);
    if (next !== -1) evaluateRest(evaluation, partOf(line, 1 + next), depth);
    return;
  }
  const end = brace === -1 ? line.text.length : brace;
  const words = partOf(line, 0, end);
  if (words.text.trim() !== '') pieces.push({ kind: 'words', ...words });
  if (brace !== -1) addPieces(evaluation, partOf(line, brace), depth);
}

/** Evaluates the text after a brace, which can be a condition or a sequence of its own. */
function evaluateRest(evaluation: Evaluation, rest: PlacedText, depth: number): void {
  if (/^[@~$]/.test(rest.text)) evaluateLine(evaluation, rest, depth + 1);
  else addPieces(evaluation, rest, depth);
}
