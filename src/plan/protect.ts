import type { Desired } from '../model/desired.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';

/**
 * Returns the services that are protected once the table is `applied`: those that the files
 * protect, and those that were protected before and that no file lists any more. A service is
 * released by listing it without `protect`.
 */
export function protectedAfter(
  before: ReadonlySet<ServiceKey>,
  desired: Desired | undefined,
  applied: Table,
): ReadonlySet<ServiceKey> {
  const services = new Set<ServiceKey>();
  for (const key of before)
    if (applied.services.has(key) && !desired?.services.has(key)) services.add(key);
  for (const [key, { protect }] of desired?.policy?.services ?? [])
    if (protect && applied.services.has(key)) services.add(key);
  return services;
}
