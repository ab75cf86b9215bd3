import { throwAsPermission } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { PrepareOptions } from '../reconcile/prepare.ts';
import type { RecoveryEnvironment } from './environment.ts';
import { openDrainStore } from './records/drains.ts';
import { openHealthStore } from './records/health.ts';
import { openOverrideStore } from './records/overrides.ts';
import { openProtectedStore } from './records/protected.ts';

/**
 * Opens, to read them, the stores of earlier runs that a plan for the kernel's table depends on. A
 * table in a file has none.
 */
export async function policyStores(
  table: string | undefined,
  environment: RecoveryEnvironment,
): Promise<Pick<PrepareOptions, 'drains' | 'overrides' | 'health' | 'protectedServices'>> {
  if (table !== undefined) return {};
  const state = await environment.state();
  const warn = (message: string): void => environment.output.warn(`ipvstate: ${message}\n`);
  return {
    drains: openDrainStore(state, warn, 'read'),
    overrides: openOverrideStore(state, warn, 'read'),
    health: openHealthStore(state, warn, 'read'),
    // Read first, so that a user who may not read the folder is told to be another one.
    protectedServices: await openProtectedStore(state, warn, 'read')
      .read()
      .catch(throwAsPermission),
  };
}

/** Prints a remark when sysctls are to be enforced on a table in a file, which has none. */
export function noteUnknownSysctls(
  desired: Desired | undefined,
  table: string | undefined,
  { output }: RecoveryEnvironment,
): void {
  if (table === undefined || desired?.policy?.sysctls?.mode !== 'enforce') return;
  output.note('A saved table does not say what its sysctls are: nothing is planned for them.\n');
}
