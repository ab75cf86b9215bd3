import type {
  AndOr,
  Case,
  CommandNode,
  CompoundList,
  For,
  If,
  Pipeline,
  PipelineNode,
  Script,
  Statement,
} from 'unbash';
import { hasErrors } from '../../model/issue.ts';
import { choose, warnOnce } from './branch.ts';
import { runSimple } from './commands/simple.ts';
import { evaluateTest } from './commands/test.ts';
import { evaluate } from './expand/arithmetic.ts';
import { matches } from './expand/pattern.ts';
import { expandPattern, expandText } from './expand/text.ts';
import { expandFields } from './expand/word.ts';
import { withRedirects } from './redirects.ts';
import { deeper, inSubshell, placeOf, type Run, spend } from './run.ts';
import {
  type Doubt,
  doubtOf,
  type Field,
  isUnknown,
  joinValues,
  type Status,
  SUCCESS,
  statusOf,
  unknown,
  type Value,
} from './value.ts';
import { areSameVariables, setVariable } from './variables.ts';

/** Runs the commands of a script, or of a part of one. */
export function runScript(run: Run, { commands }: Pick<Script, 'commands'>): Status {
  return runStatements(run, commands);
}

function runStatements(run: Run, statements: readonly Statement[]): Status {
  let status: Status = SUCCESS;
  for (const { command } of statements) {
    status = runChain(run, command);
    run.status = status;
    if (run.jump) break;
  }
  return status;
}

const runList = (run: Run, list: CompoundList): Status => runStatements(run, list.commands);

/** Runs something whose status the script looks at: `set -e` and failed calls do not end it. */
function asCondition(run: Run, body: () => Status): Status {
  const { isCondition } = run;
  run.isCondition = true;
  const status = body();
  run.isCondition = isCondition;
  run.status = status;
  return status;
}

function runChain(run: Run, node: PipelineNode | AndOr): Status {
  if (node.type !== 'AndOr') return runEnding(run, node);
  const { commands, operators } = node;
  const runFrom = (current: Run, index: number): Status => {
    const command = commands[index];
    if (!command) return current.status;
    if (index === commands.length - 1) return runEnding(current, command);
    const status = asCondition(current, () => runPipeline(current, command));
    return follow(current, status, index);
  };
  const follow = (current: Run, status: Status, index: number): Status => {
    if (current.jump) return status;
    const next = index + 1;
    const isTaken = (operators[index] === '&&') === (status.code === 0);
    if (next === commands.length) return status;
    const skip = (fork: Run): Status => {
      fork.status = status;
      return next === commands.length - 1 ? status : follow(fork, status, next);
    };
    return choose(current, status.doubt, [(fork) => runFrom(fork, next), skip], isTaken ? 0 : 1);
  };
  return runFrom(run, 0);
}

/** Commands of which `set -e` looks only at the commands within. */
const COMPOUND = new Set('If Case For Select ArithmeticFor While BraceGroup Function'.split(' '));

/** Runs a pipeline after which `set -e` ends the script, unless it succeeds or is negated. */
function runEnding(run: Run, node: PipelineNode): Status {
  const status = runPipeline(run, node);
  const command = node.type === 'Redirected' ? node.command : node;
  const isNegated = node.type === 'Pipeline' && node.prefixes.some(isNegation);
  const endsRun = run.options.has('errexit') && !run.isCondition;
  if (status.code !== 0 && !status.doubt && endsRun && !isNegated && !COMPOUND.has(command.type))
    run.jump ??= { kind: 'exit', loops: 0 };
  return status;
}

const isNegation = ({ type }: Pipeline['prefixes'][number]): boolean => type === 'Negation';

function runPipeline(run: Run, node: PipelineNode): Status {
  if (node.type !== 'Pipeline') return runCommand(run, node);
  const isNegated = node.prefixes.filter(isNegation).length % 2 === 1;
  const body = () => (node.commands.length === 1 ? runFirst(run, node) : runPiped(run, node));
  if (!isNegated) return body();
  const { code, doubt } = asCondition(run, body);
  return { code: code === 0 ? 1 : 0, doubt };
}

