import type { Ipvs } from '../model/ipvs.ts';
import type { OverrideNote } from '../plan/overrides/overrides.ts';
import type { Plan } from '../plan/plan.ts';
import type { FileHash } from '../reconcile/loop/config-state.ts';
import type { PassResult, Trigger } from '../reconcile/loop/loop-state.ts';
import type { StackOfPasses } from '../recovery/ipvs-stack.ts';
import { Journal, type ServiceNames } from '../recovery/journal/journal.ts';
import { openRollbackRecord, type RollbackRecord } from '../recovery/records/rollback-record.ts';
import { newRunId, type Session } from '../recovery/session.ts';

/** The beginning of a pass, for the journal. */
interface PassStart {
  readonly trigger: Trigger;
  readonly files: readonly FileHash[];
  readonly names?: ServiceNames | undefined;
  readonly overrides: readonly OverrideNote[];
  /** The user who asked for it. */
  readonly by?: string | undefined;
}

/** One pass of the loop. Like `ipvstate apply`, it is a run in the journal and in the records. */
export interface PassRun {
  readonly ipvs: Ipvs;
  /** To be called with the plan, before its first operation. */
  readonly announce: (plan: Plan, start: PassStart) => Promise<void>;
  readonly end: (
    result: Pick<PassResult, 'report'> & { readonly outcome: string },
    exitCode: number,
  ) => Promise<void>;
}

/**
 * Opens the stack of `Ipvs` layers for one pass. A pass that writes nothing leaves neither journal
 * nor record.
 */
export function openPassRun(
  session: Session,
  stack: StackOfPasses,
  interruption: AbortSignal | undefined,
): PassRun {
  const id = newRunId(session.state);
  const journal = new Journal(session.state, id, session.warn);
  let rollback: RollbackRecord | undefined;
  const { ipvs, announce } = stack.open(
    { journal, record: async (passes) => rollback?.record(passes) },
    interruption,
  );
  return {
    ipvs,
    announce: async (plan, { trigger, files, names, overrides, by }) => {
      // Overrides and checks would set the weights again: a rollback is no way back from them.
      if (trigger !== 'override' && trigger !== 'health')
        rollback ??= await openRollbackRecord(session, 'watch', id);
      await announce(plan);
      const readable = files.flatMap(({ path, sha256 }) =>
        sha256 === undefined ? [] : [{ path, sha256 }],
      );
      const start = { verb: 'watch', trigger, files: readable, ...(by !== undefined && { by }) };
      journal.beginPlan(start, plan, names, overrides);
    },
    end: async ({ outcome, report }, exitCode) => {
      journal.end(outcome, exitCode);
      if (report) await rollback?.conclude(report);
    },
  };
}
