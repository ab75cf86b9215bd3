import type { Function as FunctionNode, Script, WordPart } from 'unbash';
import type { Reading } from '../ipvsadm/script-calls.ts';
import { copyScriptState } from '../ipvsadm/script-state.ts';
import { type Field, type Status, unknownValue, type Value } from './value.ts';

/** A variable of the shell. A change replaces it, so that copies of the variables are cheap. */
export interface Variable {
  /** `readonly`, and other attributes by which a value is not what is assigned. */
  readonly attribute?: 'readonly' | 'integer' | undefined;
  /** Items by index or key; a plain variable has the item `0`. */
  readonly items: ReadonlyMap<string, Value>;
  readonly kind: 'plain' | 'array' | 'map';
}

export interface ShellFunction {
  readonly body: FunctionNode['body'];
  readonly place: number | undefined;
}

/** The way in which a command leaves what surrounds it. */
export interface Jump {
  readonly kind: 'exit' | 'return' | 'break' | 'continue';
  /** Loops that `break` and `continue` still leave. */
  readonly loops: number;
}

/** Text that a command reads. */
export interface Input {
  readonly value: Value;
  /** Offset of the text in the script, when its lines stand there. */
  readonly at?: number | undefined;
  /** Number of characters that were read. */
  taken: number;
}

/** A file of the simulated machine. Absent means that the script removed it. */
export type File =
  | { readonly kind: 'text'; readonly input: Omit<Input, 'taken'> }
  | { readonly kind: 'absent' };

/** The path of a file in its plain form. */
export function filePath(text: string): string {
  return text
    .replace(/\/{2,}/g, '/')
    .replace(/^(?:\.\/)+/, '')
    .replace(/(?:\/\.)+(?=\/)/g, '');
}

/** Where a command stands, in words of the reader. */
export interface Mention {
  readonly kind: string;
  readonly at: number;
  readonly hint?: string | undefined;
}

/** The parts that all copies of a run share. */
export interface Session {
  /** The name of the script, as `$0` has it. */
  readonly name: string;
  readonly text: string;
  readonly script: Script;
  /** Commands, and work that counts like commands, that may still follow. */
  steps: number;
  /** Characters of text that may still be made. */
  characters: number;
  /** Parts of the script that have no counterpart, in the order of the run. */
  readonly mentions: Mention[];
  /** Where comments beside a call begin: the ends of the calls by the places of their words. */
  readonly callEnds: Map<number, number>;
  /** The variables that programs get. */
  readonly exported: Set<string>;
  /** The network namespace of the first call, and its place. */
  namespace: { readonly name: string | undefined; readonly at: number } | undefined;
  readonly evaluator: Evaluator;
}

/** The parts of the evaluator that call each other through here, so that no files form a cycle. */
export interface Evaluator {
  readonly runScript: (run: Run, script: Pick<Script, 'commands'>) => Status;
  /** Runs a command whose words are expanded. */
  readonly runWords: (run: Run, words: readonly Field[]) => Status;
  /** Expands the parts of a word to one text. */
  readonly expandParts: (run: Run, parts: readonly WordPart[]) => Value;
}

/** The state of a simulated shell. */
export interface Run {
  readonly session: Session;
  variables: Map<string, Variable>;
  functions: Map<string, ShellFunction>;
  args: readonly Value[];
  /** The values that `local` hides, for each function that runs. */
  scopes: Map<string, Variable | undefined>[];
  files: Map<string, File>;
  /** Options of `set`: `errexit`, `nounset`, `pipefail`. */
  options: Set<string>;
  /** The command whose words are run next, such as `sudo`. */
  wrapper: string | undefined;
  exitTrap: Value | undefined;
  status: Status;
  jump: Jump | undefined;
  stdin: Input | undefined;
  /** undefined: a terminal. `nowhere`: /dev/null. */
  stdout: Value[] | 'nowhere' | undefined;
  /** Offset in the script of the lines that `stdout` has, when they stand there as they are. */
  outputAt: number | undefined;
  /** True while nobody sees the messages of commands. */
  isQuiet: boolean;
  /** True while the next status is looked at by the script. */
  isCondition: boolean;
  depth: number;
  /** The place of everything that runs, for text that does not stand in the script as it is. */
  place: number | undefined;
  /** A file that is not known, and may have set variables. */
  sourced: string | undefined;
  namespace: string | undefined;
  reading: Reading;
  /** The number of calls of ipvsadm that change the table. */
  calls: number;
  /** True after a call of ipvsadm with an unknown word: services may be missing. */
  isIncomplete: boolean;
}

/** Ends a run that would take too long or too much memory. */
export class LimitError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export const MAX_STEPS = 50_000;
export const MAX_CHARACTERS = 32 * 1024 * 1024;
const MAX_DEPTH = 300;

/** Counts work, and ends a run that does too much. */
export function spend(run: Run, at: number, steps = 1): void {
  run.session.steps -= steps;
  if (run.session.steps < 0)
    throw new LimitError(
      `the script has not ended after ${MAX_STEPS.toLocaleString('en')} commands`,
      at,
    );
}

/** Counts text that is made. */
export function spendText(run: Run, length: number): void {
  run.session.characters -= length;
  if (run.session.characters < 0) throw new LimitError('the script makes too much text', 0);
}

/** Runs something one level deeper, such as a function. */
export function deeper<T>(run: Run, at: number, body: () => T): T {
  if (run.depth >= MAX_DEPTH)
    throw new LimitError('functions and commands are nested too deeply here', at);
  run.depth++;
  try {
    return body();
  } finally {
    run.depth--;
  }
}

/** Prints text where the output goes now. */
export function print(run: Run, value: Value): void {
  if (!Array.isArray(run.stdout)) return;
  spendText(run, value.text.length);
  run.outputAt = undefined;
  run.stdout.push(value);
}

/** Takes the rest of what a command reads. */
export function takeInput(run: Run): Value {
  const { stdin } = run;
  if (!stdin) return unknownValue('the input from a terminal', 0);
  const { value, taken } = stdin;
  stdin.taken = value.text.length;
  return { ...value, text: value.text.slice(taken) };
}

/** The place of a node in the script. */
export function placeOf(run: Run, node: { readonly pos: number }): number {
  return run.place ?? node.pos;
}

/** A run that goes on from the same state without changing it: the table has a copy, too. */
export function forkRun(run: Run, at: number): Run {
  const { reading } = run;
  spend(run, at, 1 + Math.floor(reading.state.services.size / 50));
  return {
    ...forkVariables(run),
    files: new Map(run.files),
    reading: { ...reading, state: copyScriptState(reading.state), broken: new Set(reading.broken) },
  };
}

/** A subshell: it has its own variables, and shares the table and the files. */
export function forkVariables(run: Run): Run {
  return {
    ...run,
    variables: new Map(run.variables),
    functions: new Map(run.functions),
    scopes: run.scopes.map((scope) => new Map(scope)),
    options: new Set(run.options),
    stdin: run.stdin && { ...run.stdin },
  };
}

/** Goes on with the state of a fork. */
export function adoptRun(run: Run, fork: Run): void {
  Object.assign(run, fork);
}

/** Runs a body in a subshell. */
export function inSubshell<T>(run: Run, body: (subshell: Run) => T): T {
  const subshell = forkVariables(run);
  const result = body(subshell);
  const { reading, calls, files, isIncomplete } = subshell;
  Object.assign(run, { reading, calls, files, isIncomplete });
  return result;
}
