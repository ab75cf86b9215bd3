import { IpvstateError } from '../../errors.ts';
import type { Ipvs } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import { protectedAfter } from '../../plan/protect.ts';
import { type BackOff, backOffDelay, type Remedy, remedyOfError, remedyOfReport } from './back-off.ts';
import type { Clock } from './clock.ts';
import { type GoodFiles, type LoadedFiles, needsSecondRead, seeFiles } from './config-state.ts';
import { CONTEST_RULES, type ContestRules, type ContestState, forget, nextContestTime, UNCONTESTED } from './contest.ts';
import { type PassFindings, type PassPorts, runPass } from './loop-pass.ts';
import { type DriftMode, INITIAL_STATE, type LoopState, type PassOutcome, type PassResult, type Trigger } from './loop-state.ts';
import { isReading, isTrigger, ReadCauses, type Wake } from './read-causes.ts';
import { Timers } from './timers.ts';
import { Turns } from './turns.ts';

/** In milliseconds. */
export interface LoopTiming {
  /** Between two looks at the fingerprint of the live table. Default 5000. */
  readonly interval: number;
  /** Between two full reads of files and table, whatever the fingerprint says; a tenth more or less. Default 5 min. */
  readonly resync: number;
  /** Between two reads of files that remove something, or that are being written. Default 250. */
  readonly secondRead: number;
  readonly backOff: BackOff;
  readonly contest: ContestRules;
}

export const LOOP_TIMING: LoopTiming = {
  interval: 5000,
  resync: 300_000,
  secondRead: 250,
  backOff: { first: 1000, most: 60_000 },
  contest: CONTEST_RULES,
};

export interface LoopOptions extends Omit<PassPorts, 'ipvs' | 'signal'> {
  /** Opens the table for one pass. `interruption` ends the first read of the whole table with `ABORTED`: nothing is begun by then. */
  readonly openTable: (interruption: AbortSignal | undefined) => Ipvs;
  readonly clock: Clock;
  /** Reads and parses the files, each in one piece. Throws what `NO_INPUT`, `CONFIG` and `UNSTABLE` (still being written) stand for. */
  readonly load: () => Promise<LoadedFiles>;
  /** Changes when the live table does; what it costs is paid every interval. Without it, the whole table is read instead. */
  readonly fingerprint?: () => Promise<string>;
  /** Default `correct`. */
  readonly drift?: DriftMode;
  /** As they were at the last stop. */
  readonly protectedServices?: ReadonlySet<ServiceKey>;
  readonly timing?: Partial<LoopTiming>;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Told of every new state, synchronously. */
  readonly onState?: (state: LoopState, previous: LoopState) => void;
}

export interface Loop {
  readonly state: LoopState;
  /** The files may have changed. Resolves with the turn that read them. */
  look(): Promise<PassResult>;
  /** Reads the files and the table now. Resolves with the turn that did, after files that remove something were read twice. */
  reload(): Promise<PassResult>;
  /** Executes the refused plan of this fingerprint once, if it is still the plan. */
  approve(fingerprint: string): Promise<PassResult>;
  /** Passes on how the files are watched, for the state. */
  setWatchMode(mode: LoopState['watch']['mode'], reason: string | undefined): void;
  /** Ends after the operations in flight, and leaves the table as it is. */
  stop(): Promise<void>;
  /** Resolves when it was stopped; rejects when it cannot go on: `PERMISSION` in the first pass, or a bug. */
  readonly done: Promise<void>;
}

/** Keeps a live table what files ask for. The first turn begins at once. */
export function startLoop(options: LoopOptions): Loop {
  const loop = new ReconcileLoop(options);
  loop.wake('start');
  return loop;
}

/** These look at the kernel, whatever is new. */
const COMPELLING: readonly Wake[] = ['start', 'reload', 'resync', 'retry', 'contested', 'approve'];

/** Of one core, for the full reads that nothing but time asks for; but at least one in half an hour. */
const RESYNC_SHARE = 0.001;
const RESYNC_MOST = 1_800_000;

