import { type DrainStore, NO_DRAINS } from '../model/drain.ts';
import type { Report } from '../plan/report.ts';
import type { ReconcileOptions } from '../reconcile/reconcile.ts';
import { beneathOverrides, describeBeneath, openLenientOverrides } from './beneath-overrides.ts';
import type { RecoveryEnvironment } from './environment.ts';
import { stackWithJournal } from './ipvs-stack.ts';
import { Journal } from './journal/journal.ts';
import type { Trigger } from './journal/journal-lines.ts';
import { openDrainStore } from './records/drains.ts';
import { executeRollback, type WayBack } from './roll-back.ts';
import { newRunId, type Session } from './session.ts';

/**
 * Rolls the kernel's table back over earlier runs, and journals that. Throws what reading throws.
 */
export async function rollBackKernel(
  { state, warn }: Pick<Session, 'state' | 'warn'>,
  environment: RecoveryEnvironment,
  way: WayBack,
  run: { readonly verb: string; readonly trigger: Trigger },
  options: ReconcileOptions,
): Promise<Report> {
  const journal = new Journal(state, newRunId(state), warn);
  const store = openLenientOverrides(state, warn);
  const overrides = await store.read();
  const around = beneathOverrides(way, overrides);
  const kernel = await environment.openKernel();
  try {
    const report = await executeRollback(stackWithJournal(kernel, journal), around.way, {
      drains: withLenience(openDrainStore(state, warn), warn),
      ...options,
      confirm: async (prepared) => {
        if (options.confirm && !(await options.confirm(prepared))) return false;
        journal.beginPlan({ ...run, files: [] }, prepared.plan);
        return true;
      },
    });
    journal.end(report.outcome);
    if (report.outcome === 'applied' || report.outcome === 'in-sync') {
      await store.write({ ...overrides, held: new Map([...overrides.held, ...around.beneath]) });
      const kept = describeBeneath(around);
      if (kept !== undefined) environment.output.note(`${kept}\n`);
    }
    return report;
  } catch (error) {
    journal.end('error');
    throw error;
  } finally {
    kernel.close();
  }
}

/**
 * Warns where the drains cannot be read or stored: a bad disk must not stop a rollback. At worst a
 * drain begins anew, or ends early. A file that cannot be read is not written either.
 */
function withLenience(store: DrainStore, warn: (message: string) => void): DrainStore {
  return {
    ...store,
    read: () =>
      store.read().catch((error: Error) => {
        warn(error.message);
        return NO_DRAINS;
      }),
    write: (record) => store.write(record).catch((error: Error) => warn(error.message)),
  };
}
