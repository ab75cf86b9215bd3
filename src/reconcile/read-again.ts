import { IpvstateError } from '../errors.ts';
import type { Ipvs, ReadOptions, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import { countEntries, type RunStage, runStage } from '../model/stage.ts';
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
  stage: RunStage = runStage,
): Promise<boolean> {
  if (keys.size === 0) return true;
  const read = () => ipvs.read({ services: keys });
  const again = await stage('read-again', read, (found) => countEntries(found.table));
  const services = new Map([...table.services].filter(([key]) => keys.has(key)));
  return diff({ ...table, services }, again.table).length === 0;
}

/** Reads the whole table until two reads in a row agree. Throws `UNSTABLE`. */
export async function readTwice(
  ipvs: Ipvs,
  options: ReadOptions = {},
  stage: RunStage = runStage,
): Promise<Snapshot> {
  const read = (): Promise<Snapshot> =>
    stage(
      'read-table',
      () => ipvs.read(options),
      ({ table }) => countEntries(table),
    );
  let before = await read();
  for (let reads = 1; reads < MAX_READS; reads++) {
    const again = await read();
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
