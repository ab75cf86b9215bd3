import type { Destination } from '../../model/destination.ts';
import type { Service } from '../../model/service.ts';
import type { Daemon, Timeouts } from '../../model/settings.ts';
import type { Caller } from '../caller.ts';

/**
 * Why a run began: a command, the end of a try, or a trigger of `watch`
 * (reconcile/loop/loop-state.ts). Journals of earlier versions can have `confirm` too.
 */
export type Trigger =
  | 'command'
  | 'timeout'
  | 'interrupted'
  | 'rejected'
  | 'start'
  | 'file'
  | 'reload'
  | 'approve'
  | 'drift'
  | 'resync'
  | 'retry'
  | 'contested';

/** A line of a journal (schemas/journal.schema.json). The lines of one run have the same `run`. */
export type JournalLine = BeginLine | WaveLine | OutcomesLine | EndLine;

export interface JournalFile {
  readonly path: string;
  readonly sha256: string;
}

export interface RunStart {
  readonly verb: string;
  readonly trigger: Trigger;
  readonly files: readonly JournalFile[];
  /** Changes and operations of the plan. */
  readonly changes: number;
  readonly operations: number;
  /** The names, in the files, of services that the plan changes. */
  readonly names?: { readonly [service: string]: string };
}

export interface BeginLine extends RunStart {
  readonly type: 'begin';
  readonly version: 1;
  readonly run: string;
  readonly time: string;
  readonly pid: number;
  readonly boot: string;
  readonly netns: string;
  /** Journals of earlier releases lack it. */
  readonly caller?: Caller;
}

interface WaveLine {
  readonly type: 'wave';
  readonly run: string;
  readonly time: string;
  /** The number of its first operation in the run. The first of all is 1. */
  readonly first: number;
  readonly operations: readonly JournalOperation[];
}

/** Settings by name. An edit has only the settings that differ. */
export type Fields = { readonly [name: string]: string | number | boolean };

export interface JournalOperation {
  readonly operation: string;
  /** Absent when the operation adds the object. */
  readonly before?: Fields;
  /** Absent when the operation deletes the object. */
  readonly after?: Fields;
}

interface OutcomesLine {
  readonly type: 'outcomes';
  readonly run: string;
  readonly time: string;
  readonly first: number;
  /** Operations of the wave that the kernel accepted. */
  readonly done: number;
  readonly refused: readonly { readonly operation: number; readonly errno: string }[];
  /** The reason why the answers are unknown. */
  readonly lost?: string;
}

interface EndLine {
  readonly type: 'end';
  readonly run: string;
  readonly time: string;
  /**
   * The outcome of the report, `error` when there is no report, or `cut-off` when a later run found
   * no end.
   */
  readonly outcome: string;
  /** Absent when it is not known. */
  readonly exit_code?: number;
}

export function serviceFields({ key: _key, identity: _identity, ...settings }: Service): Fields {
  return settings;
}

export function destinationFields({
  key: _key,
  address: _address,
  port: _port,
  ...settings
}: Destination): Fields {
  return settings;
}

export function daemonFields({ role: _role, group, ...settings }: Daemon): Fields {
  return group === undefined ? settings : { ...settings, group };
}

export function timeoutFields(timeouts: Timeouts): Fields {
  return { ...timeouts };
}

/** Removes the settings that are equal on both sides. */
export function onlyDifferent(before: Fields, after: Fields): { before: Fields; after: Fields } {
  const names = Object.keys(after).filter((name) => before[name] !== after[name]);
  const pick = (fields: Fields): Fields =>
    Object.fromEntries(
      names.flatMap((name) => (name in fields ? [[name, fields[name]]] : [])),
    ) as Fields;
  return { before: pick(before), after: pick(after) };
}
