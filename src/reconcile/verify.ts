import type { Ipvs } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import type { Change } from '../plan/change.ts';
import { diff } from '../plan/diff.ts';
import { completeDaemons } from '../plan/scope.ts';

/** Reads the objects of `changes` again, and returns how they differ from `expected`. */
export async function verify(
  ipvs: Ipvs,
  expected: Table,
  changes: readonly Change[],
): Promise<Change[]> {
  const touched = new Set<ServiceKey>();
  for (const change of changes)
    if (change.object === 'service' || change.object === 'destination') touched.add(change.service);
  const { table } = await ipvs.read({
    services: touched,
    sysctls: changes.some(({ object }) => object === 'sysctl'),
  });
  const services = new Map(
    [...touched].flatMap((key) => {
      const entry = expected.services.get(key);
      return entry ? [[key, entry] as const] : [];
    }),
  );
  return diff(table, {
    ...expected,
    services,
    daemons: completeDaemons(expected.daemons, table.daemons),
  });
}
