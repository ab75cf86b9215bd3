import type { ArithmeticExpression } from 'unbash';
import { placeOf, type Run } from '../run.ts';
import { type Doubt, doubtOf, unknown, type Value } from '../value.ts';
import { itemsOf, lookUp, setItem, setVariable, unsetValue } from '../variables.ts';

/** A number of 64 bits with its doubt. */
export interface Numeric {
  readonly number: bigint;
  readonly doubt?: Doubt | undefined;
}

const wrap = (number: bigint): bigint => BigInt.asIntN(64, number);
const fromBoolean = (isTrue: boolean): bigint => (isTrue ? 1n : 0n);

const OPERATORS: Readonly<Record<string, (a: bigint, b: bigint) => bigint | undefined>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0n ? undefined : a / b),
  '%': (a, b) => (b === 0n ? undefined : a % b),
  '**': (a, b) => (b < 0n || b > 63n ? undefined : a ** b),
  '<<': (a, b) => a << (b & 63n),
  '>>': (a, b) => a >> (b & 63n),
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<': (a, b) => fromBoolean(a < b),
  '>': (a, b) => fromBoolean(a > b),
  '<=': (a, b) => fromBoolean(a <= b),
  '>=': (a, b) => fromBoolean(a >= b),
  '==': (a, b) => fromBoolean(a === b),
  '!=': (a, b) => fromBoolean(a !== b),
  '&&': (a, b) => fromBoolean(a !== 0n && b !== 0n),
  '||': (a, b) => fromBoolean(a !== 0n || b !== 0n),
  ',': (_, b) => b,
};

export function evaluate(run: Run, expression: ArithmeticExpression | undefined): Numeric {
  if (!expression) return { number: 0n };
  switch (expression.type) {
    case 'ArithmeticGroup':
      return evaluate(run, expression.expression);
    case 'ArithmeticTernary': {
      const test = evaluate(run, expression.test);
      const { number, doubt } = evaluate(
        run,
        test.number === 0n ? expression.alternate : expression.consequent,
      );
      return { number, doubt: doubtOf([test, { doubt }]) };
    }
    case 'ArithmeticUnary':
      return evaluateUnary(run, expression);
    case 'ArithmeticBinary':
      return evaluateBinary(run, expression);
    case 'ArithmeticWord':
      return readWord(run, expressionText(run, expression), placeOf(run, expression));
    case 'ArithmeticCommandExpansion':
      return { number: 0n, doubt: unknown('the output of a command', placeOf(run, expression)) };
    default:
      return expression satisfies never;
  }
}

function expressionText(
  run: Run,
  expression: Extract<ArithmeticExpression, { type: 'ArithmeticWord' }>,
): Value {
  const { parts, value } = expression;
  return parts ? run.session.evaluator.expandParts(run, parts) : { text: value };
}

function readWord(run: Run, { text, doubt }: Value, at: number): Numeric {
  const word = text.trim();
  if (doubt?.kind === 'unknown') return { number: 0n, doubt };
  const number = parseNumber(word);
  if (number !== undefined) return { number, doubt };
  const variable = readReference(run, word, at);
  if (!variable) return { number: 0n, doubt: unknown(`the number ${word}`, at) };
  const value = variable.text.trim();
  return {
    number: parseNumber(value) ?? 0n,
    doubt: doubtOf([
      variable,
      ...(parseNumber(value) === undefined ? [{ doubt: unknown(`the number ${value}`, at) }] : []),
      { doubt },
    ]),
  };
}

/** `name`, or `name[index]` with a number or the name of a variable. */
const REFERENCE = /^([A-Za-z_]\w*)(?:\[(\w+)\])?$/;

function readReference(run: Run, word: string, at: number): Value | undefined {
  const [, name, index] = REFERENCE.exec(word) ?? [];
  if (name === undefined) return undefined;
  if (index === undefined) return lookUp(run, name, at) ?? unsetValue(run, name, at);
  const key = parseNumber(index) === undefined ? (lookUp(run, index, at)?.text ?? '0') : index;
  return itemsOf(run, name).find(([each]) => each === key)?.[1] ?? { text: '' };
}

function parseNumber(text: string): bigint | undefined {
  if (text === '') return 0n;
  const [, sign, digits = ''] = /^([+-]?)((?:0[xX][0-9a-fA-F]+|[0-9]+))$/.exec(text) ?? [];
  if (digits === '' || digits.length > 40) return undefined;
  if (/^0[0-9]/.test(digits) && /[89]/.test(digits)) return undefined;
  const number = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  return wrap(sign === '-' ? -number : number);
}

function evaluateUnary(
  run: Run,
  expression: Extract<ArithmeticExpression, { type: 'ArithmeticUnary' }>,
): Numeric {
  const { operator, operand, prefix } = expression;
  const before = evaluate(run, operand);
  const { number, doubt } = before;
  if (operator === '++' || operator === '--') {
    const after = { number: wrap(number + (operator === '++' ? 1n : -1n)), doubt };
    assign(run, operand, after);
    return prefix ? after : before;
  }
  if (operator === '-') return { number: wrap(-number), doubt };
  if (operator === '~') return { number: ~number, doubt };
  if (operator === '!') return { number: fromBoolean(number === 0n), doubt };
  return before;
}

function evaluateBinary(
  run: Run,
  expression: Extract<ArithmeticExpression, { type: 'ArithmeticBinary' }>,
): Numeric {
  const { operator, left, right } = expression;
  const assigned = /^(?:[-+*/%&|^]|<<|>>)?=$/.test(operator);
  if (operator === '=') {
    const value = evaluate(run, right);
    assign(run, left, value);
    return value;
  }
  const a = evaluate(run, left);
  if ((operator === '&&' && a.number === 0n) || (operator === '||' && a.number !== 0n))
    return { number: fromBoolean(operator === '||'), doubt: a.doubt };
  const b = evaluate(run, right);
  const number = OPERATORS[assigned ? operator.slice(0, -1) : operator]?.(a.number, b.number);
  const doubt =
    number === undefined
      ? unknown('a calculation without a result', placeOf(run, expression))
      : doubtOf([a, b]);
  const result = { number: wrap(number ?? 0n), doubt };
  if (assigned) assign(run, left, result);
  return result;
}

function assign(run: Run, target: ArithmeticExpression, { number, doubt }: Numeric): void {
  if (target.type !== 'ArithmeticWord') return;
  const [, name, index] = REFERENCE.exec(target.value.trim()) ?? [];
  if (name === undefined) return;
  const value: Value = { text: `${number}`, doubt };
  if (index === undefined) {
    setVariable(run, name, value);
    return;
  }
  const isNumber = /^\d+$/.test(index);
  setItem(run, name, isNumber ? index : (lookUp(run, index, 0)?.text ?? '0'), value);
}
