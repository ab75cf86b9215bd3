import type { TestExpression } from 'unbash';
import { evaluate } from '../expand/arithmetic.ts';
import { matches } from '../expand/pattern.ts';
import { expandPattern, expandText } from '../expand/text.ts';
import { filePath, placeOf, type Run } from '../run.ts';
import {
  assumed,
  doubtOf,
  type Field,
  isUnknown,
  type Status,
  SUCCESS,
  statusOf,
  unknown,
  type Value,
} from '../value.ts';

/** Evaluates `[[ ... ]]`. */
export function evaluateTest(run: Run, expression: TestExpression): Status {
  switch (expression.type) {
    case 'TestGroup':
      return evaluateTest(run, expression.expression);
    case 'TestNot':
      return negated(evaluateTest(run, expression.operand));
    case 'TestLogical': {
      const stops = expression.operator === '&&' ? 1 : 0;
      const statuses: Status[] = [];
      for (const operand of expression.operands) {
        const status = evaluateTest(run, operand);
        statuses.push(status);
        if (!isUnknown(status) && (status.code === 0 ? 0 : 1) === stops) break;
      }
      return combined(statuses, stops);
    }
    case 'TestUnary':
      return unary(
        run,
        expression.operator,
        expandText(run, expression.operand),
        placeOf(run, expression),
      );
    case 'TestBinary': {
      const { operator, left, right } = expression;
      const value = expandText(run, left);
      const at = placeOf(run, expression);
      if (operator === '=' || operator === '==' || operator === '!=') {
        const pattern = expandPattern(run, right);
        const isMatch = matches(pattern.pattern, value.text);
        return statusOf(isMatch === (operator !== '!='), [value, pattern]);
      }
      if (operator === '=~')
        return { code: 1, doubt: unknown('a regular expression, which is not evaluated', at) };
      if (NUMERIC[operator]) return compareNumbers(run, operator, expression);
      return binary(operator, value, expandText(run, right), at);
    }
    default:
      return expression satisfies never;
  }
}

function negated({ code, doubt }: Status): Status {
  return { code: code === 0 ? 1 : 0, doubt };
}

/** The status of several tests, of which `stops` decides alone. */
function combined(statuses: readonly Status[], stops: number): Status {
  const decisive = statuses.find(
    (status) => !status.doubt && (status.code === 0 ? 0 : 1) === stops,
  );
  if (decisive) return decisive;
  const code = statuses.some((status) => (status.code === 0 ? 0 : 1) === stops) ? stops : 1 - stops;
  return { code, doubt: doubtOf(statuses) };
}

/** Evaluates the arguments of `[` and `test`. */
export function evaluateArguments(run: Run, words: readonly Field[], at: number): Status {
  const parser = { words, next: 0 };
  const status = readOr(run, parser, at);
  return parser.next === words.length
    ? status
    : { code: 2, doubt: unknown('a test that cannot be read', at) };
}

interface TestParser {
  readonly words: readonly Field[];
  next: number;
}

function readOr(run: Run, parser: TestParser, at: number): Status {
  const statuses = [readAnd(run, parser, at)];
  while (parser.words[parser.next]?.text === '-o') {
    parser.next++;
    statuses.push(readAnd(run, parser, at));
  }
  return statuses.length === 1 ? (statuses[0] ?? SUCCESS) : combined(statuses, 0);
}

function readAnd(run: Run, parser: TestParser, at: number): Status {
  const statuses = [readOne(run, parser, at)];
  while (parser.words[parser.next]?.text === '-a') {
    parser.next++;
    statuses.push(readOne(run, parser, at));
  }
  return statuses.length === 1 ? (statuses[0] ?? SUCCESS) : combined(statuses, 1);
}

