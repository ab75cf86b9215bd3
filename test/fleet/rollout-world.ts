import { nextProgress, type TimedProgress, type Verdict } from '../../src/fleet/progress.ts';
import {
  hasFailedAway,
  mayTake,
  type Rollout,
  type RolloutMark,
  type RolloutNode,
  type RolloutState,
  rolloutState,
} from '../../src/fleet/rollout.ts';

const AT = '2026-11-30T12:00:00Z';

/** The rule, which a test replaces by a broken one. */
export interface Rule {
  readonly stateOf: typeof rolloutState;
  readonly mayTake: typeof mayTake;
  readonly hasFailed: typeof hasFailedAway;
}

export const RULE: Rule = { stateOf: rolloutState, mayTake, hasFailed: hasFailedAway };

/** The keys in etcd at one revision. */
interface Revision {
  readonly nodes: readonly RolloutNode[];
  readonly mark: RolloutMark | undefined;
}

/** A step of a world, by numbers that a property chooses. */
export type Step =
  /** A node looks at etcd, as it was `age` revisions ago, decides, and tells its progress. */
  | { readonly kind: 'look'; readonly node: number; readonly age: number }
  /** The verdict of a node's table from now on, once it has the generation. */
  | { readonly kind: 'verdict'; readonly node: number; readonly verdict: Verdict }
  | { readonly kind: 'crash' | 'start' | 'stop' | 'lose' | 'reach'; readonly node: number }
  /** An operator forgets a node, which is refused while the node reports. */
  | { readonly kind: 'forget'; readonly node: number }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'halt' | 'resume' };

interface Director {
  readonly name: string;
  isRunning: boolean;
  /** False while no packet reaches etcd, and the lease is over. */
  isConnected: boolean;
  hasTaken: boolean;
  verdict: Verdict;
  timed: TimedProgress | undefined;
  /** When the node came in sync with the generation, as an onlooker sees it. */
  goodSince: number | undefined;
  hasSoaked: boolean;
}

/** Directors and an etcd, in which everything that happens is a step. */
export class RolloutWorld {
  readonly #rule: Rule;
  readonly #rollout: Rollout;
  readonly #directors: readonly Director[];
  #seconds = 0;
  #revisions: Revision[];
  /** Promises that were broken, each in a sentence. */
  readonly broken: string[] = [];
  /** The revision and the round in which the rollout was halted. */
  #halted: { readonly revision: number; readonly round: number } | undefined;

