import { newRunId, type Session } from '../cli/session.ts';
import { storePass } from '../cli/stored-pass.ts';
import { keepRecord, type UndoRecord } from '../cli/undo-record.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { Plan } from '../plan/plan.ts';
import type { FileHash } from '../reconcile/config-state.ts';
import type { PassResult, Trigger } from '../reconcile/loop-state.ts';
import { Journal } from '../state/journal.ts';
import { journaled } from '../state/journaled.ts';
import { type Recorder, recorded } from '../state/recorder.ts';

/** One pass of the loop, on record once it writes: what leads back, and the journal of what was done. */
interface PassRun {
  readonly recorder: Recorder;
  readonly journal: Journal;
  readonly ipvs: Ipvs;
  undo: UndoRecord | undefined;
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
    this.#run = this.#open();
    this.ipvs = {
      info: () => inner.info(),
      read: (options) => this.#run.ipvs.read(options),
      execute: (wave) => this.#run.ipvs.execute(wave),
      close: () => inner.close(),
    };
  }

  /** A pass begins. */
  begin(): void {
    this.#run = this.#open();
  }

  /** It is going to write. */
  async announce(plan: Plan, trigger: Trigger, files: readonly FileHash[]): Promise<void> {
    const run = this.#run;
    run.undo ??= await keepRecord(this.#session, 'watch');
    await run.recorder.announce(plan);
    run.journal.begin({
      verb: 'watch',
      trigger,
      files: files.flatMap(({ path, sha256 }) => (sha256 === undefined ? [] : [{ path, sha256 }])),
      changes: plan.changes.length,
      operations: plan.waves.reduce((sum, { steps }) => sum + steps.length, 0),
    });
  }

  async end({ outcome, report }: PassResult, exitCode: number): Promise<void> {
    const { journal, undo } = this.#run;
    journal.end(outcome, exitCode);
    if (report) await undo?.conclude(report);
  }

  #open(): PassRun {
    const journal = new Journal(this.#session.state, newRunId(this.#session.state), this.#session.warn);
    const recorder = recorded(this.#inner, async (passes) => run.undo?.record(passes.map(storePass)));
    const run: PassRun = { recorder, journal, ipvs: journaled(recorder.ipvs, journal), undo: undefined };
    return run;
  }
}
