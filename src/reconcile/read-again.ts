import { IpvstateError } from '../errors.ts';
import type { Ipvs, ReadOptions, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import { diff } from '../plan/diff.ts';

/** After so many reads, a run gives up against another writer. */
export const MAX_READS = 3;

/**
 * Tells whether a second read finds these services as in `table`. A read beside another writer can
 * lack entries that exist.
 */
export async function readsTheSame(
  ipvs: Ipvs,
  table: Table,
  keys: ReadonlySet<ServiceKey>,
): Promise<boolean> {
  if (keys.size === 0) return true;
  const again = await ipvs.read({ services: keys });
  const services = new Map([...table.services].filter(([key]) => keys.has(key)));
  return diff({ ...table, services }, again.table).length === 0;
}

/** Reads the whole table until two reads in a row agree. Throws `UNSTABLE`. */
export async function readTwice(ipvs: Ipvs, options: ReadOptions = {}): Promise<Snapshot> {
  let before = await ipvs.read(options);
  for (let reads = 1; reads < MAX_READS; reads++) {
    const again = await ipvs.read(options);
    if (diff(before.table, again.table).length === 0) return again;
    before = again;
  }
  throw unstable();
}

export function unstable(): IpvstateError {
  return new IpvstateError('UNSTABLE', `the live table changed during each of ${MAX_READS} reads`, {
    hint: 'Another program writes to it. Nothing was changed; run again when it is done.',
  });
}
