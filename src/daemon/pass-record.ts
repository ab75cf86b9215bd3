import type { Ipvs } from '../model/ipvs.ts';
import type { Plan } from '../plan/plan.ts';
import type { FileHash } from '../reconcile/loop/config-state.ts';
import type { PassResult, Trigger } from '../reconcile/loop/loop-state.ts';
import { Journal } from '../recovery/journal/journal.ts';
import { journaled } from '../recovery/journal/journaled.ts';
import { recorded } from '../recovery/recorder.ts';
import { storePass } from '../recovery/records/stored-pass.ts';
import { keepRecord, type UndoRecord } from '../recovery/records/undo-record.ts';
import { newRunId, type Session } from '../recovery/session.ts';

/** One pass of the loop: once it writes, what leads back is on record, and so is what was done. */
interface PassRun {
  readonly ipvs: Ipvs;
  readonly announce: (plan: Plan, trigger: Trigger, files: readonly FileHash[]) => Promise<void>;
  readonly end: (result: PassResult, exitCode: number) => Promise<void>;
}

/** The port that the loop writes through: each pass is a run of its own, as if somebody had called `ipvstate apply`. */
export class PassRecords {
  readonly ipvs: Ipvs;
  readonly #session: Session;
  readonly #inner: Ipvs;
  #run: PassRun;

  constructor(session: Session, inner: Ipvs) {
    this.#session = session;
    this.#inner = inner;
    this.#run = openRun(session, inner);
    this.ipvs = {
      info: () => inner.info(),
      read: (options) => this.#run.ipvs.read(options),
      execute: (wave) => this.#run.ipvs.execute(wave),
      close: () => inner.close(),
    };
  }

  /** A pass begins. */
  begin(): void {
    this.#run = openRun(this.#session, this.#inner);
  }

  /** It is going to write. */
  announce(...args: Parameters<PassRun['announce']>): Promise<void> {
    return this.#run.announce(...args);
  }

  /** The pass is over. Returns what is left to do. */
  end(): PassRun['end'] {
    const { end } = this.#run;
    // What it knows of the table need not be kept until the next one.
    this.begin();
    return end;
  }
}

function openRun(session: Session, inner: Ipvs): PassRun {
  const journal = new Journal(session.state, newRunId(session.state), session.warn);
  let undo: UndoRecord | undefined;
  const recorder = recorded(inner, async (passes) => undo?.record(passes.map(storePass)));
  return {
    ipvs: journaled(recorder.ipvs, journal),
    announce: async (plan, trigger, files) => {
      undo ??= await keepRecord(session, 'watch');
      await recorder.announce(plan);
      journal.begin({
        verb: 'watch',
        trigger,
        files: files.flatMap(({ path, sha256 }) =>
          sha256 === undefined ? [] : [{ path, sha256 }],
        ),
        changes: plan.changes.length,
        operations: plan.waves.reduce((sum, { steps }) => sum + steps.length, 0),
      });
    },
    end: async ({ outcome, report }, exitCode) => {
      journal.end(outcome, exitCode);
      if (report) await undo?.conclude(report);
    },
  };
}
