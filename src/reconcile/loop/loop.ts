import { IpvstateError, reportedError } from '../../errors.ts';
import { CPU_SHARE } from '../../model/cpu-share.ts';
import { pausesAll } from '../../model/pause.ts';
import type { Table } from '../../model/table.ts';
import { isAboutOverrides, resultOf, stateAfterOverrides, stateAfterPass } from './after-pass.ts';
import { backOffDelay, remedyOf } from './back-off.ts';
import {
  type GoodFiles,
  needsSecondRead,
  seeFiles,
  seeSource,
  withoutHeldBack,
} from './config-state.ts';
import {
  type ContestState,
  forget,
  nextContestTime,
  partsLeftAlone,
  retryAtOnce,
  UNCONTESTED,
} from './contest.ts';
import { healthOf } from './health.ts';
import { LiveLook } from './live-look.ts';
import type { Loop, OverrideWork, PauseRequest } from './loop-interface.ts';
import { LOOP_TIMING, type LoopOptions, type LoopTiming, RESYNC_MOST } from './loop-options.ts';
import { LoopOverrides } from './loop-overrides.ts';
import { runPass } from './loop-pass.ts';
import { INITIAL_STATE, type LoopState, type PassResult, type Trigger } from './loop-state.ts';
import type { PassFindings } from './pass-interface.ts';
import { deferred, PassQueue } from './pass-queue.ts';
import { Pauses } from './pauses.ts';
import { isCompelling, isReading, isTrigger, ReadCauses, type Wake } from './read-causes.ts';
import { Refusals } from './refused-parts.ts';
import { Timers } from './timers.ts';

/** Starts a loop that keeps a live table as files ask for. The first pass begins at once. */
export function startLoop(options: LoopOptions): Loop {
  const loop = new ReconcileLoop(options);
  loop.wake('start');
  return loop;
}

