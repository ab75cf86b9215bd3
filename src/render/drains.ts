import { drainKey } from '../model/drain.ts';
import { formatDuration } from '../model/duration.ts';
import type { Change } from '../plan/change.ts';
import type { Drain } from '../plan/drain.ts';
import { countOf } from './count-of.ts';

/** Note about the end of a drain. It follows the note that the destination drains. */
export function drainNote({ connections, secondsLeft }: Drain): string {
  if (connections === 0) return 'and then deleted: it has no active connections';
  return `deleted when they are gone, or in ${formatTimeLeft(secondsLeft)}`;
}

/** Formats the drains that no change of the plan shows. */
export function formatDrains(drains: Iterable<Drain>, changes: readonly Change[]): string {
  const hidden = new Map(
    Array.from(drains, (drain) => [drainKey(drain.service, drain.destination), drain]),
  );
  if (hidden.size === 0) return '';
  for (const change of changes)
    if (change.object === 'destination')
      hidden.delete(drainKey(change.service, change.destination));
  return Array.from(hidden.values(), (drain) => `Draining: ${formatDrain(drain)}\n`).join('');
}

/** Formats `10.0.0.2:80 of tcp://192.0.2.1:80: 12 connections left, at most 4m10s`. */
export function formatDrain({ service, destination, connections, secondsLeft }: Drain): string {
  const left = `${countOf(connections, 'connection')} left`;
  return `${destination} of ${service}: ${left}, at most ${formatTimeLeft(secondsLeft)}`;
}

function formatTimeLeft(seconds: number): string {
  return formatDuration(Math.max(1, Math.ceil(seconds)));
}
