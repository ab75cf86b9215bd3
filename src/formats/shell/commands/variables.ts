import { parse } from 'unbash';
import { evaluate } from '../expand/arithmetic.ts';
import { expandText } from '../expand/text.ts';
import { splitAt } from '../expand/word.ts';
import type { Run } from '../run.ts';
import {
  FAILURE,
  isUnknown,
  type Status,
  SUCCESS,
  statusOf,
  unknown,
  unknownValue,
  type Value,
} from '../value.ts';
import { lookUp, makeLocal, setArray, setAttribute, setItem, setVariable } from '../variables.ts';
import { assign } from './assign.ts';
import type { Builtins, Call } from './call.ts';

/** Commands that change variables, arguments and options of the shell. */
export const VARIABLE_COMMANDS: Builtins = {
  export: (call) => declare(call, false),
  readonly: (call) => declare(call, false, 'readonly'),
  declare: (call) => declare(call, true),
  typeset: (call) => declare(call, true),
  local: (call) => declare(call, true),
  unset: ({ run, args }) => {
    for (const { text } of args) {
      const [, name = text, key] = /^(\w+)\[(.+)\]$/.exec(text) ?? [];
      if (key === undefined) {
        run.variables.delete(name);
        run.functions.delete(name);
      } else {
        const variable = run.variables.get(name);
        if (!variable) continue;
        const items = new Map(variable.items);
        items.delete(key);
        run.variables.set(name, { ...variable, items });
      }
    }
    return SUCCESS;
  },
  set: setOptions,
  shift: ({ run, args: [count] }) => {
    const number = count ? Number(count.text) : 1;
    if (!Number.isInteger(number) || number < 0 || number > run.args.length) return FAILURE;
    run.args = run.args.slice(number);
    return SUCCESS;
  },
  let: ({ run, args }) => {
    let status: Status = SUCCESS;
    for (const { text, at, doubt } of args) {
      const command = parse(`((${text}))`).commands[0]?.command;
      if (command?.type !== 'ArithmeticCommand' || doubt) continue;
      const { place } = run;
      run.place = at;
      const value = evaluate(run, command.expression);
      run.place = place;
      status = statusOf(value.number !== 0n, [value]);
    }
    return status;
  },
  read: readVariables,
  mapfile: readLines,
  readarray: readLines,
  getopts: getOption,
};

function declare(
  { run, name: { text: command, at }, args, assignments }: Call,
  isScoped: boolean,
  given?: 'readonly',
): Status {
  if (command === 'local' && run.scopes.length === 0) return FAILURE;
  const options = args.filter(({ text }) => /^[-+]/.test(text)).map(({ text }) => text);
  const isGlobal = options.some((option) => option.includes('g'));
  const changing = options.find((option) => /^-\w*[nlu]/.test(option));
  if (changing !== undefined)
    run.reading.report('IPVSADM_LINE', `variables of the kind ${changing} are not simulated`, at, {
      hint: 'use plain variables in a copy of the script',
    });
  const isInteger = options.some((option) => /^-\w*i/.test(option));
  const isReadonly = options.some((option) => /^-\w*r/.test(option));
  const attribute = isReadonly ? 'readonly' : isInteger ? 'integer' : given;
  const kind = options.some((option) => option.includes('A'))
    ? 'map'
    : options.some((option) => option.includes('a'))
      ? 'array'
      : undefined;
  const names = args.map(({ text }) => text).filter((text) => /^[A-Za-z_]\w*$/.test(text));
  const prepare = (name: string) => {
    if (isScoped && !isGlobal) makeLocal(run, name);
    if (kind && !run.variables.has(name)) setArray(run, name, new Map(), kind);
  };
  names.forEach(prepare);
  // The values are those of before: `local x=$x` copies the variable that it hides.
  const values = assignments.map(({ value, index, append }) =>
    value.type === 'Word' && !index && !append ? expandText(run, value) : undefined,
  );
  for (const [at, assignment] of assignments.entries()) {
    const text = values[at];
    prepare(assignment.name);
    if (isInteger) setAttribute(run, assignment.name, 'integer');
    if (text) setVariable(run, assignment.name, text);
    else assign(run, assignment);
  }
  for (const { text, doubt } of args) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) continue;
    if (isScoped && !isGlobal) makeLocal(run, name);
    setVariable(run, name, doubt ? { text: value, doubt } : { text: value });
    names.push(name);
  }
  if (command === 'export' || options.some((option) => /^-\w*x/.test(option)))
    for (const name of [...names, ...assignments.map((each) => each.name)])
      run.session.exported.add(name);
  if (attribute)
    for (const name of [...names, ...assignments.map((each) => each.name)])
      setAttribute(run, name, attribute);
  return SUCCESS;
}

const LETTERS: Readonly<Record<string, string>> = {
  e: 'errexit',
  u: 'nounset',
  n: 'noexec',
  a: 'allexport',
};