/** What the report says is begun was begun. */
const HAPPENED: readonly PassOutcome[] = ['applied', 'in-sync', 'unverified', 'partial'];

class ReconcileLoop implements Loop {
  readonly done: Promise<void>;
  readonly #options: LoopOptions;
  readonly #timing: LoopTiming;
  readonly #abort = new AbortController();
  readonly #timers: Timers<Wake>;
  readonly #turns: Turns;
  readonly #causes = new ReadCauses();
  #state: LoopState;
  #approval: string | undefined;
  /** Ends a look for drift that only reads so far, for something more urgent. */
  #interruption: AbortController | undefined;
  /** What the last resync took, in milliseconds. */
  #resyncCost = 0;
  #contest: ContestState = UNCONTESTED;
  /** When something contested is to be looked at. */
  #contestTime: number | undefined;
  /** The live table as the last pass left it. */
  #expected: Table | undefined;
  /** The fingerprint of a live table that needs no other look; undefined when the next one is to be looked at in any case. */
  #baseline: string | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#timing = { ...LOOP_TIMING, ...options.timing };
    this.#timers = new Timers(options.clock, (wake) => this.wake(wake));
    this.#turns = new Turns({
      turn: (wakes) => this.#turn(wakes),
      isOver: () => this.#isOver,
      // Who asked to read the files is told of the pass that they lead to.
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

  approve(fingerprint: string): Promise<PassResult> {
    this.#approval = fingerprint;
    return this.#ask('approve');
  }

  setWatchMode(mode: LoopState['watch']['mode'], reason: string | undefined): void {
    this.#set({ watch: { mode, reason } });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#turns.settled();
    if (this.#state.phase !== 'failed') this.#end({ phase: 'stopped' });
    this.#settle.resolve();
  }

  wake(wake: Wake): void {
    if (this.#isOver) return;
    this.#makeWay(wake);
    this.#turns.add(wake);
  }

  #ask(trigger: Trigger): Promise<PassResult> {
    if (this.#isOver) return Promise.resolve(this.#result([trigger], this.#options.clock.now(), { outcome: 'stopped' }));
    this.#makeWay(trigger);
    return this.#turns.ask(trigger);
  }

  #makeWay(wake: Wake): void {
    if (wake !== 'drift') this.#interruption?.abort();
    this.#timers.cancel(wake);
  }

  get #isOver(): boolean {
    return this.#abort.signal.aborted || this.#state.phase === 'failed';
  }