class ReconcileLoop implements Loop {
  readonly done: Promise<void>;
  readonly #options: LoopOptions;
  readonly #timing: LoopTiming;
  readonly #abort = new AbortController();
  readonly #timers: Timers<Wake>;
  readonly #look: LiveLook;
  readonly #queue: PassQueue;
  readonly #causes = new ReadCauses();
  #state: LoopState;
  /** The fingerprint of a plan that an operator approved. */
  #approval: string | undefined;
  /**
   * Ends a pass that looks for drift and has only read so far, when something more urgent comes.
   */
  #interruption: AbortController | undefined;
  /** The processor time of the last resync, in milliseconds. */
  #resyncCost = 0;
  #contest: ContestState = UNCONTESTED;
  /** When a contested object is next retried or forgotten. */
  #contestTime: number | undefined;
  #refusals = new Refusals();
  readonly #pauses: Pauses;
  readonly #overrides: LoopOverrides;
  /** The files that were applied last. */
  #applied: GoodFiles | undefined;
  /** The live table as the last pass left it. */
  #expected: Table | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#look = new LiveLook(options);
    this.#pauses = new Pauses(options.pauses);
    this.#overrides = new LoopOverrides(options);
    this.#timing = { ...LOOP_TIMING, ...options.timing };
    this.#timers = new Timers(options.clock, (wake) => this.wake(wake));
    this.#queue = new PassQueue({
      handle: (wakes) => this.#handle(wakes),
      isOver: () => this.#isOver,
      // A reload is answered by the pass for its files, which comes after their second read.
      isAnswer: (trigger) => trigger !== 'reload' || !this.#state.config.held,
      failed: (error) => {
        this.#end({ phase: 'failed', fatal: error instanceof IpvstateError ? error : undefined });
        this.#settle.reject(error);
      },
    });
    this.#state = { ...INITIAL_STATE, protectedServices: options.protectedServices ?? new Set() };
    const { promise, ...settle } = deferred();
    this.done = promise;
    this.#settle = settle;
  }

  get state(): LoopState {
    return this.#state;
  }

  look(): Promise<PassResult> {
    return this.#ask('file');
  }

  reload(): Promise<PassResult> {
    return this.#ask('reload');
  }

  async approve(fingerprint: string): Promise<PassResult> {
    this.#approval = fingerprint;
    const pass = await this.#ask('approve');
    if (partsLeftAlone(this.#contest, this.#options.clock.now()).size > 0) {
      this.#retryContested();
      await this.#ask('contested');
    }
    return pass;
  }

  #retryContested(): void {
    this.#contest = retryAtOnce(this.#contest, this.#options.clock.now());
  }

  async pause(request: PauseRequest): Promise<PassResult> {
    await this.#pauses.begin(request, this.#state.config.good, this.#expected);
    return this.#ask('pause');
  }

  async resume(): Promise<PassResult> {
    await this.#pauses.end();
    return this.#ask('resume');
  }

  between<T extends OverrideWork>(work: () => Promise<T>): Promise<T> {
    return this.#overrides.between(work, () => this.#ask('override'));
  }

  readonly healthChanged = (): void => this.wake('health');

  setWatchMode(mode: LoopState['watch']['mode'], reason: string | undefined): void {
    this.#set({ watch: { mode, reason } });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#queue.settled();
    if (this.#state.phase !== 'failed') this.#end({ phase: 'stopped' });
    this.#settle.resolve();
  }

  wake(wake: Wake): void {
    if (this.#isOver) return;
    this.#makeWay(wake);
    this.#queue.add(wake);
  }

  #ask(trigger: Trigger): Promise<PassResult> {
    if (this.#isOver) return Promise.resolve(this.#withoutPass([trigger], 'stopped'));
    this.#makeWay(trigger);
    return this.#queue.ask(trigger);
  }

  #makeWay(wake: Wake): void {
    if (wake !== 'drift') this.#interruption?.abort();
    this.#timers.cancel(wake);
  }

  get #isOver(): boolean {
    return this.#abort.signal.aborted || this.#state.phase === 'failed';
  }

  /** Reads the files when a wake asks for it, and runs a pass when one is due. */
  async #handle(wakes: readonly Wake[]): Promise<PassResult> {
    const startedAt = this.#options.clock.now();
    const approval = this.#approval;
    this.#approval = undefined;
    await this.#readPause(wakes.includes('resume'));
    await this.#overrides.work(wakes, this.#state);
    if (wakes.includes('reload') && !pausesAll(this.#state.pause)) {
      this.#retryContested();
      this.#refusals.clear();
    }
    const before = this.#state.config;
    const reads = wakes.some(isReading);
    const isNew = reads && (await this.#read());
    const { config } = this.#state;
    const triggers = reads ? this.#causes.ofRead(wakes, before, config) : wakes.filter(isTrigger);
    let result: PassResult;
    if (!config.good) {
      // Without files in force there is nothing to retry. A retry that is due would come at once,
      // again and again.
      this.#rest(startedAt);
      result = this.#withoutPass(triggers, 'unconfigured', startedAt);
    } else if (isNew || (await this.#isDue(wakes)))
      result = await this.#pass(triggers, startedAt, config.good, approval);
    else result = this.#withoutPass(triggers, 'unchanged', startedAt);
    // Other commands may write while the loop is paused.
    if (this.#state.pause) await this.#options.lock?.release();
    if (!this.#isOver) this.#arm();
    return result;
  }

  async #readPause(isResumed: boolean): Promise<void> {
    const pause = await this.#pauses.read(this.#state.pause, isResumed);
    if (pause !== this.#state.pause) this.#set({ pause });
  }

  /** Reads the files. Returns true when other files than before are in force. */
  async #read(): Promise<boolean> {
    const { load, clock } = this.#options;
    const loaded = await load().catch(reportedError);
    const { config: before, refused, source: sourceBefore } = this.#state;
    const source = seeSource(sourceBefore, loaded, clock.now());
    if (source !== sourceBefore) this.#set({ source });
    const inForce = refused ? withoutHeldBack(before, loaded, this.#applied) : before;
    const config = seeFiles(inForce, loaded, clock.now(), this.#timing.secondRead);
    if (config === before) return false;
    const isNew = config.good !== before.good;
    if (isNew) {
      this.#contest = UNCONTESTED;
      this.#refusals.clear();
    }
    this.#set({ config, ...(isNew && { refused: undefined, failures: 0 }) });
    return isNew;
  }

  async #isDue(wakes: readonly Wake[]): Promise<boolean> {
    const isContestOver =
      this.#contestTime !== undefined && this.#contestTime <= this.#options.clock.now();
    if (isContestOver || wakes.some(isCompelling)) return true;
    if (!wakes.includes('drift') || this.#state.retryAt !== undefined) return false;
    if (pausesAll(this.#state.pause)) return this.#look.needsRead(this.#state.failures > 0);
    if (this.#isDraining) return true;
    if (await this.#refusals.mayBeOver(this.#options.clock.now(), this.#look)) return true;
    return this.#look.needsRead(this.#state.failures > 0);
  }

  async #pass(
    triggers: readonly Trigger[],
    startedAt: number,
    good: GoodFiles,
    approval: string | undefined,
  ): Promise<PassResult> {
    const { drift = 'correct', clock, openTable } = this.#options;
    const { applied, protectedServices, refused, pause } = this.#state;
    const approved = refused?.fingerprint === approval ? approval : undefined;
    const isPaused = pausesAll(pause);
    const mayWrite =
      drift === 'correct' || applied !== good.digest || this.#isDraining || approved !== undefined;
    const rules = this.#timing.contest;
    this.#timers.cancel('retry');
    // After an override changed what is desired, only a look tells the state.
    if (drift === 'off' && !mayWrite && !triggers.includes('override')) {
      this.#rest(startedAt);
      return this.#withoutPass(triggers, 'unchanged', startedAt);
    }
    const cpuBefore = clock.cpu();
    this.#set({ phase: 'running', triggers });
    const before = await this.#look.fingerprint();
    const now = clock.now();
    if (triggers.every((trigger) => trigger === 'drift')) {
      this.#interruption = new AbortController();
      if (this.#queue.pending.length > 0) this.#interruption.abort();
    }
    const interruption = this.#interruption?.signal;
    const ports = { ...this.#options, ipvs: openTable(interruption), signal: this.#abort.signal };
    const found = await runPass(ports, {
      good,
      write: mayWrite && !isPaused,
      overridesOnly: isAboutOverrides(this.#state, triggers),
      approval: approved,
      contest: forget(this.#contest, now, rules),
      refusedParts: this.#refusals.parts,
      rules,
      expected: this.#overrides.expected(this.#expected),
      protectedServices,
      pause,
      failure: this.#pauses.failure,
      now,
    });
    this.#interruption = undefined;
    if (interruption?.aborted && found.error?.code === 'ABORTED' && !found.report) {
      // The pass found nothing out. The next look for drift begins anew.
      this.#set({ phase: 'waiting' });
      return this.#withoutPass(triggers, 'unchanged', startedAt);
    }
    const time = { startedAt, finishedAt: clock.now() };
    const result = { triggers, ...time, ...resultOf(this.#state, found, good) };
    if (triggers.includes('resync')) this.#resyncCost = clock.cpu() - cpuBefore;
    await this.#learn(found, result, good, before);
    return result;
  }

  /** Ends a retry, because nothing is to be done. */
  #rest(now: number): void {
    this.#contest = forget(this.#contest, now, this.#timing.contest);
    this.#contestTime = nextContestTime(this.#contest, now, this.#timing.contest);
    if (this.#state.phase === 'retrying')
      this.#set({ phase: 'waiting', failures: 0, retryAt: undefined });
  }

  /** Takes over what a pass found. `before` is the fingerprint from before it. */
  async #learn(
    found: PassFindings,
    result: PassResult,
    good: GoodFiles,
    before: string | undefined,
  ): Promise<void> {
    const { report, error, contest } = found;
    const outcome = report?.outcome ?? found.outcome;
    const isFirst = this.#state.lastPass === undefined;
    this.#overrides.learn(found, this.#options.clock.now());
    if (found.overridesOnly) return this.#set(stateAfterOverrides(this.#state, found, result));
    this.#contest = contest;
    await this.#refusals.learn(found.refusedParts, this.#options.clock.now(), this.#look);
    this.#contestTime = nextContestTime(contest, result.startedAt, this.#timing.contest);
    if (found.left) this.#expected = found.left;
    else if (outcome === 'partial') this.#expected = undefined;
    if (report && (outcome === 'applied' || outcome === 'in-sync')) this.#applied = good;
    // A pass that wrote made the earlier fingerprint that of another table. After a failure, a
    // retry or the next resync looks again.
    const isUnchanged = (report?.done ?? 0) === 0;
    this.#look.baseline = remedyOf(found)
      ? await this.#look.fingerprint()
      : isUnchanged
        ? before
        : undefined;
    const { backOff } = this.#timing;
    const retryDelay = (failures: number): number =>
      backOffDelay(failures, backOff, this.#random());
    const now = this.#options.clock.now();
    const isPaused = pausesAll(this.#state.pause);
    this.#set(stateAfterPass(this.#state, { found, result, good, isPaused, now, retryDelay }));
    if (isFirst && error?.code === 'PERMISSION') throw error;
  }

  /** Starts every timer that is needed and does not run. */
  #arm(): void {
    const { clock, drift = 'correct' } = this.#options;
    const { interval, resync, secondRead } = this.#timing;
    const { config, retryAt, pause } = this.#state;
    const now = clock.now();
    const until = (time: number | undefined): number | undefined =>
      time === undefined ? undefined : time - now;
    this.#timers.start('drift', drift !== 'off' || this.#isDraining ? interval : undefined);
    const resyncDelay = Math.max(resync, Math.min(RESYNC_MOST, this.#resyncCost / CPU_SHARE));
    this.#timers.start('resync', resyncDelay * (0.9 + 0.2 * this.#random()));
    this.#timers.start('retry', until(retryAt));
    if (needsSecondRead(config)) {
      const delay = config.held ? until(config.held.since + secondRead) : secondRead;
      this.#timers.start('second-read', delay);
    } else {
      this.#timers.cancel('second-read');
      this.#queue.drop('second-read');
    }
    this.#timers.cancel('resume');
    this.#timers.start('resume', pause && this.#pauses.millisecondsLeft(pause));
    this.#timers.cancel('contested');
    this.#timers.start('contested', until(this.#contestTime));
    this.#timers.cancel('override');
    this.#timers.start('override', until(this.#overrides.dueAt));
  }

  #end(state: Partial<LoopState>): void {
    this.#timers.cancelAll();
    this.#queue.end(this.#withoutPass(this.#queue.pending.filter(isTrigger), 'stopped'));
    this.#set({ ...state, retryAt: undefined });
  }

  #withoutPass(
    triggers: readonly Trigger[],
    outcome: 'unconfigured' | 'unchanged' | 'stopped',
    startedAt?: number,
  ): PassResult {
    const now = this.#options.clock.now();
    const nothing = { report: undefined, newlyServed: [], error: undefined, differs: false };
    return { triggers, startedAt: startedAt ?? now, finishedAt: now, outcome, ...nothing };
  }

  #set(change: Partial<LoopState>): void {
    const previous = this.#state;
    const next = { ...previous, ...change };
    this.#state = { ...next, health: healthOf(next, this.#options.clock.now()) };
    this.#options.onState?.(this.#state, previous);
  }

  get #isDraining(): boolean {
    return this.#state.drains.length > 0;
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }
}
