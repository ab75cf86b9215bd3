import type { DrainStore } from '../model/drain.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { Plan } from '../plan/plan.ts';
import { openDrainStore } from '../state/drains.ts';
import { Journal } from '../state/journal.ts';
import type { JournalFile } from '../state/journal-lines.ts';
import { journaled } from '../state/journaled.ts';
import { openProtectedStore, type ProtectedStore } from '../state/protected.ts';
import { recorded } from '../state/recorder.ts';
import type { StoredPass } from '../state/records.ts';
import type { Environment } from './environment.ts';
import type { Session } from './session.ts';
import { storePass } from './stored-pass.ts';

/** A table that can be written to. */
export interface Writer {
  readonly ipvs: Ipvs;
  readonly drains?: DrainStore;
  readonly protection?: ProtectedStore;
  /** To be called with the plan, before its first operation. */
  readonly announce: (plan: Plan, files: () => Promise<readonly JournalFile[]>) => Promise<void>;
}

export interface KernelWriter extends Writer {
  readonly journal: Journal;
}

/** The kernel's table, with everything on record before it happens: `record` keeps what leads back, the journal what was done. */
export async function withKernel<T>(
  session: Session,
  environment: Environment,
  run: { readonly id: string; readonly verb: string; readonly record: (passes: readonly StoredPass[]) => Promise<void> },
  use: (writer: KernelWriter) => Promise<T>,
): Promise<T> {
  const { state, warn } = session;
  const journal = new Journal(state, run.id, warn);
  const kernel = await environment.openKernel();
  const recorder = recorded(kernel, (passes) => run.record(passes.map(storePass)));
  try {
    return await use({
      ipvs: journaled(recorder.ipvs, journal),
      drains: openDrainStore(state, warn),
      protection: openProtectedStore(state, warn),
      journal,
      announce: async (plan, files) => {
        await recorder.announce(plan);
        const operations = plan.waves.reduce((sum, { steps }) => sum + steps.length, 0);
        journal.begin({ verb: run.verb, trigger: 'command', files: await files(), changes: plan.changes.length, operations });
      },
    });
  } catch (error) {
    journal.end('error');
    throw error;
  } finally {
    kernel.close();
  }
}
