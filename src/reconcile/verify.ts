import type { Ipvs } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import type { Change } from '../plan/change.ts';
import { diff } from '../plan/diff.ts';
import { completeDaemons } from '../plan/scope.ts';

/**
 * Services that are read and compared at a time. The memory for the second copy of a large table
 * costs more than the comparison. Enough services to be worth all sockets of a read.
 */
const SLICE = 128;

/** Reads the objects of `changes` again, and returns how they differ from `expected`. */
export async function verify(
  ipvs: Ipvs,
  expected: Table,
  changes: readonly Change[],
): Promise<Change[]> {
  const touched = new Set<ServiceKey>();
  for (const change of changes) if (isOfService(change)) touched.add(change.service);
  const keys = [...touched];
  const sysctls = changes.some(({ object }) => object === 'sysctl');
  let differences: Change[] = [];
  for (let start = 0; start === 0 || start < keys.length; start += SLICE) {
    const slice = keys.slice(start, start + SLICE);
    const { table } = await ipvs.read({ services: new Set(slice), sysctls });
    const services = new Map(
      slice.flatMap((key) => {
        const entry = expected.services.get(key);
        return entry ? [[key, entry] as const] : [];
      }),
    );
    const daemons = completeDaemons(expected.daemons, table.daemons);
    const found = diff(table, { ...expected, services, daemons });
    // Every read has the settings. The last one counts.
    differences = [...differences.filter(isOfService), ...found];
  }
  return differences;
}

function isOfService(change: Change): change is Extract<Change, { service: ServiceKey }> {
  return 'service' in change;
}
