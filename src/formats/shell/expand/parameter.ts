import type { ParameterExpansionPart, ParameterOperation, Word } from 'unbash';
import { placeOf, type Run, spend, spendText } from '../run.ts';
import { derived, EMPTY, isUnknown, joinValues, unknownValue, type Value } from '../value.ts';
import { itemsOf, lookUp, setItem, setVariable, unlessSourced, unsetValue } from '../variables.ts';
import { evaluate } from './arithmetic.ts';
import { removeMatch, replaceMatches } from './pattern.ts';
import { expandPattern, expandText } from './text.ts';

/** The values of a parameter. */
export interface Expanded {
  readonly values: readonly Value[];
  /** True for `@` and `*`, which can give several words. */
  readonly isList: boolean;
  /** True for `*` between quotes: one word. */
  readonly isJoined: boolean;
}

const single = (value: Value): Expanded => ({ values: [value], isList: false, isJoined: false });

/** Expands `$name`, without braces. */
export function expandName(run: Run, name: string, at: number): Expanded {
  if (name === '@' || name === '*')
    return { values: run.args, isList: true, isJoined: name === '*' };
  return single(lookUp(run, name, at) ?? missing(run, name, at));
}

/** Expands `${...}`. */
export function expandParameter(run: Run, part: ParameterExpansionPart): Expanded {
  const at = placeOf(run, part);
  const { parameter, prefix, operation, index } = part;
  const key = index?.value;
  if (prefix === '!') return expandIndirect(run, part, at);
  if (prefix === '#') return single(lengthOf(run, parameter, key, index, at));
  const isAll = parameter === '@' || parameter === '*' || key === '@' || key === '*';
  if (isAll) {
    const values = key === undefined ? run.args : itemsOf(run, parameter).map(([, value]) => value);
    const isJoined = parameter === '*' || key === '*';
    if (!operation) return { values: orUnset(run, parameter, values, at), isList: true, isJoined };
    return { values: operateOnAll(run, values, operation), isList: true, isJoined };
  }
  const value = index ? itemOf(run, parameter, index, at) : lookUp(run, parameter, at);
  if (!operation) return single(value ?? missing(run, parameter, at));
  return single(operate(run, { name: parameter, index, value, at }, operation));
}

/** An array that only an unknown file may set is one unknown value. */
function orUnset(run: Run, name: string, values: readonly Value[], at: number): readonly Value[] {
  if (values.length > 0 || !/^[A-Za-z_]/.test(name)) return values;
  const value = unsetValue(run, name, at);
  return isUnknown(value) ? [value] : values;
}

function missing(run: Run, name: string, at: number): Value {
  if (run.options.has('nounset') && run.sourced === undefined && /^\w+$/.test(name)) {
    run.reading.report(
      'IPVSADM_LINE',
      `${name} is not set, and \`set -u\` ends the script here`,
      at,
    );
    run.jump = { kind: 'exit', loops: 0 };
  }
  return unsetValue(run, name, at);
}

function itemOf(run: Run, name: string, index: Word, at: number): Value | undefined {
  const key = keyOf(run, name, index);
  if (isUnknown(key)) return unknownValue(`an item of ${name}`, at);
  return itemsOf(run, name).find(([each]) => each === key.text)?.[1];
}

/** The key of an item: text for a map, a number else. */
export function keyOf(run: Run, name: string, index: Word): Value {
  const text = expandText(run, index);
  if (run.variables.get(name)?.kind === 'map' || isUnknown(text)) return text;
  if (/^-?\d+$/.test(text.text)) {
    const number = Number(text.text);
    if (number >= 0) return text;
    const last = Math.max(-1, ...itemsOf(run, name).map(([key]) => Number(key)));
    return { ...text, text: `${last + 1 + number}` };
  }
  const { number, doubt } = evaluate(run, {
    type: 'ArithmeticWord',
    pos: index.pos,
    end: index.end,
    value: text.text,
  });
  if (!/^[\w\s+*-]+$/.test(text.text)) return unknownValue(`the index ${text.text}`, index.pos);
  const sum = /^\s*(\w+)\s*([+*-])\s*(\w+)\s*$/.exec(text.text);
  if (!sum) return { text: `${number}`, doubt };
  const [left, right] = [sum[1] ?? '', sum[3] ?? ''].map((value) =>
    evaluate(run, { type: 'ArithmeticWord', pos: index.pos, end: index.end, value }),
  );
  const a = Number(left?.number);
  const b = Number(right?.number);
  return { text: `${sum[2] === '+' ? a + b : sum[2] === '-' ? a - b : a * b}` };
}

function expandIndirect(run: Run, part: ParameterExpansionPart, at: number): Expanded {
  const { parameter, index, operation } = part;
  if (index?.value === '@' || index?.value === '*') {
    const values = itemsOf(run, parameter).map(([key]) => ({ text: key }));
    return { values, isList: true, isJoined: index.value === '*' };
  }
  if (operation?.type === 'Names') {
    const values = [...run.variables.keys()]
      .filter((name) => name.startsWith(parameter))
      .map((text) => ({ text }));
    return { values, isList: true, isJoined: operation.operator === '*' };
  }
  const pointer = lookUp(run, parameter, at) ?? EMPTY;
  if (isUnknown(pointer)) return single(pointer);
  const [, name = '', key] = /^(\w+)(?:\[(\w+|@|\*)\])?$/.exec(pointer.text) ?? [];
  if (key === '@' || key === '*')
    return {
      values: itemsOf(run, name).map(([, value]) => value),
      isList: true,
      isJoined: key === '*',
    };
  const value =
    key === undefined
      ? lookUp(run, name, at)
      : itemsOf(run, name).find(([each]) => each === key)?.[1];
  if (!operation) return single(value ?? missing(run, name, at));
  return single(operate(run, { name, index: undefined, value, at }, operation));
}