function setOptions({ run, args }: Call): Status {
  for (const [index, { text }] of args.entries()) {
    const [, sign, letters = ''] = /^([-+])([A-Za-z]+)$/.exec(text) ?? [];
    if (text === '--' || sign === undefined) {
      if (text === '--' || !/^[-+]/.test(text))
        run.args = args.slice(text === '--' ? index + 1 : index);
      return SUCCESS;
    }
    const names = Array.from(letters).flatMap((letter) => LETTERS[letter] ?? []);
    const named = letters.endsWith('o') ? args[index + 1]?.text : undefined;
    for (const name of [...names, ...(named === undefined ? [] : [named])]) {
      if (sign === '-') run.options.add(name);
      else run.options.delete(name);
    }
    if (run.options.has('noexec')) run.jump = { kind: 'exit', loops: 0 };
    if (named !== undefined) return setOptions({ ...callOf(run), args: args.slice(index + 2) });
  }
  return SUCCESS;
}

const callOf = (run: Run): Call => ({
  run,
  name: { text: 'set', at: 0 },
  args: [],
  assignments: [],
});

function readVariables({ run, args, name: { at } }: Call): Status {
  const names = variableNames(args.map(({ text }) => text));
  const isArray = args.some(({ text }) => /^-\w*a$/.test(text));
  const { stdin } = run;
  if (!stdin || isUnknown(stdin.value)) {
    const value = stdin?.value ?? unknownValue('the input from a terminal', at);
    for (const each of names) setVariable(run, each, { text: '', doubt: value.doubt });
    return { code: 0, doubt: stdin ? value.doubt : undefined };
  }
  const { text, doubt } = stdin.value;
  if (stdin.taken >= text.length) return FAILURE;
  const newline = text.indexOf('\n', stdin.taken);
  const end = newline === -1 ? text.length : newline;
  const line = text.slice(stdin.taken, end);
  stdin.taken = end + 1;
  // A last line without its end is read, and counts as a failure.
  const status: Status = { code: newline === -1 ? 1 : 0, doubt };
  const isRaw = args.some(({ text: word }) => /^-[a-z]*r/.test(word));
  const isPart = args.some(({ text: word }) => /^-[a-z]*[dnN]/.test(word));
  if (isPart || (line.includes('\\') && !isRaw)) {
    for (const each of names) setVariable(run, each, unknownValue('a part of a line', at));
    return { code: status.code, doubt: unknown('a part of a line', at) };
  }
  run.session.steps -= Math.floor(line.length / 100);
  const separators = lookUp(run, 'IFS', at)?.text ?? ' \t\n';
  const words = splitAt(line.trim(), separators).pieces;
  if (isArray) {
    const items = words.map((word, index): [string, Value] => [`${index}`, { text: word, doubt }]);
    for (const each of names) setArray(run, each, new Map(items), 'array');
    return status;
  }
  for (const [index, each] of names.entries()) {
    const isLast = index === names.length - 1;
    const value = isLast ? restOf(line, separators, index) : (words[index] ?? '');
    setVariable(run, each, { text: value, doubt });
  }
  return status;
}

function restOf(line: string, separators: string, index: number): string {
  let rest = line.trim();
  for (let word = 0; word < index; word++) {
    const end = Array.from(rest).findIndex((character) => separators.includes(character));
    if (end === -1) return '';
    rest = rest.slice(end + 1).trimStart();
  }
  return rest;
}

/** The names after the options of `read`. */
function variableNames(words: readonly string[]): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (/^-\w*[pntdiuN]$/.test(word)) at++;
    else if (!word.startsWith('-')) names.push(word);
  }
  return names.length > 0 ? names : ['REPLY'];
}

function readLines({ run, args, name: { at } }: Call): Status {
  const { text: name = 'MAPFILE' } = args.findLast((arg) => !arg.text.startsWith('-')) ?? {};
  const input = run.stdin?.value ?? unknownValue('the input from a terminal', at);
  if (isUnknown(input)) {
    setArray(run, name, new Map([['0', input]]), 'array');
    return SUCCESS;
  }
  const lines = input.text.replace(/\n$/, '').split('\n');
  setArray(run, name, new Map(), 'array');
  for (const [index, text] of lines.entries())
    setItem(run, name, `${index}`, { text, doubt: input.doubt });
  return SUCCESS;
}

/** `getopts SPEC NAME`, for options in words of their own. */
function getOption({ run, args: [spec, name, ...given], name: { at } }: Call): Status {
  const words = given.length > 0 ? given : run.args;
  const index = Number(lookUp(run, 'OPTIND', at)?.text ?? 1);
  const word = words[index - 1];
  const [, letter, glued = ''] = /^-([A-Za-z0-9?])(.*)$/.exec(word?.text ?? '') ?? [];
  if (!spec || !name || letter === undefined) return FAILURE;
  const takesValue = spec.text.includes(`${letter}:`);
  if (glued !== '' && !takesValue)
    run.reading.report('IPVSADM_LINE', `several options in one word, as ${word?.text}`, at, {
      hint: 'give each option in a word of its own',
    });
  const isKnown = spec.text.includes(letter);
  const value = glued === '' ? words[index] : { ...word, text: glued };
  if (takesValue && value) setVariable(run, 'OPTARG', value);
  else run.variables.delete('OPTARG');
  setVariable(run, name.text, { text: isKnown ? letter : '?' });
  setVariable(run, 'OPTIND', { text: `${index + (takesValue && glued === '' ? 2 : 1)}` });
  return SUCCESS;
}
