import { drainKey } from '../model/drain.ts';
import { formatDuration } from '../model/duration.ts';
import { isUdpService } from '../model/service.ts';
import type { Change } from '../plan/change.ts';
import type { Drain } from '../plan/drain/drain.ts';
import { countOf } from './count-of.ts';

/** Note about the end of a drain. It follows the note that the destination drains. */
export function drainNote(drain: Drain): string {
  const { connections, remembered, secondsLeft, lingerSeconds } = drain;
  const limit = formatTimeLeft(secondsLeft);
  if (remembered === 0) return 'and then deleted: the kernel remembers no connection of it';
  if (isUdpService(drain.service)) return `deleted when they are gone, or in ${limit}`;
  if (connections > 0)
    return `deleted up to ${formatTimeLeft(lingerSeconds)} after they are gone, or in ${limit}`;
  const end = formatTimeLeft(Math.min(secondsLeft, lingerSeconds));
  return `deleted when the kernel has forgotten ${formatRemembered(drain)}, or in ${end}`;
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
export function formatDrain(drain: Drain): string {
  const { service, destination, connections, secondsLeft, lingerSeconds } = drain;
  const isOpen = connections > 0;
  const noun = isUdpService(drain.service) ? 'flow' : 'connection';
  const left = isOpen
    ? `${countOf(connections, noun)} left`
    : `remembers ${formatRemembered(drain)}`;
  const seconds = isOpen ? secondsLeft : Math.min(secondsLeft, lingerSeconds);
  return `${destination} of ${service}: ${left}, at most ${formatTimeLeft(seconds)}`;
}

/** Formats what the kernel remembers of a destination without open connections. */
function formatRemembered({ remembered }: Drain): string {
  return `${countOf(remembered, 'closed connection')}`;
}

function formatTimeLeft(seconds: number): string {
  return formatDuration(Math.max(1, Math.ceil(seconds)));
}
