import type { Desired } from '../model/desired.ts';
import type { PrepareOptions } from '../reconcile/prepare.ts';
import type { RecoveryEnvironment } from './environment.ts';
import { openDrainStore } from './records/drains.ts';
import { openProtectedStore } from './records/protected.ts';

/** What earlier runs left that a plan for the kernel's table must know. A table in a file has no past. */
export async function policyStores(
  table: string | undefined,
  environment: RecoveryEnvironment,
): Promise<Pick<PrepareOptions, 'drains' | 'protectedServices'>> {
  if (table !== undefined) return {};
  const state = await environment.state();
  const warn = (message: string): void => environment.output.warn(`ipvstate: ${message}\n`);
  return {
    drains: openDrainStore(state, warn),
    protectedServices: await openProtectedStore(state, warn).read(),
  };
}

/** Says that a table in a file has no sysctls, where some are to be enforced. */
export function noteUnknownSysctls(
  desired: Desired | undefined,
  table: string | undefined,
  { output }: RecoveryEnvironment,
): void {
  if (table === undefined || desired?.policy?.sysctls?.mode !== 'enforce') return;
  output.note('A saved table does not say what its sysctls are: nothing is planned for them.\n');
}
