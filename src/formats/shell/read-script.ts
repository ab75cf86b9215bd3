import { parse, type Script } from 'unbash';
import type { ParseResult } from '../../config/parse.ts';
import { hasErrors, type Issue } from '../../model/issue.ts';
import { type Names, NUMERIC_ONLY } from '../ipvsadm/grammar/names.ts';
import { endReading, type Reading, startReading } from '../ipvsadm/script-calls.ts';
import { createNotCarried } from '../not-carried.ts';
import { caseWords } from './arguments.ts';
import { warnOnce } from './branch.ts';
import { runText } from './commands/control.ts';
import { runWords } from './commands/simple.ts';
import { runScript } from './evaluator.ts';
import { expandParts } from './expand/word.ts';
import { LimitError, MAX_CHARACTERS, MAX_STEPS, type Run, type Session } from './run.ts';
import { layoutOf } from './script-comments.ts';
import { SUCCESS } from './value.ts';
import { initialVariables } from './variables.ts';

interface ScriptOptions {
  /** The name of the script in positions. */
  readonly file: string;
  /** The arguments of the script. Without any, a service script gets `start`. */
  readonly args?: readonly string[] | undefined;
  /** Host and port names. By default there are none. */
  readonly names?: Names;
}

/**
 * Runs a shell script in a simulated shell, where ipvsadm acts on a table in memory. Nothing of the
 * machine is read, written or executed. The desired state is the table after the last command.
 */
export function readShellScript(
  source: string,
  { file, args = [], names = NUMERIC_ONLY }: ScriptOptions,
): ParseResult {
  const copied = source.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const text = withoutPrompts(copied);
  const reading = startReading(text, file, names);
  const script = parse(text);
  const words = caseWords(script);
  const isStarted = args.length === 0 && words.includes('start');
  const run = startRun(script, reading, text, file, isStarted ? ['start'] : args);
  const prompt = firstDifference(copied, text);
  if (prompt !== undefined) warnOnce(run, 'prompts before commands are left out', prompt);
  reportSyntax(script, reading);
  if (!hasErrors(reading.issues)) runToEnd(run);
  if (isStarted) warnOnce(run, 'run with the argument "start"', 0);
  reportEmpty(run, words);
  const result = endReading(run.reading);
  const notCarried = createNotCarried();
  for (const { kind, at, hint } of withoutRepeats(
    run.session.mentions,
    ({ kind, at }) => `${at} ${kind}`,
  ))
    notCarried.add(kind, run.reading.position(at), hint);
  const { layout: _, ...rest } = result;
  return {
    ...rest,
    issues: [...withoutRepeats(result.issues, issueKey), ...notCarried.issues()],
    ...(result.desired && { layout: layoutOf(text, result.desired, run.session.callEnds) }),
  };
}

/** The first of each: loops report the same in each round. */
function withoutRepeats<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const known = new Map<string, T>();
  for (const item of items) {
    const key = keyOf(item);
    if (!known.has(key)) known.set(key, item);
  }
  return [...known.values()];
}

function issueKey({ message, position }: Issue): string {
  return `${position.line}:${position.column} ${message}`;
}

/** Prompts that were copied with the commands become blanks, so that no place moves. */
function withoutPrompts(text: string): string {
  return text.replace(
    /^[ \t]*(?:\[\w[\w-]*@[^\]\n]*\][#$]|\w[\w-]*@[\w.-]+:[^\s#$]*[#$]|\$(?=[ \t]))/gm,
    (prompt) => ' '.repeat(prompt.length),
  );
}

function firstDifference(a: string, b: string): number | undefined {
  if (a === b) return undefined;
  let at = 0;
  while (a[at] === b[at]) at++;
  return at;
}

/** A shell before its first command. */
export function startRun(
  script: Script,
  reading: Reading,
  text: string,
  file: string,
  args: readonly string[],
): Run {
  const session: Session = {
    name: file.split('/').at(-1) ?? file,
    ...{ text, script, steps: MAX_STEPS, characters: MAX_CHARACTERS },
    ...{ mentions: [], callEnds: new Map(), exported: new Set(), namespace: undefined },
    evaluator: { runScript, runWords, expandParts },
  };
  return {
    ...{ session, reading, variables: initialVariables(), functions: new Map() },
    args: args.map((each) => ({ text: each })),
    ...{
      scopes: [],
      files: new Map(),
      options: new Set(),
      exitTrap: undefined,
      wrapper: undefined,
    },
    ...{ status: SUCCESS, jump: undefined, stdin: undefined, stdout: undefined },
    ...{ outputAt: undefined, isQuiet: false, isCondition: false, depth: 0, place: undefined },
    ...{ sourced: undefined, namespace: undefined, calls: 0, isIncomplete: false },
  };
}

function reportSyntax({ errors = [] }: ReturnType<typeof parse>, { report }: Reading): void {
  for (const { message, pos } of errors) report('SYNTAX', message, pos);
}

function runToEnd(run: Run): void {
  try {
    runScript(run, run.session.script);
    const { exitTrap } = run;
    run.jump = undefined;
    if (exitTrap) runText(run, exitTrap, 0);
  } catch (error) {
    if (error instanceof LimitError) run.reading.report('TOO_LARGE', error.message, error.at);
    // A chain of thousands of commands, or a calculation with as many numbers.
    else if (error instanceof RangeError)
      run.reading.report('TOO_LARGE', 'a command of this script has too many parts', 0);
    else throw error;
  }
}

function reportEmpty({ reading, session }: Run, words: readonly string[]): void {
  const { state, issues, report } = reading;
  if (hasErrors(issues)) return;
  if (state.declaresServices) {
    if (state.services.size > 0) return;
    report('NO_EFFECT', 'the table is empty at the end of this run', 0, { severity: 'warning' });
    return;
  }
  const shown = words.slice(0, 8).join(', ');
  const hint =
    words.length > 0
      ? `the script knows the words ${shown}: ipvstate import ${session.name} WORD`
      : 'give the arguments of the script after the file: ipvstate import FILE ARGS';
  report('EMPTY', 'this run of the script adds no service, and does not clear the table', 0, {
    hint,
  });
}
