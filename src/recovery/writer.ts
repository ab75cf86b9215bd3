import type { DrainStore } from '../model/drain.ts';
import type { HealthSource } from '../model/health.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { OverrideStore } from '../model/override.ts';
import type { OverrideNote } from '../plan/overrides/overrides.ts';
import type { Plan } from '../plan/plan.ts';
import type { RecoveryEnvironment } from './environment.ts';
import { stackOfRun } from './ipvs-stack.ts';
import { Journal, type ServiceNames } from './journal/journal.ts';
import type { JournalFile, Trigger } from './journal/journal-lines.ts';
import { openDrainStore } from './records/drains.ts';
import { openHealthStore } from './records/health.ts';
import { openOverrideStore } from './records/overrides.ts';
import { openProtectedStore, type ProtectedStore } from './records/protected.ts';
import type { StoredPass } from './records/records.ts';
import type { Session } from './session.ts';

/** A table that a run writes to: the kernel's, or one in a file. */
export interface Writer {
  readonly ipvs: Ipvs;
  readonly drains?: DrainStore;
  readonly overrides?: OverrideStore;
  readonly health?: HealthSource;
  readonly protection?: ProtectedStore;
  /** Records the plan. To be called before its first operation. */
  readonly announce: (
    plan: Plan,
    files: () => Promise<readonly JournalFile[]>,
    names?: ServiceNames,
    overrides?: readonly OverrideNote[],
  ) => Promise<void>;
}

export interface KernelWriter extends Writer {
  readonly journal: Journal;
}

/**
 * Opens the kernel's table for one run. `record` stores the way back before it is needed; the
 * journal has what was done.
 */
export async function withKernel<T>(
  session: Session,
  environment: RecoveryEnvironment,
  run: {
    readonly id: string;
    readonly verb: string;
    /** Default: `command`. */
    readonly trigger?: Trigger;
    readonly record: (passes: readonly StoredPass[]) => Promise<void>;
  },
  use: (writer: KernelWriter) => Promise<T>,
): Promise<T> {
  const { state, warn } = session;
  const journal = new Journal(state, run.id, warn);
  const kernel = await environment.openKernel();
  const stack = stackOfRun(kernel, { journal, record: run.record });
  try {
    return await use({
      ipvs: stack.ipvs,
      drains: openDrainStore(state, warn),
      overrides: openOverrideStore(state, warn),
      health: openHealthStore(state, warn, 'read'),
      protection: openProtectedStore(state, warn),
      journal,
      announce: async (plan, files, names, overrides) => {
        await stack.announce(plan);
        const { verb, trigger = 'command' } = run;
        journal.beginPlan({ verb, trigger, files: await files() }, plan, names, overrides);
      },
    });
  } catch (error) {
    journal.end('error');
    throw error;
  } finally {
    kernel.close();
  }
}