  async #turn(wakes: readonly Wake[]): Promise<PassResult> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const approval = this.#approval;
    this.#approval = undefined;
    const before = this.#state.config;
    const isNew = wakes.some(isReading) && (await this.#read());
    const triggers = wakes.some(isReading) ? this.#causes.ofTurn(wakes, before, this.#state.config) : wakes.filter(isTrigger);
    const { good } = this.#state.config;
    let result: PassResult;
    if (!good) result = this.#result(triggers, startedAt, { outcome: 'unconfigured' });
    else if (isNew || (await this.#isDue(wakes))) result = await this.#pass(triggers, startedAt, good, approval);
    else result = this.#result(triggers, startedAt, { outcome: 'unchanged' });
    if (!this.#isOver) this.#arm();
    return result;
  }

  /** Reads the files; true when others than before are good. */
  async #read(): Promise<boolean> {
    const { load, clock } = this.#options;
    const loaded = await load().catch((error: unknown) => {
      if (error instanceof IpvstateError) return error;
      throw error;
    });
    const before = this.#state.config;
    const config = seeFiles(before, loaded, clock.now(), this.#timing.secondRead);
    if (config === before) return false;
    const isNew = config.good !== before.good;
    if (isNew) this.#contest = UNCONTESTED;
    this.#set({ config, ...(isNew && { refused: undefined, failures: 0 }) });
    return isNew;
  }

  async #isDue(wakes: readonly Wake[]): Promise<boolean> {
    const isContestOver = this.#contestTime !== undefined && this.#contestTime <= this.#options.clock.now();
    if (isContestOver || wakes.some((wake) => COMPELLING.includes(wake))) return true;
    if (!wakes.includes('drift') || this.#state.retryAt !== undefined) return false;
    if (this.#isDraining) return true;
    const fingerprint = await this.#fingerprint();
    // What the kernel will never take is not tried again and again because nobody knows whether the table is another one.
    const isUnknown = this.#baseline === undefined || fingerprint === undefined;
    return isUnknown ? this.#state.failures === 0 : fingerprint !== this.#baseline;
  }

  async #pass(triggers: readonly Trigger[], startedAt: number, good: GoodFiles, approval: string | undefined): Promise<PassResult> {
    const { drift = 'correct', clock } = this.#options;
    const { applied, protectedServices, refused } = this.#state;
    const approved = refused?.fingerprint === approval ? approval : undefined;
    const write = drift === 'correct' || applied !== good.digest || this.#isDraining || approved !== undefined;
    const rules = this.#timing.contest;
    this.#timers.cancel('retry');
    if (drift === 'off' && !write) {
      this.#rest(startedAt);
      return this.#result(triggers, startedAt, { outcome: 'unchanged' });
    }
    this.#set({ phase: 'running', triggers });
    const before = await this.#fingerprint();
    const now = clock.now();
    if (triggers.every((trigger) => trigger === 'drift')) {
      this.#interruption = new AbortController();
      if (this.#turns.pending.length > 0) this.#interruption.abort();
    }
    const interruption = this.#interruption?.signal;
    const ipvs = this.#options.openTable(interruption);
    const ports: PassPorts = { ...this.#options, ipvs, signal: this.#abort.signal };
    const contest = forget(this.#contest, now, rules);
    const found = await runPass(ports, {
      good,
      write,
      approval: approved,
      contest,
      rules,
      expected: this.#expected,
      protectedServices,
      now,
    });
    this.#interruption = undefined;
    if (interruption?.aborted && found.error?.code === 'ABORTED' && !found.report) {
      // Nothing was learnt: the next look for drift begins anew.
      this.#set({ phase: 'waiting' });
      return this.#result(triggers, startedAt, { outcome: 'unchanged' });
    }
    const result = this.#result(triggers, startedAt, found);
    if (triggers.includes('resync')) this.#resyncCost = result.finishedAt - startedAt;
    await this.#learn(found, result, good, before);
    return result;
  }

  /** Nothing is to be done, so whatever was to be tried again is over. */
  #rest(now: number): void {
    this.#contest = forget(this.#contest, now, this.#timing.contest);
    this.#contestTime = nextContestTime(this.#contest, now, this.#timing.contest);
    if (this.#state.phase === 'retrying') this.#set({ phase: 'waiting', failures: 0, retryAt: undefined });
  }

  async #learn(found: PassFindings, result: PassResult, good: GoodFiles, before: string | undefined): Promise<void> {
    const { outcome, report, error } = found;
    const previous = this.#state;
    const isFirst = previous.lastPass === undefined;
    const remedy = error && !report ? remedyOfError(error) : report && remedyOfReport(report);
    const isApplied = outcome === 'applied' || outcome === 'in-sync';
    this.#contest = found.contest;
    this.#contestTime = nextContestTime(found.contest, result.startedAt, this.#timing.contest);
    if (report && (isApplied || outcome === 'unverified')) this.#expected = report.plan.desired;
    else if (outcome === 'partial') this.#expected = undefined;
    // A fingerprint from before a pass that wrote is that of another table; after one that failed, time or the next resync is what helps.
    this.#baseline = remedy ? await this.#fingerprint() : (report?.done ?? 0) === 0 ? before : undefined;

    const { passes, corrections, reversals } = previous.totals;
    const isCorrection = outcome === 'applied' && previous.applied === good.digest;
    const now = this.#options.clock.now();
    this.#set({
      ...this.#afterwards(remedy, previous),
      lastPass: result,
      applied: isApplied && report ? good.digest : outcome === 'partial' || outcome === 'unverified' ? undefined : previous.applied,
      protectedServices:
        isApplied && report ? protectedAfter(previous.protectedServices, good.desired, report.plan.desired) : previous.protectedServices,
      drift: found.drift.length > 0 ? { changes: found.drift, since: previous.drift?.since ?? now } : undefined,
      refused:
        outcome === 'failed'
          ? previous.refused
          : found.refused && { since: now, ...sameRefused(previous, found.refused.fingerprint), ...found.refused },
      drains: report && HAPPENED.includes(outcome) ? report.drains : previous.drains,
      contested: this.#contested(),
      totals: { passes: passes + 1, corrections: corrections + Number(isCorrection), reversals: reversals + found.reversed },
    });
    if (isFirst && error?.code === 'PERMISSION') throw error;
  }

  /** Whether and when to try again. */
  #afterwards(remedy: Remedy | undefined, { failures: before }: LoopState): Pick<LoopState, 'phase' | 'failures' | 'retryAt'> {
    const failures = remedy ? before + 1 : 0;
    if (remedy !== 'time') return { phase: 'waiting', failures, retryAt: undefined };
    const delay = backOffDelay(failures, this.#timing.backOff, this.#random());
    return { phase: 'retrying', failures, retryAt: this.#options.clock.now() + delay };
  }

  /** Starts every timer that is not running and should be. */
  #arm(): void {
    const { clock, drift = 'correct' } = this.#options;
    const { interval, resync, secondRead } = this.#timing;
    const { config, retryAt } = this.#state;
    const now = clock.now();
    const until = (time: number | undefined): number | undefined => (time === undefined ? undefined : time - now);
    this.#timers.start('drift', drift !== 'off' || this.#isDraining ? interval : undefined);
    const spared = Math.max(resync, Math.min(RESYNC_MOST, this.#resyncCost / RESYNC_SHARE));
    this.#timers.start('resync', spared * (0.9 + 0.2 * this.#random()));
    this.#timers.start('retry', until(retryAt));
    if (needsSecondRead(config)) {
      this.#timers.start('second-read', config.held ? until(config.held.since + secondRead) : secondRead);
    } else {
      this.#timers.cancel('second-read');
      this.#turns.drop('second-read');
    }
    this.#timers.cancel('contested');
    this.#timers.start('contested', until(this.#contestTime));
  }

  #end(state: Partial<LoopState>): void {
    this.#timers.cancelAll();
    this.#turns.end(this.#result(this.#turns.pending.filter(isTrigger), this.#options.clock.now(), { outcome: 'stopped' }));
    this.#set({ ...state, retryAt: undefined });
  }

  #result(triggers: readonly Trigger[], startedAt: number, found: Pick<PassFindings, 'outcome'> & Partial<PassFindings>): PassResult {
    const { outcome, report, error } = found;
    return { triggers, startedAt, finishedAt: this.#options.clock.now(), outcome, report, error };
  }

  #set(change: Partial<LoopState>): void {
    const previous = this.#state;
    this.#state = { ...previous, ...change };
    this.#options.onState?.(this.#state, previous);
  }

  get #isDraining(): boolean {
    return this.#state.drains.length > 0;
  }

  #contested(): LoopState['contested'] {
    return [...this.#contest.contested.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** undefined when it cannot be told: then the table itself must be read. */
  async #fingerprint(): Promise<string | undefined> {
    try {
      return await this.#options.fingerprint?.();
    } catch {
      return undefined;
    }
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }
}

function sameRefused({ refused }: LoopState, fingerprint: string): { readonly since: number } | undefined {
  return refused?.fingerprint === fingerprint ? { since: refused.since } : undefined;
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: unknown) => void } {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Whoever does not ask for it is told by the state.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