const runFirst = (run: Run, { commands: [command] }: Pipeline): Status =>
  command ? runCommand(run, command) : SUCCESS;

function runPiped(run: Run, { commands }: Pipeline): Status {
  let input = run.stdin;
  const statuses = commands.map((command, index) => {
    const isLast = index === commands.length - 1;
    return inSubshell(run, (subshell) => {
      subshell.stdin = input;
      subshell.isCondition ||= !isLast;
      const output: Value[] = [];
      if (!isLast) subshell.stdout = output;
      const status = runCommand(subshell, command);
      const at = subshell.outputAt;
      subshell.outputAt = run.outputAt;
      if (!isLast) input = { value: joinValues(output), at, taken: 0 };
      return status;
    });
  });
  const failed = run.options.has('pipefail') && statuses.findLast(({ code }) => code !== 0);
  return failed || (statuses.at(-1) ?? SUCCESS);
}

function runCommand(run: Run, node: CommandNode): Status {
  const at = placeOf(run, node);
  spend(run, at);
  return deeper(run, at, () => runNode(run, node, at));
}

function runNode(run: Run, node: CommandNode, at: number): Status {
  switch (node.type) {
    case 'Command':
      return runSimple(run, node);
    case 'Redirected':
      return withRedirects(run, node.redirects, () => runCommand(run, node.command));
    case 'BraceGroup':
      return runList(run, node.body);
    case 'Subshell':
      return inSubshell(run, (subshell) => runList(subshell, node.body));
    case 'Function':
      run.functions.set(node.name.value, { body: node.body, place: run.place });
      return SUCCESS;
    case 'If':
      return runIf(run, node);
    case 'Case':
      return runCase(run, node, at);
    case 'For':
    case 'Select':
      return runFor(run, node, node.type === 'Select');
    case 'ArithmeticFor': {
      evaluate(run, node.initialize);
      const test = () => {
        if (!node.test) return SUCCESS;
        const value = evaluate(run, node.test);
        return statusOf(value.number !== 0n, [value]);
      };
      return runLoop(run, test, node.body, at, () => evaluate(run, node.update));
    }
    case 'While': {
      const test = () => {
        const { code, doubt } = asCondition(run, () => runList(run, node.clause));
        return { code: node.kind === 'until' ? (code === 0 ? 1 : 0) : code, doubt };
      };
      return runLoop(run, test, node.body, at, () => undefined);
    }
    case 'TestCommand':
      return evaluateTest(run, node.expression);
    case 'ArithmeticCommand': {
      const value = evaluate(run, node.expression);
      return statusOf(value.number !== 0n, [value]);
    }
    case 'Coproc':
      run.session.mentions.push({ kind: 'a coprocess', at });
      return SUCCESS;
    default:
      return node satisfies never;
  }
}

function runIf(run: Run, node: If): Status {
  const branches: readonly Pick<If, 'clause' | 'then'>[] = [node, ...node.elif];
  const runFrom = (current: Run, index: number): Status => {
    const branch = branches[index];
    if (!branch) return node.else ? runList(current, node.else) : SUCCESS;
    const status = asCondition(current, () => runList(current, branch.clause));
    if (current.jump) return status;
    return choose(
      current,
      status.doubt,
      [(fork) => runList(fork, branch.then), (fork) => runFrom(fork, index + 1)],
      status.code === 0 ? 0 : 1,
    );
  };
  return runFrom(run, 0);
}

function runCase(run: Run, { word, items }: Case, at: number): Status {
  const value = expandText(run, word);
  const runUnknown = (doubt: Doubt | undefined): Status => {
    const ways = items.map((item) => (fork: Run) => runList(fork, item.body));
    return choose(run, doubt, [() => SUCCESS, ...ways], 0);
  };
  if (isUnknown(value)) return runUnknown(value.doubt);
  let isFallingThrough = false;
  let status: Status = SUCCESS;
  for (const item of items) {
    const patterns = item.pattern.map((pattern) => expandPattern(run, pattern));
    const characters = patterns.reduce((sum, { pattern }) => sum + pattern.length, 0);
    spend(run, at, patterns.length + Math.floor((characters * value.text.length) / 10_000));
    const isMatch = patterns.some(({ pattern }) => matches(pattern, value.text));
    const doubt = doubtOf([value, ...patterns]);
    if (patterns.some(isUnknown) && !isFallingThrough) return runUnknown(doubt);
    if (!isFallingThrough && !isMatch) continue;
    status = choose(run, doubt, [(fork) => runList(fork, item.body), () => SUCCESS], 0);
    if (run.jump || item.terminator === undefined || item.terminator === ';;') break;
    isFallingThrough = item.terminator === ';&';
  }
  return status;
}

