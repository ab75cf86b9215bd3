import type { Destination } from '../../model/destination.ts';
import { drainKey } from '../../model/drain.ts';
import type { Service } from '../../model/service.ts';
import type { RunningDaemon, Timeouts } from '../../model/settings.ts';
import type { Change } from '../../plan/change.ts';
import type { OverrideNote } from '../../plan/overrides/overrides.ts';
import type { Trigger as PassTrigger } from '../../reconcile/loop/loop-state.ts';
import type { Caller } from '../caller.ts';
import type { StoredObject } from '../records/stored-table.ts';

/**
 * Why a run began: a command, the end of a try, or a trigger of `watch`. Journals of earlier
 * versions can have `confirm` too.
 */
export type Trigger = PassTrigger | 'command' | 'timeout' | 'interrupted' | 'rejected';

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
  readonly names?: { readonly [service: string]: string } | undefined;
  /** The user who asked the daemon. */
  readonly by?: string | undefined;
  /** The overrides that set weights of the plan. */
  readonly overrides?: readonly JournalOverride[] | undefined;
}

/** An override that sets a weight of a plan, with who wants it and why. */
export interface JournalOverride {
  readonly service: string;
  readonly destination: string;
  readonly weight: number;
  readonly owner?: string;
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. Absent: it does not end by itself. */
  readonly until?: string;
}

/** Returns the overrides of the destinations that a plan changes. */
export function journalOverrides(
  changes: readonly Change[],
  notes: readonly OverrideNote[],
): JournalOverride[] {
  if (notes.length === 0) return [];
  const changed = new Set(
    changes.flatMap((change) =>
      change.object === 'destination' ? [drainKey(change.service, change.destination)] : [],
    ),
  );
  return notes
    .filter(({ service, destination }) => changed.has(drainKey(service, destination)))
    .map(({ service, destination, weight, override: { owner, by, reason }, until }) => ({
      service,
      destination,
      weight,
      ...(owner !== undefined && { owner }),
      by,
      reason,
      ...(until && { until: until.toISOString() }),
    }));
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
  readonly caller?: Caller | undefined;
}

export interface WaveLine {
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
  readonly before?: Fields | undefined;
  /** Absent when the operation deletes the object. */
  readonly after?: Fields | undefined;
  /** Settings of an edit that stay, without those that have ipvsadm's default. */
  readonly unchanged?: Fields | undefined;
  /** The deleted services with their destinations, in the form of stored-table.ts. */
  readonly deleted?: readonly unknown[] | undefined;
  /** The destinations that `add-destinations` adds to a service, in the form of stored-table.ts. */
  readonly added?: readonly StoredObject[] | undefined;
}

export interface OutcomesLine {
  readonly type: 'outcomes';
  readonly run: string;
  readonly time: string;
  readonly first: number;
  /** Operations of the wave that the kernel accepted. */
  readonly done: number;
  readonly refused: readonly { readonly operation: number; readonly errno: string }[];
  /** The reason why the answers are unknown. */
  readonly lost?: string | undefined;
}

export interface EndLine {
  readonly type: 'end';
  readonly run: string;
  readonly time: string;
  /**
   * The outcome of the report, `error` when there is no report, or `cut-off` when a later run found
   * no end.
   */
  readonly outcome: string;
  /** Absent when it is not known. */
  readonly exit_code?: number | undefined;
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

export function daemonFields({
  role: _role,
  isStranded: _isStranded,
  group,
  ...settings
}: RunningDaemon): Fields {
  return group === undefined ? settings : { ...settings, group };
}

export function timeoutFields(timeouts: Timeouts): Fields {
  return { ...timeouts };
}

/**
 * The settings of an edit: those that differ on each side, and the others that are no default. One
 * loop, because an edit of a large table has many thousands.
 */
export function editedFields(
  before: Fields,
  after: Fields,
  defaults: Fields,
): Required<Pick<JournalOperation, 'before' | 'after' | 'unchanged'>> {
  const edit: Record<'before' | 'after' | 'unchanged', Record<string, Fields[string]>> = {
    before: {},
    after: {},
    unchanged: {},
  };
  for (const [name, value] of Object.entries(after)) {
    const was = before[name];
    if (was === value) {
      if (value !== defaults[name]) edit.unchanged[name] = value;
      continue;
    }
    edit.after[name] = value;
    if (was !== undefined) edit.before[name] = was;
  }
  return edit;
}
