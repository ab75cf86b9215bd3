import { IpvstateError } from '../errors.ts';
import type { Ipvs, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import { diff } from '../plan/diff.ts';

/** Reads, one after another, that must agree: a kernel dump is no consistent picture while another writer is at work. */
export const MAX_READS = 3;

/** Whether these services read the same a second time: what another writer does meanwhile can hide entries from a dump. */
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

/** The whole table, as it was found twice in a row. Throws `UNSTABLE`. */
export async function readTwice(ipvs: Ipvs): Promise<Snapshot> {
  let before = await ipvs.read();
  for (let reads = 1; reads < MAX_READS; reads++) {
    const again = await ipvs.read();
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
