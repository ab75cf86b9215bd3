import type { Assignment } from 'unbash';
import type { Run } from '../run.ts';
import type { Field, Status } from '../value.ts';

/** A command whose words are expanded. */
export interface Call {
  readonly run: Run;
  readonly name: Field;
  readonly args: readonly Field[];
  /** Assignments among its words, for commands that declare variables. */
  readonly assignments: readonly Assignment[];
}

/** A command that the simulated shell knows. */
export type Builtin = (call: Call) => Status;
export type Builtins = Readonly<Record<string, Builtin>>;