  constructor(rule: Rule, rollout: Rollout, names: readonly string[]) {
    this.#rule = rule;
    this.#rollout = rollout;
    this.#directors = names.map((name) => ({
      ...{ name, isRunning: true, isConnected: true, hasTaken: false, verdict: 'good' as const },
      ...{ timed: undefined, goodSince: undefined, hasSoaked: false },
    }));
    const nodes = names.map((name) => ({
      ...{ name, isReporting: true, isStopped: false, progress: undefined },
    }));
    this.#revisions = [{ nodes, mark: undefined }];
  }

  get takers(): readonly string[] {
    return this.#directors.flatMap(({ name, hasTaken }) => (hasTaken ? [name] : []));
  }

  get state(): RolloutState {
    const { nodes, mark } = this.#now;
    return this.#rule.stateOf(this.#rollout, mark, nodes);
  }

  get #now(): Revision {
    return this.#revisions.at(-1) ?? { nodes: [], mark: undefined };
  }

  run(step: Step): void {
    if (step.kind === 'pass') this.#pass(step.seconds);
    else if ('node' in step) {
      const director = this.#directors[step.node % this.#directors.length];
      if (director) this.#act(director, step);
    } else this.#mark(step.kind === 'halt');
    this.#noteHalt();
  }

  /** Lets every director look at etcd as it is now, again and again. */
  settle(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      this.#pass(this.#rollout.soak_seconds + 1);
      for (const director of this.#directors) this.#look(director, 0);
    }
  }

  #act(director: Director, step: Extract<Step, { node: number }>): void {
    switch (step.kind) {
      case 'look':
        this.#look(director, step.age);
        break;
      case 'verdict':
        this.#judge(director, step.verdict);
        break;
      case 'crash':
      case 'stop':
        director.isRunning = false;
        // A daemon that starts again measures anew; what it had told is in etcd.
        director.timed = undefined;
        this.#write(director.name, { isReporting: false, isStopped: step.kind === 'stop' });
        break;
      case 'lose':
        director.isConnected = false;
        this.#write(director.name, { isReporting: false });
        break;
      case 'forget':
        this.#forget(director.name);
        break;
      default:
        if (step.kind === 'start') director.isRunning = true;
        else director.isConnected = true;
        if (director.isRunning && director.isConnected) this.#comeBack(director);
    }
  }

  /** Tells what others have seen while the director was away, in the moment in which it is back. */
  #comeBack(director: Director): void {
    const { name } = director;
    const own = this.#now.nodes.find((node) => node.name === name);
    const { state } = this;
    if (own?.progress && !own.isReporting && !own.isStopped && this.#rule.hasFailed(state, name)) {
      const { halt = '', round } = state;
      const progress = { ...own.progress, round, stage: 'failed' as const, halt };
      director.timed = { progress, goodSince: undefined };
      this.#write(name, { isReporting: true, isStopped: false, progress });
    } else this.#write(name, { isReporting: true, isStopped: false });
    this.#look(director, 0);
  }

  #look(director: Director, age: number): void {
    const { name } = director;
    if (!director.isRunning || !director.isConnected) return;
    const at = Math.max(0, this.#revisions.length - 1 - age);
    const revision = this.#revisions[at] ?? this.#now;
    const present = revision.nodes.map((node) =>
      node.name === name ? { ...node, isReporting: true } : node,
    );
    const state = this.#rule.stateOf(this.#rollout, revision.mark, present);
    const isTaken = director.hasTaken || this.#rule.mayTake(state, name);
    if (isTaken && !director.hasTaken) this.#take(director, at, state.round);
    const told = this.#now.nodes.find((node) => node.name === name)?.progress;
    const before = director.timed ?? (told && { progress: told, goodSince: undefined });
    const { generation, soak_seconds: soakSeconds } = this.#rollout;
    const seen = {
      ...{ generation, soakSeconds, isTaken, round: state.round, halt: state.halt },
      ...{ isDone: state.isDone, lookMilliseconds: 0, basis: '' },
    };
    director.timed = nextProgress(before, seen, director.verdict, this.#seconds);
    const { progress } = director.timed;
    this.#write(name, { isReporting: true, isStopped: false, progress });
  }

  /** Checks the promises at the moment in which a director takes the generation. */
  #take(director: Director, revision: number, round: number): void {
    const { waves, max_failed } = this.#rollout;
    const own = waves.findIndex((names) => names.includes(director.name));
    const earlier = waves.slice(0, own === -1 ? undefined : own).flat();
    const unready = earlier.filter(
      (name) =>
        !this.#directors.find((each) => each.name === name)?.hasSoaked &&
        !isForgotten(name, this.#revisions[revision]),
    );
    if (unready.length > max_failed)
      this.broken.push(`${director.name} took it before ${unready.join(', ')}`);
    const halted = this.#halted;
    if (halted && revision >= halted.revision && round === halted.round)
      this.broken.push(`${director.name} took it while the rollout was halted`);
    director.hasTaken = true;
    this.#judge(director, director.verdict);
  }

  #judge(director: Director, verdict: Verdict): void {
    director.verdict = verdict;
    if (!director.hasTaken || verdict !== 'good') director.goodSince = undefined;
    else director.goodSince ??= this.#seconds;
    this.#pass(0);
  }

  #pass(seconds: number): void {
    this.#seconds += seconds;
    for (const director of this.#directors) {
      const { goodSince } = director;
      if (goodSince !== undefined && this.#seconds - goodSince >= this.#rollout.soak_seconds)
        director.hasSoaked = true;
    }
  }

  #mark(halted: boolean): void {
    const { generation } = this.#rollout;
    const { round } = this.state;
    const about = { by: 'op', reason: '', at: AT };
    const forgotten = this.#now.mark?.forgotten;
    const mark = { generation, halted, round: halted ? round : round + 1, forgotten, ...about };
    this.#revisions = [...this.#revisions, { ...this.#now, mark }];
  }

  /** Does what `fleet forget` does: the halt that there is stays. */
  #forget(name: string): void {
    const { nodes, mark } = this.#now;
    if (nodes.find((node) => node.name === name)?.isReporting) return;
    const { round, halt } = this.state;
    const forgotten = [...(mark?.forgotten ?? []), name];
    const about = { generation: this.#rollout.generation, by: 'op', reason: '', at: AT };
    const marked = { ...about, round, halted: halt !== undefined, forgotten };
    this.#revisions = [...this.#revisions, { ...this.#now, mark: marked }];
    this.#write(name, { isReporting: false, isStopped: false, progress: undefined });
  }

  #write(name: string, members: Partial<RolloutNode>): void {
    const nodes = this.#now.nodes.map((node) =>
      node.name === name ? { ...node, ...members } : node,
    );
    this.#revisions = [...this.#revisions, { ...this.#now, nodes }];
  }

  /** Remembers the first revision of each round in which an onlooker sees it halted. */
  #noteHalt(): void {
    const { mark, nodes } = this.#now;
    const { round, halt } = rolloutState(this.#rollout, mark, nodes);
    if (this.#halted?.round === round || halt === undefined) return;
    this.#halted = { revision: this.#revisions.length - 1, round };
  }
}

/** Tells whether a node was forgotten at a revision, and has said nothing since. */
function isForgotten(name: string, revision: Revision | undefined): boolean {
  const node = revision?.nodes.find((each) => each.name === name);
  const hasSpoken = node?.isReporting === true || node?.progress !== undefined;
  return revision?.mark?.forgotten?.includes(name) === true && !hasSpoken;
}
