import { parse, type Word, type WordPart } from 'unbash';
import { deeper, inSubshell, placeOf, type Run, spend, spendText } from '../run.ts';
import { EMPTY, type Field, isUnknown, joinValues, unknownValue, type Value } from '../value.ts';
import { lookUp } from '../variables.ts';
import { evaluate } from './arithmetic.ts';
import { alternatives } from './braces.ts';
import { type Expanded, expandName, expandParameter } from './parameter.ts';
import { plainText } from './text.ts';

/** Expands words to fields: braces, parameters, commands, and the splitting at blanks. */
export function expandFields(run: Run, words: readonly Word[]): Field[] {
  return words.flatMap((word) => expandField(run, word));
}

function expandField(run: Run, word: Word): Field[] {
  const at = placeOf(run, word);
  if (!word.parts) return [{ ...plainText(word), at }];
  return expandBraces(run, word.parts, at).flatMap((parts) => {
    const builder = createFields();
    for (const part of parts) addPart(run, builder, part, false);
    const fields = builder.end();
    const isGlob = parts.some((part) => part.type === 'Glob' && part.kind !== 'bracket');
    return fields.map((field) => ({
      ...(isGlob && field.text.includes('/') ? unknownValue(`the files ${word.text}`, at) : field),
      at,
    }));
  });
}

/** All choices of the lists in braces of a word. */
function expandBraces(run: Run, parts: readonly WordPart[], at: number): (readonly WordPart[])[] {
  let results: (readonly WordPart[])[] = [[]];
  for (const part of parts) {
    const choices =
      part.type === 'BraceExpansion'
        ? alternatives(part.text)?.flatMap((each) => expandBraces(run, readAlternative(each), at))
        : undefined;
    const given: readonly (readonly WordPart[])[] = choices ?? [[part]];
    spend(run, at, results.length * given.length);
    results = results.flatMap((before) => given.map((choice) => [...before, ...choice]));
  }
  return results;
}

/** Reads one alternative of a list, which is a word of its own. */
function readAlternative(text: string): readonly WordPart[] {
  const literal = (value: string): WordPart => ({ type: 'Literal', pos: 0, end: 0, value, text });
  if (/^[\w.:/%@-]*$/.test(text)) return [literal(text)];
  const command = parse(`: ${text}`).commands[0]?.command;
  const [word] = command?.type === 'Command' ? command.suffix : [];
  if (word?.type !== 'Word') return [literal(text)];
  return word.parts ?? [literal(word.value)];
}

/** The parts of a set of characters, with its brackets. */
function bracketed({
  pos,
  end,
  parts,
}: Extract<WordPart, { type: 'Glob'; kind: 'bracket' }>): readonly WordPart[] {
  const literal = (value: string): WordPart => ({ type: 'Literal', pos, end, value, text: value });
  return [literal('['), ...parts, literal(']')];
}

interface FieldBuilder {
  /** Adds text that is not split. */
  readonly add: (value: Value) => void;
  readonly split: (value: Value, separators: string) => void;
  /** Begins another field. */
  readonly next: () => void;
  readonly end: () => Value[];
}

function createFields(): FieldBuilder {
  const fields: Value[] = [];
  let current: Value[] | undefined;
  /** A variable without value before the text of a field: `$VIP:80` is a field without it. */
  let lead: Value[] = [];
  const next = () => {
    if (current) fields.push(joinValues(current));
    current = undefined;
    lead = [];
  };
  const add = (value: Value) => {
    current ??= [...lead];
    current.push(value);
  };
  return {
    add,
    next,
    split: (value, separators) => {
      if (isUnknown(value)) add(value);
      else if (value.text === '' && value.unset !== undefined) (current ?? lead).push(value);
      else {
        const { pieces, startsNew, endsNew } = splitAt(value.text, separators);
        if (startsNew) next();
        for (const [index, piece] of pieces.entries()) {
          if (index > 0) next();
          add({ ...value, text: piece });
        }
        if (endsNew) next();
      }
    },
    end: () => {
      next();
      return fields;
    },
  };
}

interface Pieces {
  readonly pieces: readonly string[];
  /** True when the text begins with a blank: its first piece is a new field. */
  readonly startsNew: boolean;
  readonly endsNew: boolean;
}

/** Splits at the characters of IFS: blanks count once, every other character is an end. */
export function splitAt(text: string, separators: string): Pieces {
  const isSeparator = (at: number) => at < text.length && separators.includes(text.charAt(at));
  const isBlank = (at: number) => isSeparator(at) && ' \t\n'.includes(text.charAt(at));
  const pieces: string[] = [];
  let at = 0;
  while (isBlank(at)) at++;
  const startsNew = at > 0;
  let endsNew = false;
  while (at < text.length) {
    const start = at;
    while (at < text.length && !isSeparator(at)) at++;
    pieces.push(text.slice(start, at));
    endsNew = at < text.length;
    while (isBlank(at)) at++;
    if (isSeparator(at)) {
      at++;
      while (isBlank(at)) at++;
    }
  }
  return { pieces, startsNew, endsNew };
}

