import { IpvstateError, reportedError } from '../../errors.ts';
import { decodeDocument, encodeDocument } from '../../fleet/document.ts';
import {
  FLEET_OVERRIDE,
  type FleetOverride,
  type FleetOverrideEntry,
  fleetOverridesKey,
  MAX_FLEET_OVERRIDES,
} from '../../fleet/fleet-override.ts';
import { sha256 } from '../digest.ts';
import type { EtcdClient, EtcdEntry } from './client.ts';
import { EtcdOutcomeUnknownError } from './failures.ts';
import { currentKey, decodeCurrent } from './layout.ts';
import { grantLease, type Lease, revokeLease } from './leases.ts';

/** An override of a fleet with its lease. */
export interface LeasedOverride extends FleetOverrideEntry {
  readonly key: string;
  /** undefined: it lasts until it is ended. */
  readonly lease: Lease | undefined;
}

/** The overrides of a fleet, and the generation that was current at the same moment. */
export interface FleetOverrides {
  /** null: there is none. */
  readonly generation: number | null;
  readonly overrides: readonly LeasedOverride[];
}

/** Reads the overrides of a fleet. One that cannot be read is a problem of its own. */
export async function readFleetOverrides(
  client: EtcdClient,
  prefix: string,
): Promise<FleetOverrides> {
  const places = [currentKey(prefix), fleetOverridesKey(prefix)];
  const [currents = [], entries = []] = await client.readTogether(places);
  const [current] = currents;
  return {
    generation: current ? decodeCurrent(current.key, current.value).generation : null,
    overrides: overridesOf(prefix, entries),
  };
}

/** Finds the overrides among keys. */
export function overridesOf(prefix: string, entries: readonly EtcdEntry[]): LeasedOverride[] {
  const begin = fleetOverridesKey(prefix);
  return entries
    .filter(({ key }) => key.startsWith(begin))
    .map((entry) => {
      const { key, revision, lease } = entry;
      return { key, id: key.slice(begin.length), revision, lease, ...decodeOverride(entry) };
    });
}

function decodeOverride({ key, value }: EtcdEntry) {
  try {
    return { override: decodeDocument(key, value, FLEET_OVERRIDE), problem: undefined };
  } catch (error) {
    return { override: undefined, problem: reportedError(error).message };
  }
}

/**
 * Writes an override for all directors. The next word about the same target replaces it. Without
 * `lastsSeconds`, it lasts until it is ended; else its key goes with a lease, so that no clock of
 * any machine has to agree with another. Throws `CONFIG` when there are too many.
 */
export async function setFleetOverride(
  client: EtcdClient,
  prefix: string,
  override: FleetOverride,
  lastsSeconds: number | null,
): Promise<void> {
  const id = await idOf(override);
  const { overrides } = await readFleetOverrides(client, prefix);
  const before = overrides.find((each) => each.id === id);
  if (!before && overrides.length >= MAX_FLEET_OVERRIDES) {
    throw new IpvstateError('CONFIG', `the fleet has ${overrides.length} overrides already`, {
      hint: 'End some with `ipvstate fleet undrain`, or take the servers out of the files.',
    });
  }
  const lease = lastsSeconds === null ? undefined : await grantLease(client, lastsSeconds);
  const put = {
    key: base64(`${fleetOverridesKey(prefix)}${id}`),
    value: encodeDocument(FLEET_OVERRIDE, override).toString('base64'),
    ...(lease !== undefined && { lease }),
  };
  await client.ask('kv/txn', { success: [{ request_put: put }] }).catch(async (error: unknown) => {
    if (lease !== undefined && !(error instanceof EtcdOutcomeUnknownError))
      await forgetLease(client, lease);
    throw error;
  });
  if (before?.lease !== undefined) await forgetLease(client, before.lease);
}

/** Deletes overrides of a fleet. Its directors give the weights back. */
export async function endFleetOverrides(
  client: EtcdClient,
  entries: readonly Pick<LeasedOverride, 'key' | 'lease'>[],
): Promise<void> {
  const success = entries.map(({ key }) => ({ request_delete_range: { key: base64(key) } }));
  await client.ask('kv/txn', { success });
  for (const { lease } of entries) if (lease !== undefined) await forgetLease(client, lease);
}

/** Ends a lease that no key has any more. It also ends by itself, so that this may fail. */
async function forgetLease(client: EtcdClient, lease: Lease): Promise<void> {
  await revokeLease(client, lease).catch(() => {});
}

/** The end of the key of an override: one word about each target. */
async function idOf({ service, destination }: FleetOverride): Promise<string> {
  return (await sha256(Buffer.from(JSON.stringify([service, destination])))).slice(0, 16);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
