import { drainKey } from '../model/drain.ts';
import { FLEET_OWNER, type Override, speakerOf } from '../model/override.ts';
import { printable } from '../model/printable.ts';
import type { Change } from '../plan/change.ts';
import type { OverrideNote } from '../plan/overrides/overrides.ts';
import type { Json } from './json.ts';

/** Formats `weight 0 by override of alice until 16:30: kernel upgrade (file: 3)`. */
export function describeOverride(note: OverrideNote): string {
  const { weight, ownWeight, isPreserved, override, until, asOf } = note;
  const aim = weight === override.weight ? '' : `, on the way to ${override.weight},`;
  const own = `${isPreserved ? 'before' : 'file'}: ${ownWeight}`;
  const reason = override.reason === '' ? '' : `: ${override.reason}`;
  const speaker = `${describeSpeaker(override)}${formatEnd(override, until, asOf)}${reason}`;
  return printable(`weight ${weight}${aim} by override of ${speaker} (${own})`);
}

/** Formats the end of an override. The word of a program has none: its next word replaces it. */
export function formatEnd(
  { owner }: Pick<Override, 'owner'>,
  until: Date | undefined,
  asOf: Date,
): string {
  if (until) return ` until ${formatUntil(until, asOf)}`;
  return owner === undefined || owner === FLEET_OWNER ? ' without end' : '';
}

/** Names who speaks. An override of the fleet is that of an operator on another machine. */
export function describeSpeaker(override: Pick<Override, 'owner' | 'by'>): string {
  return override.owner === FLEET_OWNER ? `${override.by} for the fleet` : speakerOf(override);
}

/** An end that is nearer than this has seconds. */
const NEAR_MILLISECONDS = 600_000;

/** Formats the end of an override or of a pause. A near one has seconds. */
export function formatUntil(until: Date, asOf: Date): string {
  return formatClock(until, asOf, Math.abs(until.getTime() - asOf.getTime()) < NEAR_MILLISECONDS);
}

/** Formats a local time such as `16:30`, with the date when it is another day than `asOf`. */
export function formatClock(time: Date, asOf: Date, hasSeconds = false): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const parts = [time.getHours(), time.getMinutes(), ...(hasSeconds ? [time.getSeconds()] : [])];
  const clock = parts.map(two).join(':');
  if (time.toDateString() === asOf.toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

const SHOWN_NOTES = 20;

/** Formats the overrides of destinations that no change of the plan shows. */
export function formatOverrides(notes: Iterable<OverrideNote>, changes: readonly Change[]): string {
  const unshown = new Map(
    Array.from(notes, (note) => [drainKey(note.service, note.destination), note]),
  );
  if (unshown.size === 0) return '';
  for (const change of changes)
    if (change.object === 'destination')
      unshown.delete(drainKey(change.service, change.destination));
  const hidden = [...unshown.values()];
  const lines = hidden
    .slice(0, SHOWN_NOTES)
    .map(
      (note) =>
        `Overridden: ${note.destination} of ${note.service}:\n    ${describeOverride(note)}\n`,
    );
  if (hidden.length > SHOWN_NOTES)
    lines.push(`Overridden: and ${hidden.length - SHOWN_NOTES} more destinations\n`);
  return lines.join('');
}

/** Formats `10.0.0.2:80 of tcp://192.0.2.1:80: weight 0 by override of alice ...`. */
export function formatNote(note: OverrideNote): string {
  return `${note.destination} of ${note.service}: ${describeOverride(note)}`;
}

/** JSON of a destination whose weight an override sets. */
export function overrideNoteJson(note: OverrideNote): { readonly [key: string]: Json } {
  const { service, destination, weight, ownWeight, isPreserved, override, until } = note;
  return {
    service,
    destination,
    weight,
    own_weight: ownWeight,
    own_weight_from: isPreserved ? 'table' : 'file',
    final_weight: override.weight,
    owner: override.owner ?? null,
    by: override.by,
    reason: override.reason,
    since: override.since,
    until: until?.toISOString() ?? null,
    note: describeOverride(note),
  };
}