function runFor(
  run: Run,
  node: Pick<For, 'name' | 'wordlist' | 'body'>,
  isSelect: boolean,
): Status {
  const at = placeOf(run, node.name);
  const fields: readonly Field[] = node.wordlist
    ? expandFields(run, node.wordlist)
    : run.args.map((value) => ({ ...value, at }));
  const name = node.name.value;
  const iterate = (current: Run, field: Field): Status => {
    setVariable(current, name, field);
    return runList(current, node.body);
  };
  if (isSelect) {
    const doubt = unknown('the choice of a person', at);
    return choose(run, doubt, [() => SUCCESS, (fork) => iterate(fork, { text: '', doubt, at })], 0);
  }
  let status: Status = SUCCESS;
  for (const field of fields) {
    spend(run, field.at);
    if (isUnknown(field)) {
      // The number of its words is not known either.
      const once = (fork: Run) => finishLoop(fork, iterate(fork, field));
      status = choose(run, field.doubt, [() => SUCCESS, once], 1);
    } else {
      status = iterate(run, field);
    }
    if (endsLoop(run)) break;
  }
  return status;
}

function finishLoop(run: Run, status: Status): Status {
  endsLoop(run);
  return status;
}

function runLoop(
  run: Run,
  test: () => Status,
  body: CompoundList,
  at: number,
  update: () => unknown,
): Status {
  let status: Status = SUCCESS;
  for (;;) {
    spend(run, at);
    const { args, calls } = run;
    const before = { args, calls, variables: new Map(run.variables), stdin: taken(run) };
    const files = new Map(run.files);
    const condition = test();
    if (run.jump) return condition;
    if (condition.doubt) {
      const once = (fork: Run) => finishLoop(fork, runList(fork, body));
      // One round shows what all rounds change.
      const { kind, reason, at: place } = condition.doubt;
      const isLong = kind === 'assumed' && condition.code === 0;
      const doubt = isLong ? unknown(`how long ${reason}`, place) : condition.doubt;
      return choose(run, doubt, [() => SUCCESS, once], 0);
    }
    if (condition.code !== 0) return status;
    status = runList(run, body);
    if (endsLoop(run)) return status;
    update();
    spend(run, at, Math.floor(run.variables.size / 20));
    const isWrong = hasErrors(run.reading.issues);
    const isSteady =
      run.args === before.args &&
      (run.calls === before.calls || isWrong) &&
      taken(run) === before.stdin &&
      areSameFiles(files, run.files) &&
      areSameVariables(before.variables, run.variables);
    if (isSteady) {
      if (!isWrong) warnOnce(run, 'the script stays in this loop: the table is that of before', at);
      run.jump = { kind: 'exit', loops: 0 };
      return status;
    }
  }
}

const taken = ({ stdin }: Run): number | undefined => stdin?.taken;

function areSameFiles(before: Run['files'], after: Run['files']): boolean {
  return (
    before.size === after.size &&
    [...before].every(([path, file]) => {
      const other = after.get(path);
      if (file.kind !== 'text' || other?.kind !== 'text') return file === other;
      const { text, doubt } = other.input.value;
      return file.input.value.text === text && file.input.value.doubt?.at === doubt?.at;
    })
  );
}

/** Tells whether a loop ends after a round, and takes `break` and `continue` for one loop. */
function endsLoop(run: Run): boolean {
  const { jump } = run;
  if (!jump) return false;
  if (jump.kind !== 'break' && jump.kind !== 'continue') return true;
  const isOuter = jump.loops > 1;
  run.jump = isOuter ? { ...jump, loops: jump.loops - 1 } : undefined;
  return isOuter || jump.kind === 'break';
}
