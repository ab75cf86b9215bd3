import { readFile } from '../redirects.ts';
import { print, type Run, spend, takeInput } from '../run.ts';
import {
  derived,
  doubtOf,
  EMPTY,
  FAILURE,
  type Field,
  isUnknown,
  joinValues,
  type Status,
  SUCCESS,
  statusOf,
  unknown,
  unknownValue,
  type Value,
} from '../value.ts';
import { setVariable } from '../variables.ts';
import type { Builtins, Call } from './call.ts';

/** Commands that make text from their words or their input. */
export const TEXT_COMMANDS: Builtins = {
  echo,
  printf: (call) => {
    const words = call.args[0]?.text === '--' ? call.args.slice(1) : call.args;
    const [format, ...rest] = words;
    if (!format) return FAILURE;
    if (format.text !== '-v') {
      print(call.run, formatText(format, rest));
      return SUCCESS;
    }
    const [name, pattern, ...given] = rest;
    if (name && pattern) setVariable(call.run, name.text, formatText(pattern, given));
    return SUCCESS;
  },
  cat,
  seq,
  basename: ({ run, args: [path, suffix] }) => {
    if (!path) return FAILURE;
    const name = path.text.replace(/\/+$/, '').split('/').at(-1) ?? '';
    const end = suffix?.text ?? '';
    const text = end !== '' && name.endsWith(end) ? name.slice(0, -end.length) : name;
    return printLine(run, derived(text, suffix ? [path, suffix] : [path]));
  },
  dirname: ({ run, args: [path] }) => {
    if (!path) return FAILURE;
    const at = path.text.replace(/\/+$/, '').lastIndexOf('/');
    const text = at < 0 ? '.' : at === 0 ? '/' : path.text.slice(0, at);
    return printLine(run, derived(text, [path]));
  },
  cut: (call) => filterLines(call, cutLine(call.args)),
  tr: translate,
  awk: (call) => filterLines(call, printColumns(call.args)),
  expr: calculate,
  whoami: ({ run }) => printLine(run, { text: 'root' }),
  id: (call) =>
    call.args.some(({ text }) => /^-u|^--user/.test(text))
      ? printLine(call.run, {
          text: call.args.some(({ text }) => text.includes('n')) ? 'root' : '0',
        })
      : printLine(call.run, unknownValue('the output of `id`', call.name.at)),
};

function printLine(run: Run, value: Value): Status {
  print(run, value);
  print(run, { text: '\n' });
  return SUCCESS;
}

