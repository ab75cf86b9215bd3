import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import type { Drain } from './drain.ts';

/** Sysctls that work against what drains, in sentences. Those of the desired table win: they are written first. */
export function drainWarnings(drains: readonly Drain[], live: Table, desired: Table): string[] {
  if (drains.length === 0) return [];
  const sysctl = (name: string): string | undefined =>
    desired.sysctls?.get(name) ?? live.sysctls?.get(name);
  const warnings: string[] = [];
  const persistent = new Set<ServiceKey>(
    drains
      .map(({ service }) => service)
      .filter((service) => desired.services.get(service)?.service.persistent),
  );
  if (sysctl('expire_quiescent_template') === '0' && persistent.size > 0) {
    const services = [...persistent].join(', ');
    warnings.push(
      `persistent clients keep coming to what drains of ${services}, because net.ipv4.vs.expire_quiescent_template is 0`,
    );
  }
  if (sysctl('expire_nodest_conn') === '1') {
    warnings.push(
      'connections that are left when a drain ends are reset, because net.ipv4.vs.expire_nodest_conn is 1',
    );
  }
  return warnings;
}