function lengthOf(
  run: Run,
  name: string,
  key: string | undefined,
  index: Word | undefined,
  at: number,
): Value {
  if (key === '@' || key === '*') {
    const values = orUnset(
      run,
      name,
      itemsOf(run, name).map(([, value]) => value),
      at,
    );
    return values.some(isUnknown) && run.sourced !== undefined && !run.variables.has(name)
      ? unknownValue(`the length of ${name}`, at)
      : { text: `${values.length}` };
  }
  if (name === '@' || name === '*') return { text: `${run.args.length}` };
  const value =
    (index ? itemOf(run, name, index, at) : lookUp(run, name, at)) ?? missing(run, name, at);
  return derived(`${Array.from(value.text).length}`, [value]);
}

interface Operand {
  readonly name: string;
  readonly index: Word | undefined;
  readonly value: Value | undefined;
  readonly at: number;
}

function operate(run: Run, operand: Operand, operation: ParameterOperation): Value {
  const { value = unsetValue(run, operand.name, operand.at), at } = operand;
  if (operation.type === 'Default') return orDefault(run, operand, operation);
  return change(run, value, operation, at);
}

function orDefault(
  run: Run,
  { name, index, value, at }: Operand,
  { operator, operand }: Extract<ParameterOperation, { type: 'Default' }>,
): Value {
  const isAbsent = value === undefined || (operator.startsWith(':') && value.text === '');
  if (value && isUnknown(value)) return operator.endsWith('+') ? expandText(run, operand) : value;
  if (operator.endsWith('+')) return isAbsent ? { text: '' } : expandText(run, operand);
  if (!isAbsent) return value;
  const fallback = unlessSourced(run, expandText(run, operand), name, at);
  if (operator.endsWith('=')) {
    if (index) setItem(run, name, keyOf(run, name, index).text, fallback);
    else setVariable(run, name, fallback);
  }
  if (operator.endsWith('?') && run.sourced === undefined) {
    const message = fallback.text === '' ? 'it is not set' : fallback.text;
    run.reading.report('IPVSADM_LINE', `the script ends here without ${name}: ${message}`, at);
    run.jump = { kind: 'exit', loops: 0 };
  }
  return operator.endsWith('?') ? unsetValue(run, name, at) : fallback;
}

function change(run: Run, value: Value, operation: ParameterOperation, at: number): Value {
  if (isUnknown(value)) return value;
  const { text } = value;
  switch (operation.type) {
    case 'Remove': {
      const pattern = expandPattern(run, operation.operand);
      spend(run, at, Math.floor((text.length * text.length) / 1000));
      return derived(removeMatch(pattern.pattern, text, operation.operator), [value, pattern]);
    }
    case 'Replace': {
      const pattern = expandPattern(run, operation.pattern);
      const replacement = expandText(run, operation.replacement);
      // Each start and each end of a match is tried.
      spend(run, at, Math.floor(text.length ** 3 / 10_000));
      const result = replaceMatches(pattern.pattern, text, replacement.text, operation.operator);
      spendText(run, result.length);
      return derived(result, [value, pattern, replacement]);
    }
    case 'Slice': {
      const [start, length] = bounds(run, operation, text.length);
      return derived(
        text.slice(start.number, length?.number),
        [value, start, ...(length ? [length] : [])].map(({ doubt }) => ({ text: '', doubt })),
      );
    }
    case 'CaseModification': {
      const change = operation.operator.startsWith('^')
        ? (part: string) => part.toUpperCase()
        : (part: string) => part.toLowerCase();
      const isWhole = operation.operator.length === 2;
      const changed = isWhole ? change(text) : change(text.slice(0, 1)) + text.slice(1);
      return derived(changed, [value]);
    }
    default:
      return unknownValue('an expansion that is not simulated', at);
  }
}

interface Bound {
  readonly number: number;
  readonly doubt: Value['doubt'];
}

/** Start and end of a slice of `size` items. */
function bounds(
  run: Run,
  { offset, length }: Extract<ParameterOperation, { type: 'Slice' }>,
  size: number,
): [Bound, Bound | undefined] {
  const numberOf = (word: Word): Bound => {
    const value = expandText(run, word);
    const { number, doubt } = evaluate(run, {
      ...{ type: 'ArithmeticWord', pos: word.pos, end: word.end },
      value: value.text.trim(),
    });
    return { number: Number(number), doubt: value.doubt ?? doubt };
  };
  const first = numberOf(offset);
  const start = first.number < 0 ? Math.max(0, size + first.number) : first.number;
  if (!length) return [{ ...first, number: start }, undefined];
  const count = numberOf(length);
  const end = count.number < 0 ? size + count.number : start + count.number;
  return [
    { ...first, number: start },
    { ...count, number: end },
  ];
}

function operateOnAll(
  run: Run,
  values: readonly Value[],
  operation: ParameterOperation,
): readonly Value[] {
  if (operation.type === 'Slice') {
    const [start, end] = bounds(run, operation, values.length);
    const isArguments = values === run.args;
    const shift = isArguments ? 1 : 0;
    return values.slice(Math.max(0, start.number - shift), end && end.number - shift);
  }
  if (operation.type === 'Default') {
    const joined = joinValues(values, ' ');
    const isAbsent =
      values.length === 0 || (operation.operator.startsWith(':') && joined.text === '');
    if (operation.operator.endsWith('+'))
      return isAbsent ? [] : [expandText(run, operation.operand)];
    return isAbsent ? [expandText(run, operation.operand)] : values;
  }
  return values.map((value) => change(run, value, operation, 0));
}
