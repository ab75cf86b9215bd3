import { type DrainKey, parseDrainKey } from '../model/drain.ts';
import { NO_OVERRIDES, type OverrideRecord, type OverrideStore } from '../model/override.ts';
import { type Table, withWeights } from '../model/table.ts';
import { openOverrideStore } from './records/overrides.ts';
import type { WayBack } from './roll-back.ts';
import type { State } from './state.ts';

/** A way back that leaves the weights of overridden destinations alone. */
interface WayBeneath {
  readonly way: WayBack;
  /** The weights that the last plan rolled back to, where overrides set others. */
  readonly beneath: ReadonlyMap<DrainKey, number>;
}

/**
 * Rolls back beneath overrides. A weight that an override set is no change of another program: the
 * weight from before the override counts in its place. The live weight stays, because the next run
 * would override it again.
 */
export function beneathOverrides(
  { setsSysctls, rollBack }: WayBack,
  { held }: Pick<OverrideRecord, 'held'>,
): WayBeneath {
  const beneath = new Map<DrainKey, number>();
  return {
    beneath,
    way: {
      setsSysctls,
      rollBack: (live) => {
        const hidden = new Set(rollBack(live).contested);
        const before = new Map([...held].filter(([key]) => hidden.has(key)));
        const { table, contested } = rollBack(withWeights(live, before));
        const overridden = new Map<DrainKey, number>();
        beneath.clear();
        for (const key of held.keys()) {
          const [weight, liveWeight] = [weightIn(table, key), weightIn(live, key)];
          if (weight === undefined || liveWeight === undefined || weight === liveWeight) continue;
          overridden.set(key, liveWeight);
          beneath.set(key, weight);
        }
        return { table: withWeights(table, overridden), contested };
      },
    },
  };
}

const SHOWN_WEIGHTS = 5;

/** Names the destinations that a rollback left alone, in a sentence. undefined: there are none. */
export function describeBeneath({ beneath }: WayBeneath): string | undefined {
  if (beneath.size === 0) return undefined;
  const shown = [...beneath].slice(0, SHOWN_WEIGHTS);
  const weights = shown.map(([key, weight]) => `${key} (weight ${weight})`).join(', ');
  const more = beneath.size > SHOWN_WEIGHTS ? ` and ${beneath.size - SHOWN_WEIGHTS} more` : '';
  return (
    `Overrides set other weights, and stay: ${weights}${more}. ` +
    '`ipvstate overrides clear` ends them.'
  );
}

/**
 * Opens the overrides and warns where they cannot be read or stored: a bad disk must not stop a
 * rollback. At worst a weight that an override set counts as that of another program.
 */
export function openLenientOverrides(
  state: State,
  warn: (message: string) => void,
): Pick<OverrideStore, 'read' | 'write'> {
  const store = openOverrideStore(state, warn);
  return {
    read: () =>
      store.read().catch((error: Error) => {
        warn(error.message);
        return NO_OVERRIDES;
      }),
    write: (record) => store.write(record).catch((error: Error) => warn(error.message)),
  };
}

function weightIn({ services }: Table, key: DrainKey): number | undefined {
  const { service, destination } = parseDrainKey(key);
  return services.get(service)?.destinations.get(destination)?.weight;
}