const BINARY = /^(?:=|==|!=|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;
const UNARY = /^-[a-zA-Z]$/;

function readOne(run: Run, parser: TestParser, at: number): Status {
  const { words, next } = parser;
  const [first, second, third] = words.slice(next, next + 3);
  if (!first) return statusOf(false);
  const isOperator = !first.doubt;
  if (second && third && BINARY.test(second.text) && !second.doubt) {
    parser.next += 3;
    return binary(second.text, first, third, at);
  }
  if (isOperator && first.text === '!' && second) {
    parser.next++;
    return negated(readOne(run, parser, at));
  }
  if (isOperator && first.text === '(' && second) {
    parser.next++;
    const status = readOr(run, parser, at);
    parser.next++;
    return status;
  }
  if (isOperator && UNARY.test(first.text) && second) {
    parser.next += 2;
    return unary(run, first.text, second, second.at);
  }
  parser.next++;
  return statusOf(first.text !== '', [first]);
}

const NUMERIC: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  '-eq': (a, b) => a === b,
  '-ne': (a, b) => a !== b,
  '-lt': (a, b) => a < b,
  '-le': (a, b) => a <= b,
  '-gt': (a, b) => a > b,
  '-ge': (a, b) => a >= b,
};

/** Compares two calculations, as `[[ a -eq b ]]` does. */
function compareNumbers(
  run: Run,
  operator: string,
  { left, right }: Extract<TestExpression, { type: 'TestBinary' }>,
): Status {
  const [a, b] = [left, right].map((word) => {
    const value = expandText(run, word);
    if (isUnknown(value)) return { number: 0n, doubt: value.doubt };
    const { pos, end } = word;
    return evaluate(run, { type: 'ArithmeticWord', pos, end, value: value.text });
  });
  if (!a || !b) throw new Error('a comparison has two sides');
  return statusOf(NUMERIC[operator]?.(a.number, b.number) === true, [a, b]);
}

function binary(operator: string, left: Value, right: Value, at: number): Status {
  const compare = NUMERIC[operator];
  if (compare) {
    const [a, b] = [left, right].map(({ text }) =>
      /^\s*[+-]?\d{1,18}\s*$/.test(text) ? BigInt(text.trim()) : undefined,
    );
    if (a !== undefined && b !== undefined) return statusOf(compare(a, b), [left, right]);
    // Bash prints an error for text that is no number. The test is false.
    return { code: 2, doubt: doubtOf([left, right]) };
  }
  if (operator === '=' || operator === '==')
    return statusOf(left.text === right.text, [left, right]);
  if (operator === '!=') return statusOf(left.text !== right.text, [left, right]);
  if (operator === '<') return statusOf(left.text < right.text, [left, right]);
  if (operator === '>') return statusOf(left.text > right.text, [left, right]);
  return { code: 1, doubt: unknown('the age of a file', at) };
}

function unary(run: Run, operator: string, value: Value, at: number): Status {
  switch (operator) {
    case '-z':
      return statusOf(value.text === '', [value]);
    case '-n':
      return statusOf(value.text !== '', [value]);
    case '-v':
      return statusOf(run.variables.has(value.text), [value]);
    case '-t':
      return { code: 1, doubt: assumed('there is no terminal', at) };
    case '-o':
      return statusOf(run.options.has(value.text), [value]);
    default:
      return testFile(run, operator, value, at);
  }
}

/** Programs, and files of the kernel, which a machine with ipvsadm has. */
const PRESENT = /^\/(?:(?:usr\/(?:local\/)?)?s?bin\/|proc\/|sys\/|dev\/null$)/;
const FOLDERS =
  /^\/(?:etc|tmp|var|usr|run|root|opt|home|proc|sys|dev)(?:\/(?:log|run|lock|lib|tmp))?\/?$/;

/**
 * Tests a file. The simulated machine has the files that the script wrote, ipvsadm, and for the
 * rest what is assumed.
 */
function testFile(run: Run, operator: string, path: Value, at: number): Status {
  if (isUnknown(path)) return { code: 1, doubt: path.doubt };
  const { text } = path;
  if (text === '') return statusOf(false, [path]);
  const file = run.files.get(filePath(text));
  if (file) {
    const isText = file.kind === 'text';
    const isLong = isText && file.input.value.text !== '';
    const isTrue = operator === '-s' ? isLong : operator === '-d' ? false : isText;
    return statusOf(isTrue, isText ? [path, file.input.value] : [path]);
  }
  if (/^(?:\/usr)?\/s?bin\/ipvsadm$/.test(text)) return statusOf(operator !== '-d', [path]);
  const isThere = operator === '-d' ? FOLDERS.test(text) : PRESENT.test(text);
  const doubt = assumed(isThere ? `${text} exists` : `${text} does not exist`, at);
  return { code: isThere ? 0 : 1, doubt };
}
