import { MAX_REASON_LENGTH } from '../model/pause.ts';
import {
  isCount,
  isFlag,
  isText,
  isTextUpTo,
  isTime,
  listOf,
  nullable,
  objectOf,
  oneOf,
  optional,
} from '../model/shape.ts';
import type { FleetFormat } from './document.ts';

/** A generation, identified by the digest of its manifest. */
export interface GenerationName {
  readonly generation: number;
  readonly sha256: string;
}

/** The way in which a generation reaches the directors: wave after wave. It never changes. */
export interface Rollout {
  readonly generation: number;
  /** The last generation that every director was allowed to have. null: there was none. */
  readonly base: GenerationName | null;
  /** The names of the nodes of each wave. All others are in a last wave of their own. */
  readonly waves: readonly (readonly string[])[];
  /** The time that a node must be in sync with the generation. */
  readonly soak_seconds: number;
  /** The number of nodes that may fail, or be away, without stopping the rollout. */
  readonly max_failed: number;
}

/** The word of an operator about a rollout. */
export interface RolloutMark {
  readonly generation: number;
  /** Counts how often the rollout was resumed. Earlier failures do not count after that. */
  readonly round: number;
  readonly halted: boolean;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  /** The nodes that are no more. They count again when they report again. */
  readonly forgotten?: readonly string[] | undefined;
}

const STAGES = [
  /** The node may not have the generation, or was told nothing else yet. */
  'waiting',
  /** The node has the generation, or is applying it. */
  'taken',
  /** The node was in sync with the generation for the whole soak time. */
  'soaked',
  /** The node was not in sync with the generation. It stays failed until the next round. */
  'failed',
] as const;

/** The state of a node in a rollout, as the node itself tells it. */
export interface NodeProgress {
  readonly generation: number;
  /** The round in which this was written. */
  readonly round: number;
  readonly stage: (typeof STAGES)[number];
  /** Why the node saw the rollout halted in this round. null: it did not. */
  readonly halt: string | null;
}

/** The progress of a node as it is written. */
export interface ToldProgress extends NodeProgress {
  /** True when the daemon was stopped after it. */
  readonly stopped: boolean;
}

/** The longest reason for a halt, in characters. */
export const MAX_HALT_LENGTH = 500;

export const NODE_PROGRESS: FleetFormat<ToldProgress> = {
  name: 'ipvstate-node-progress',
  maxBytes: 4 * 1024,
  shape: objectOf<ToldProgress>({
    generation: isCount,
    round: isCount,
    stage: oneOf(STAGES),
    halt: nullable(isTextUpTo(MAX_HALT_LENGTH)),
    stopped: isFlag,
  }),
};

export const ROLLOUT: FleetFormat<Rollout> = {
  name: 'ipvstate-rollout',
  // The names of 10,000 nodes. etcd takes 1.5 MiB in a request.
  maxBytes: 512 * 1024,
  shape: objectOf<Rollout>({
    generation: isCount,
    base: nullable(objectOf<GenerationName>({ generation: isCount, sha256: isText })),
    waves: listOf(listOf(isText)),
    soak_seconds: isCount,
    max_failed: isCount,
  }),
};

export const ROLLOUT_MARK: FleetFormat<RolloutMark> = {
  name: 'ipvstate-rollout-mark',
  // As many names as a rollout has.
  maxBytes: 512 * 1024,
  shape: objectOf<RolloutMark>({
    generation: isCount,
    round: isCount,
    halted: isFlag,
    by: isTextUpTo(MAX_HALT_LENGTH),
    reason: isTextUpTo(MAX_REASON_LENGTH),
    at: isTime,
    forgotten: optional(listOf(isText)),
  }),
};

/** A node, as far as the rule of a rollout looks at it. */
export interface RolloutNode {
  readonly name: string;
  /** True while its daemon runs and reaches etcd. */
  readonly isReporting: boolean;
  /** True when its daemon ended in good order. */
  readonly isStopped: boolean;
  readonly progress: NodeProgress | undefined;
}

/** A wave, as the reports of its nodes say. */
export interface WaveState {
  readonly nodes: readonly string[];
  /** True when its nodes may have the generation, unless the rollout is halted. */
  readonly isOpen: boolean;
  readonly soaked: readonly string[];
  readonly failed: readonly string[];
  /** Nodes that do not report, and did not fail. */
  readonly missing: readonly string[];
}

/** A rollout at one moment. */
export interface RolloutState {
  readonly rollout: Rollout;
  readonly round: number;
  /** Why it is halted. undefined: it is not. */
  readonly halt: string | undefined;
  /** The last one has the nodes that no wave names. */
  readonly waves: readonly WaveState[];
  /** The nodes that waves name, and that do not count because they were forgotten. */
  readonly forgotten: readonly string[];
  readonly isDone: boolean;
}

/**
 * Finds the state of a rollout. The result follows from the arguments alone, which are of one
 * moment: every node computes it for itself, and nobody leads. A wave opens when each node of the
 * waves before has soaked, but for at most `max_failed` that failed or are missing. A node that
 * took the generation and is away has failed. More failures than that halt the rollout; each node
 * that sees it writes that down, so that it stays halted when the failed node recovers. A node that
 * comes back does so as well. A rollout that was done is not halted by a node that goes away later.
 * A node that was forgotten does not count, until it reports again.
 */