const separatorsOf = (run: Run): string => lookUp(run, 'IFS', 0)?.text ?? ' \t\n';

function addPart(run: Run, fields: FieldBuilder, part: WordPart, isQuoted: boolean): void {
  switch (part.type) {
    case 'DoubleQuoted':
    case 'LocaleString':
      if (part.parts.every((child) => !isListPart(child))) fields.add(EMPTY);
      for (const child of part.parts) addPart(run, fields, child, true);
      break;
    case 'SimpleExpansion': {
      const expanded = expandName(run, part.text.slice(1), placeOf(run, part));
      addExpanded(run, fields, expanded, isQuoted);
      break;
    }
    case 'ParameterExpansion':
      addExpanded(run, fields, expandParameter(run, part), isQuoted);
      break;
    case 'Glob':
      // No file is there that could match: an address in brackets stays as it is.
      if (part.kind !== 'bracket') fields.add({ text: part.text });
      else for (const inner of bracketed(part)) addPart(run, fields, inner, isQuoted);
      break;
    case 'CommandExpansion':
    case 'ArithmeticExpansion': {
      const values = [expandPart(run, part)];
      addExpanded(run, fields, { values, isList: false, isJoined: false }, isQuoted);
      break;
    }
    default:
      fields.add(expandPart(run, part));
  }
}

const isListPart = (part: WordPart): boolean =>
  part.type === 'ParameterExpansion' || part.text === '$@';

function addExpanded(run: Run, fields: FieldBuilder, expanded: Expanded, isQuoted: boolean): void {
  const { values, isList, isJoined } = expanded;
  const separators = separatorsOf(run);
  if (isQuoted && (!isList || isJoined)) {
    fields.add(joinValues(values, separators.charAt(0)));
    return;
  }
  for (const [index, value] of values.entries()) {
    if (index > 0) fields.next();
    if (isQuoted) fields.add(value);
    else fields.split(value, separators);
  }
}

/** Expands parts to one text. */
export function expandParts(run: Run, parts: readonly WordPart[]): Value {
  const value = joinValues(parts.map((part) => expandPart(run, part)));
  spendText(run, value.text.length);
  return value;
}

function expandPart(run: Run, part: WordPart): Value {
  switch (part.type) {
    case 'DoubleQuoted':
    case 'LocaleString':
      return expandParts(run, part.parts);
    case 'SimpleExpansion': {
      const { values } = expandName(run, part.text.slice(1), placeOf(run, part));
      return joinValues(values, ' ');
    }
    case 'ParameterExpansion':
      return joinValues(expandParameter(run, part).values, ' ');
    case 'CommandExpansion':
      return substitute(run, part);
    case 'ArithmeticExpansion': {
      const { number, doubt } = evaluate(run, part.expression);
      return { text: `${number}`, doubt };
    }
    case 'ProcessSubstitution':
      return unknownValue('a file that a command writes', placeOf(run, part));
    case 'Glob':
      return part.kind === 'bracket' ? expandParts(run, bracketed(part)) : { text: part.text };
    case 'ExtendedGlob':
    case 'BraceExpansion':
      if (!part.text.includes('$')) return { text: part.text };
      return unknownValue(`the words ${part.text}`, placeOf(run, part));
    default:
      return { text: part.value };
  }
}

/** bash ignores `set -e` in a substitution, other shells do not. */
const isBash = ({ session }: Run): boolean => /^#![^\n]*\bbash\b/.test(session.text);

/** Runs a command, and gives its output without the last newlines. */
function substitute(run: Run, part: Extract<WordPart, { type: 'CommandExpansion' }>): Value {
  const { text, ...rest } = outputOf(run, part);
  return { ...rest, text: text.replace(/\n+$/, '') };
}

/** Runs the command of a substitution, and gives its output. */
export function outputOf(
  run: Run,
  part: Extract<WordPart, { type: 'CommandExpansion' | 'ProcessSubstitution' }>,
): Value {
  const at = placeOf(run, part);
  const { script } = part;
  if (!script) return EMPTY;
  return deeper(run, at, () =>
    inSubshell(run, (subshell) => {
      const output: Value[] = [];
      subshell.stdout = output;
      if (script.source !== undefined) subshell.place = at;
      if (isBash(run)) subshell.options.delete('errexit');
      run.status = { ...run.session.evaluator.runScript(subshell, script) };
      return joinValues(output);
    }),
  );
}
