import type { Ipvs } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import { diff } from '../plan/diff.ts';

/** Whether these services read the same a second time: what another writer does meanwhile can hide entries from a dump. */
export async function readsTheSame(ipvs: Ipvs, table: Table, keys: ReadonlySet<ServiceKey>): Promise<boolean> {
  if (keys.size === 0) return true;
  const again = await ipvs.read({ services: keys });
  const services = new Map([...table.services].filter(([key]) => keys.has(key)));
  return diff({ ...table, services }, again.table).length === 0;
}