export function rolloutState(
  rollout: Rollout,
  mark: RolloutMark | undefined,
  nodes: readonly RolloutNode[],
): RolloutState {
  const { round = 0, forgotten = [] } = mark?.generation === rollout.generation ? mark : {};
  const known = new Map(nodes.map((node) => [node.name, node]));
  const named = new Set(rollout.waves.flat());
  const gone = new Set(
    forgotten.filter((name) => named.has(name) && hasNothingToTell(known.get(name), rollout)),
  );
  const counted = rollout.waves.map((names) => names.filter((name) => !gone.has(name)));
  const rest = nodes.flatMap(({ name }) => (named.has(name) ? [] : [name]));
  const groups = [...counted, rest];
  const { waves, isDone } = wavesOf(rollout, round, groups, known);
  const present = new Map(nodes.map((node) => [node.name, { ...node, isReporting: true }]));
  const wasDone = isDone || wavesOf(rollout, round, groups, present).isDone;
  const halt = haltOf(rollout, round, mark, nodes, wasDone ? [] : waves);
  return { rollout, round, halt, waves, forgotten: [...gone], isDone };
}

/** Finds the states of waves, which have these nodes. */
function wavesOf(
  rollout: Rollout,
  round: number,
  groups: readonly (readonly string[])[],
  known: ReadonlyMap<string, RolloutNode>,
): Pick<RolloutState, 'waves' | 'isDone'> {
  const waves: WaveState[] = [];
  let isOpen = true;
  let losses = 0;
  for (const names of groups) {
    const states = names.map((name) => [name, stateOf(known.get(name), rollout, round)] as const);
    const those = (state: NodeState): string[] =>
      states.flatMap(([name, each]) => (each === state ? [name] : []));
    const wave = { soaked: those('soaked'), failed: those('failed'), missing: those('missing') };
    waves.push({ nodes: names, isOpen, ...wave });
    losses += wave.failed.length + wave.missing.length;
    isOpen &&= those('busy').length === 0 && losses <= rollout.max_failed;
  }
  return { waves, isDone: isOpen };
}

/**
 * Returns the state of a rollout as a node sees it that looks at etcd, and so is there. Its key can
 * be missing: it comes back.
 */
export function rolloutSeenBy(
  name: string,
  rollout: Rollout,
  mark: RolloutMark | undefined,
  nodes: readonly RolloutNode[],
): RolloutState {
  const present = nodes.map((node) => (node.name === name ? { ...node, isReporting: true } : node));
  return rolloutState(rollout, mark, present);
}

/**
 * Tells whether others have seen a node fail because it was away, and the rollout halted for that.
 * The node tells them so when it comes back: else the rollout would go on.
 */
export function hasFailedAway({ halt, waves }: RolloutState, name: string): boolean {
  return halt !== undefined && waves.some(({ failed }) => failed.includes(name));
}

/** Tells whether a node may take the generation of a rollout. */
export function mayTake({ rollout, waves, halt }: RolloutState, node: string): boolean {
  const found = rollout.waves.findIndex((names) => names.includes(node));
  const wave = found === -1 ? waves.at(-1) : waves[found];
  return halt === undefined && wave?.isOpen === true;
}

/** Tells whether every known node may take the generation of a rollout. */
export function isForAll({ waves, halt }: RolloutState): boolean {
  return halt === undefined && waves.every(({ nodes, isOpen }) => isOpen || nodes.length === 0);
}

type NodeState = 'busy' | 'soaked' | 'failed' | 'missing';

function stateOf(node: RolloutNode | undefined, { generation }: Rollout, round: number): NodeState {
  const progress = node?.progress?.generation === generation ? node.progress : undefined;
  const { stage = 'waiting' } = progress ?? {};
  if (stage === 'failed' && progress?.round === round) return 'failed';
  if (node?.isReporting) return stage === 'soaked' ? 'soaked' : 'busy';
  if (node?.isStopped) return stage === 'soaked' ? 'soaked' : 'missing';
  return stage === 'waiting' ? 'missing' : 'failed';
}

/** Tells whether a node does not report, and did not take the generation either. */
function hasNothingToTell(node: RolloutNode | undefined, { generation }: Rollout): boolean {
  return !node?.isReporting && node?.progress?.generation !== generation;
}

function haltOf(
  { generation, max_failed }: Rollout,
  round: number,
  mark: RolloutMark | undefined,
  nodes: readonly RolloutNode[],
  waves: readonly WaveState[],
): string | undefined {
  if (mark?.generation === generation && mark.halted)
    return `by ${mark.by}${mark.reason === '' ? '' : `: ${mark.reason}`}`;
  for (const { progress } of nodes)
    if (progress?.generation === generation && progress.round === round && progress.halt !== null)
      return progress.halt;
  const failed = waves.flatMap((wave) => wave.failed);
  if (failed.length <= max_failed) return undefined;
  const shown = failed.slice(0, SHOWN_FAILURES).join(', ');
  return `${shown}${failed.length > SHOWN_FAILURES ? ', ...' : ''} failed`;
}

/** The number of failed nodes that a reason names. Names have at most 64 characters. */
const SHOWN_FAILURES = 5;
