import { IpvstateError } from '../../errors.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Sysctls, Table } from '../../model/table.ts';
import { diff } from '../../plan/diff.ts';
import { plan } from '../../plan/plan.ts';
import type { Pass } from '../../reconcile/roll-back.ts';
import type { TablePass } from '../recorder.ts';
import type { StoredPass } from './records.ts';
import { loadTable, storeTable } from './stored-table.ts';

/**
 * Turns a pass into data: the services that differ between its two tables, and each of the settings
 * if it differs.
 */
export function storePass({ before, after, changes = diff(before, after) }: TablePass): StoredPass {
  const touched = new Set<ServiceKey>();
  const settings = new Set<string>();
  const sysctls: [string, [string, string]][] = [];
  for (const change of changes) {
    if ('service' in change) touched.add(change.service);
    else if (change.object === 'sysctl') sysctls.push([change.name, [change.before, change.after]]);
    else settings.add(change.object);
  }
  const store = ({ services, timeouts, daemons }: Table): unknown =>
    storeTable({
      services: new Map([...services].filter(([key]) => touched.has(key))),
      ...(settings.has('timeouts') && { timeouts }),
      ...(settings.has('daemon') && { daemons }),
    });
  return {
    before: store(before),
    after: store(after),
    ...(sysctls.length > 0 && { sysctls: Object.fromEntries(sysctls) }),
  };
}

/**
 * Turns data back into a pass, with the operations of a plan for it. Parts that were not stored did
 * not change: they come from `live`. Throws `CONFIG` when the data is damaged.
 */
export function loadPass(stored: StoredPass, live: Table): Pass {
  const sysctls = Object.entries(stored.sysctls ?? {});
  const before = complete(
    stored.before,
    live,
    new Map(sysctls.map(([name, [value]]) => [name, value])),
  );
  const { waves } = plan(
    before,
    complete(stored.after, live, new Map(sysctls.map(([name, [, value]]) => [name, value]))),
  );
  return { before, done: waves.map(({ steps }) => steps.map(({ operation }) => operation)) };
}

function complete(stored: unknown, { timeouts, daemons }: Table, sysctls: Sysctls): Table {
  const parts = loadTable(stored);
  if (!parts)
    throw new IpvstateError(
      'CONFIG',
      'the record of an earlier run is damaged: that run cannot be rolled back',
    );
  return { timeouts, daemons, sysctls, ...parts };
}
