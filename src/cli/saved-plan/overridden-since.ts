import { type DrainKey, drainKey } from '../../model/drain.ts';
import {
  type OverrideClock,
  type OverrideNote,
  overriding,
} from '../../plan/overrides/overrides.ts';
import type { Plan } from '../../plan/plan.ts';
import { formatNote } from '../../render/overrides.ts';
import type { SavedOverride, SavedPlan } from './plan-document.ts';

/**
 * Names the weights that a saved plan writes and that the overrides in force now do not ask for:
 * those of overrides that began, changed or ended since. A plan that ignores overrides has none.
 */
export function overriddenSince(
  { saved, overrides: planned }: SavedPlan,
  { changes, desired }: Plan,
  clock: OverrideClock,
): string[] {
  if (saved.ignores_overrides) return [];
  const before = new Map(
    planned.map((each) => [drainKey(each.service, each.destination), each] as const),
  );
  const now = notesOf({ changes, desired }, clock);
  return changes.flatMap((change) => {
    if (change.object !== 'destination' || !change.after) return [];
    const key = drainKey(change.service, change.destination);
    const { weight } = change.after;
    const [was, note] = [before.get(key), now.get(key)];
    if (note) return note.weight === weight || isOf(note, was) ? [] : [formatNote(note)];
    const isOfEnded = was && was.weight === weight && was.own_weight !== weight;
    return isOfEnded
      ? [`${change.destination} of ${change.service}: the override to weight ${weight} has ended`]
      : [];
  });
}

/** The overrides in force now of the services that a plan changes. */
function notesOf(
  { changes, desired }: Pick<Plan, 'changes' | 'desired'>,
  clock: OverrideClock,
): ReadonlyMap<DrainKey, OverrideNote> {
  const override = overriding(clock);
  const services = new Set(
    changes.flatMap((change) => (change.object === 'destination' ? [change.service] : [])),
  );
  const notes = [...services].flatMap((service) => {
    const entry = desired.services.get(service);
    return entry ? override(entry, new Set()).notes : [];
  });
  return new Map(notes.map((note) => [drainKey(note.service, note.destination), note]));
}

/** Tells whether an override is the one of the plan. The weight of a ramp is another by now. */
function isOf({ override }: OverrideNote, planned: SavedOverride | undefined): boolean {
  return (
    planned !== undefined &&
    planned.by === override.by &&
    planned.owner === (override.owner ?? null) &&
    planned.final_weight === override.weight
  );
}
