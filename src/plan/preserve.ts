import type { Destination, DestinationKey } from '../model/destination.ts';
import { type DrainKey, drainKey, type PendingDrain } from '../model/drain.ts';
import type { Preserve, ServicePolicy } from '../model/policy.ts';
import type { ServiceEntry } from '../model/table.ts';

/**
 * Returns the desired service with the live values that other programs own. A destination that is
 * not live yet gets the values of the file. Where a drain or an override set the weight, the weight
 * from before is preserved.
 */
export function preserve(
  desired: ServiceEntry,
  live: ServiceEntry,
  { preserve: fields }: ServicePolicy,
  pending: ReadonlyMap<DrainKey, PendingDrain>,
  held: ReadonlyMap<DrainKey, number>,
): ServiceEntry {
  if (fields.size === 0) return desired;
  const destinations = new Map<DestinationKey, Destination>(desired.destinations);
  for (const [key, kept] of fields) {
    const wanted = destinations.get(key);
    const found = live.destinations.get(key);
    if (!wanted || !found) continue;
    const id = drainKey(desired.service.key, key);
    const weight = held.get(id) ?? pending.get(id)?.weight ?? found.weight;
    destinations.set(key, preserveFields(wanted, { ...found, weight }, kept));
  }
  return { service: desired.service, destinations };
}

function preserveFields(wanted: Destination, live: Destination, kept: Preserve): Destination {
  return {
    ...wanted,
    ...(kept.weight && { weight: live.weight }),
    ...(kept.thresholds && {
      upperThreshold: live.upperThreshold,
      lowerThreshold: live.lowerThreshold,
    }),
  };
}
