import { type Fields, type FieldValue, fieldsOf } from '../model/attributes.ts';
import { DESTINATION_ATTRIBUTES, type Destination } from '../model/destination.ts';
import { formatDuration } from '../model/duration.ts';
import { SERVICE_ATTRIBUTES, type Service } from '../model/service.ts';
import {
  DAEMON_ATTRIBUTES,
  type Daemon,
  type RunningDaemon,
  TIMEOUT_ATTRIBUTES,
  type Timeouts,
} from '../model/settings.ts';
import type { Change } from './change.ts';

interface FieldChange {
  readonly field: string;
  readonly before: FieldValue;
  readonly after: FieldValue;
}

export function serviceFields(service: Service): Fields {
  return fieldsOf(SERVICE_ATTRIBUTES, service);
}

export function destinationFields(destination: Destination): Fields {
  return fieldsOf(DESTINATION_ATTRIBUTES, destination);
}

export function timeoutFields(timeouts: Timeouts): Fields {
  return fieldsOf(TIMEOUT_ATTRIBUTES, timeouts);
}

export function daemonFields(daemon: Daemon): Fields {
  return fieldsOf(DAEMON_ATTRIBUTES, daemon);
}

/** Returns the settings on both sides of a change; null for a side that does not exist. */
export function changeFields(change: Change): {
  readonly before: Fields | null;
  readonly after: Fields | null;
} {
  switch (change.object) {
    case 'service':
      return {
        before: change.before ? serviceFields(change.before.service) : null,
        after: change.after ? serviceFields(change.after.service) : null,
      };
    case 'destination':
      return {
        before: change.before ? destinationFields(change.before) : null,
        after: change.after ? destinationFields(change.after) : null,
      };
    case 'sysctl':
      return { before: { value: change.before }, after: { value: change.after } };
    case 'timeouts':
      return { before: timeoutFields(change.before), after: timeoutFields(change.after) };
    case 'daemon':
      return daemonChangeFields(change);
    default:
      return change satisfies never;
  }
}

/** A stranded daemon may differ from the desired one in nothing else. */
function daemonChangeFields({ before, after }: Extract<Change, { object: 'daemon' }>) {
  const state = (daemon: RunningDaemon): Fields =>
    before?.isStranded ? { state: daemon.isStranded ? 'interface is gone' : 'running' } : {};
  return {
    before: before ? { ...daemonFields(before), ...state(before) } : null,
    after: after ? { ...daemonFields(after), ...state(after) } : null,
  };
}

/** Returns the settings that differ, of an object that exists on both sides. */
export function fieldChanges(before: Fields, after: Fields): FieldChange[] {
  return Object.entries(after).flatMap(([field, value]) => {
    const old = before[field] ?? null;
    return String(old) === String(value) ? [] : [{ field, before: old, after: value }];
  });
}

const DURATIONS: ReadonlySet<string> = new Set(
  [...SERVICE_ATTRIBUTES, ...DESTINATION_ATTRIBUTES, ...TIMEOUT_ATTRIBUTES, ...DAEMON_ATTRIBUTES]
    .filter(({ unit }) => unit === 'seconds')
    .map(({ name }) => name),
);

/** Returns a setting for people: `15m`, `mh-port,mh-fallback`, `none`, `(empty)`. */
export function formatFieldValue(field: string, value: FieldValue): string {
  if (value === null || (Array.isArray(value) && value.length === 0))
    return DURATIONS.has(field) ? 'off' : 'none';
  // Some sysctls can be empty. Nothing at all would look like a mistake of the program.
  if (value === '') return '(empty)';
  return typeof value === 'number' && DURATIONS.has(field) ? formatDuration(value) : String(value);
}