function echo({ run, args }: Call): Status {
  const options = args.findIndex(({ text, doubt }) => doubt || !/^-[neE]+$/.test(text));
  const first = options === -1 ? args.length : options;
  const flags = args
    .slice(0, first)
    .map(({ text }) => text)
    .join('');
  const value = joinValues(args.slice(first), ' ');
  if (!flags.includes('e')) print(run, value);
  else if (/\\[^nt\\r]/.test(value.text))
    print(run, unknownValue('the output of `echo -e`', args[first]?.at ?? 0));
  else print(run, { ...value, text: unescaped(value.text) });
  if (!flags.includes('n')) print(run, { text: '\n' });
  return SUCCESS;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\', r: '\r' };

const unescaped = (text: string): string =>
  text.replace(/\\([nt\\r])/g, (_, letter: string) => ESCAPES[letter] ?? letter);

/** Formats that print the same in every shell: plain words, and numbers in plain notation. */
const FORMAT = /^(?:[^%\\]|\\[nt\\r]|%%|%-?0?\d{0,3}[sdi])*$/;
const PLAIN_NUMBER = /^(?:0|[1-9]\d*)$/;

/** Formats with `%s` and `%d`. The format is used again while there are words. */
function formatText(format: Value, words: readonly Field[]): Value {
  const known = derived('', [format, ...words]);
  if (isUnknown(known)) return known;
  const pattern = unescaped(format.text);
  const places = pattern.replaceAll('%%', '').match(/%/g)?.length ?? 0;
  const rounds = places === 0 ? 1 : Math.max(1, Math.ceil(words.length / places));
  let next = 0;
  let isKnown = FORMAT.test(format.text);
  const change = (_: string, left: string, zero: string, width: string, kind: string): string => {
    if (kind === '%') return '%';
    const word = words[next++]?.text ?? (kind === 's' ? '' : '0');
    isKnown &&= kind === 's' ? zero === '' : PLAIN_NUMBER.test(word);
    if (left !== '') return word.padEnd(Number(width));
    return word.padStart(Number(width), zero === '' ? ' ' : '0');
  };
  const text = isKnown ? pattern.repeat(rounds).replace(/%(-?)(0?)(\d*)([sdi%])/g, change) : '';
  return isKnown ? { ...known, text } : unknownValue('the output of `printf`', words[0]?.at ?? 0);
}

function cat({ run, args, name }: Call): Status {
  const paths = args.filter(({ text }) => !/^-[A-Za-z]/.test(text));
  const { stdin } = run;
  if (paths.length === 0) {
    const at = stdin?.taken === 0 ? stdin.at : undefined;
    print(run, stdin ? takeInput(run) : unknownValue('the input from a terminal', name.at));
    run.outputAt = at;
    return SUCCESS;
  }
  const values = paths.map((path) =>
    path.text === '-' && stdin ? takeInput(run) : readFile(run, path, path.at).value,
  );
  for (const value of values) print(run, value);
  return SUCCESS;
}

function seq({ run, args, name: { at } }: Call): Status {
  const separator = args.findIndex(({ text }) => text.startsWith('-s'));
  const glued = args[separator]?.text.slice(2) ?? '';
  const isPadded = args.some(({ text }) => text === '-w');
  const words = args.filter(
    ({ text }, index) =>
      text !== '-w' &&
      index !== separator &&
      (separator === -1 || glued !== '' || index !== separator + 1),
  );
  const doubt = doubtOf(words);
  const numbers = words.map(({ text }) => Number(text));
  if (doubt || numbers.length === 0 || !numbers.every(Number.isSafeInteger))
    return printLine(run, { text: '', doubt: doubt ?? unknown('the output of `seq`', at) });
  const first = numbers.length === 1 ? 1 : (numbers[0] ?? 1);
  const step = numbers.length === 3 ? (numbers[1] ?? 1) : 1;
  const last = numbers.at(-1) ?? 0;
  const results: string[] = [];
  const width = isPadded ? Math.max(`${first}`.length, `${last}`.length) : 0;
  for (let number = first; step > 0 ? number <= last : number >= last; number += step) {
    spend(run, at);
    results.push(`${number}`.padStart(width, '0'));
    if (step === 0) break;
  }
  const between = separator === -1 ? '\n' : glued || (args[separator + 1]?.text ?? '');
  if (results.length > 0)
    printLine(run, {
      text: results.join(between),
    });
  return SUCCESS;
}

/** Changes each line. Without a function for the line, the output is unknown. */
function filterLines({ run, name }: Call, change: ((line: string) => string) | undefined): Status {
  const input = takeInput(run);
  if (isUnknown(input) || !change) {
    const doubt = isUnknown(input)
      ? input.doubt
      : unknown(`the output of \`${name.text}\``, name.at);
    print(run, { text: '', doubt });
    return SUCCESS;
  }
  const lines = input.text === '' ? [] : input.text.replace(/\n$/, '').split('\n');
  for (const line of lines) printLine(run, { text: change(line), doubt: input.doubt });
  return SUCCESS;
}

/** `cut -d: -f1,2` or `-c1-3`. */
function cutLine(args: readonly Field[]): ((line: string) => string) | undefined {
  if (doubtOf(args)) return undefined;
  let delimiter = '\t';
  let list = '';
  let isFields = true;
  for (let index = 0; index < args.length; index++) {
    const word = args[index]?.text ?? '';
    const [, letter, glued = ''] = /^-([dfc])(.*)$/s.exec(word) ?? [];
    if (letter === undefined) return undefined;
    const value = glued === '' ? (args[++index]?.text ?? '') : glued;
    if (letter === 'd') delimiter = value;
    else list = value;
    if (letter === 'c') isFields = false;
  }
  if (!/^\d*-?\d*(?:,\d*-?\d*)*$/.test(list) || list === '') return undefined;
  const isTaken = (number: number) =>
    list.split(',').some((range) => {
      const [, from = '', dash, to = ''] = /^(\d*)(-?)(\d*)$/.exec(range) ?? [];
      if (dash === '') return number === Number(from);
      return number >= Number(from || 1) && (to === '' || number <= Number(to));
    });
  return (line) => {
    if (isFields && !line.includes(delimiter)) return line;
    const parts = isFields ? line.split(delimiter) : Array.from(line);
    return parts.filter((_, index) => isTaken(index + 1)).join(isFields ? delimiter : '');
  };
}

/** `tr 'a' 'b'` and `tr -d 'a'` with plain characters and ranges. */
function translate(call: Call): Status {
  const { run, args, name } = call;
  const input = takeInput(run);
  const isDeleting = args[0]?.text === '-d';
  const [from, to] = (isDeleting ? args.slice(1) : args).map(({ text }) => characters(text));
  const isPlain = from !== undefined && (isDeleting || to !== undefined) && !doubtOf(args);
  if (isUnknown(input) || !isPlain) {
    const doubt = isUnknown(input)
      ? input.doubt
      : unknown(`the output of \`${name.text}\``, name.at);
    print(run, { text: '', doubt });
    return SUCCESS;
  }
  const text = Array.from(input.text, (character) => {
    const index = from.indexOf(character);
    if (index === -1) return character;
    return isDeleting ? '' : (to?.[Math.min(index, to.length - 1)] ?? '');
  }).join('');
  print(run, { text, doubt: input.doubt });
  return SUCCESS;
}

function characters(text: string): readonly string[] | undefined {
  const classes: Readonly<Record<string, string>> = {
    '[:upper:]': 'A-Z',
    '[:lower:]': 'a-z',
    '[:space:]': ' \t\n',
  };
  const plain = unescaped((Object.hasOwn(classes, text) ? classes[text] : undefined) ?? text);
  if (/^-|\[:/.test(plain)) return undefined;
  return Array.from(
    plain.replace(/(.)-(.)/g, (_, low: string, high: string) => {
      const count = Math.max(0, high.charCodeAt(0) - low.charCodeAt(0) + 1);
      return Array.from({ length: count }, (__, index) =>
        String.fromCharCode(low.charCodeAt(0) + index),
      ).join('');
    }),
  );
}

/** `awk -F: '{print $1}'`: columns and plain text. */
function printColumns(args: readonly Field[]): ((line: string) => string) | undefined {
  if (doubtOf(args)) return undefined;
  const words = args.map(({ text }) => text);
  const option = words.findIndex((word) => word.startsWith('-F'));
  const glued = words[option]?.slice(2) ?? '';
  const separator = option === -1 ? undefined : glued === '' ? words[option + 1] : glued;
  const rest = words.filter(
    (_, index) => index !== option && !(option >= 0 && glued === '' && index === option + 1),
  );
  const [, list] = /^\s*\{\s*print\s+([^{}]*?)\s*;?\s*\}\s*$/.exec(rest[0] ?? '') ?? [];
  if (rest.length !== 1 || list === undefined || (separator?.length ?? 1) !== 1) return undefined;
  const items = list.match(/\$\d+|\$NF|"[^"\\]*"|,/g) ?? [];
  if (items.join('') !== list.replace(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '')) return undefined;
  return (line) => {
    const columns = separator === undefined ? line.trim().split(/\s+/) : line.split(separator);
    return items
      .map((item) => {
        if (item === ',') return ' ';
        if (item.startsWith('"')) return item.slice(1, -1);
        if (item === '$0') return line;
        return (item === '$NF' ? columns.at(-1) : columns[Number(item.slice(1)) - 1]) ?? '';
      })
      .join('');
  };
}

/** `expr 1 + 2`. */
function calculate({ run, args, name }: Call): Status {
  const [left, operator, right] = args;
  const doubt = doubtOf(args);
  const numbers = [left, right].map((word) => Number(word?.text ?? Number.NaN));
  const [a = 0, b = 0] = numbers;
  const results: Readonly<Record<string, number>> = {
    '+': a + b,
    '-': a - b,
    '*': a * b,
    '/': b === 0 ? Number.NaN : Math.trunc(a / b),
    '%': b === 0 ? Number.NaN : a % b,
  };
  const result = args.length === 3 ? results[operator?.text ?? ''] : undefined;
  if (doubt || result === undefined || !Number.isSafeInteger(result)) {
    print(run, { ...EMPTY, doubt: doubt ?? unknown('the output of `expr`', name.at) });
    return { code: 0, doubt: doubt ?? unknown('the status of `expr`', name.at) };
  }
  printLine(run, { text: `${result}` });
  return statusOf(result !== 0);
}
