import { IpvstateError } from '../../errors.ts';
import { decodeDocument, encodeDocument } from '../../fleet/document.ts';
import { type FleetNode, nodesKey, nodesOf, rolloutNode } from '../../fleet/nodes.ts';
import type { SeenRollout } from '../../fleet/progress.ts';
import {
  hasFailedAway,
  isForAll,
  MAX_HALT_LENGTH,
  mayTake,
  type NodeProgress,
  ROLLOUT,
  ROLLOUT_MARK,
  type Rollout,
  type RolloutMark,
  type RolloutState,
  rolloutSeenBy,
  rolloutState,
} from '../../fleet/rollout.ts';
import { MAX_REASON_LENGTH } from '../../model/pause.ts';
import { isText, listOf, objectOf, optional } from '../../model/shape.ts';
import { sha256 } from '../digest.ts';
import type { EtcdClient, EtcdEntry } from './client.ts';
import { type CurrentEntry, type Generation, readCurrent, requireCurrent } from './generation.ts';
import { type Current, currentKey, decodeCurrent, rolloutKey, rolloutMarkKey } from './layout.ts';

/** The current generation with its rollout and the nodes, as they were at one revision of etcd. */
export interface FleetSnapshot {
  readonly current: CurrentEntry;
  readonly nodes: readonly FleetNode[];
  /** undefined: the current generation was pushed without a rollout. */
  readonly rollout: RolloutState | undefined;
  readonly mark: RolloutMark | undefined;
  /** The revision of the mark. undefined: there is none. */
  readonly markRevision: string | undefined;
  /** The entries of the further keys. */
  readonly others: readonly EtcdEntry[];
}

interface NodeKeys {
  readonly named?: readonly string[];
  readonly also?: readonly string[];
}

/**
 * Reads a fleet at one revision. A rollout that is missing or damaged is an error: it never means
 * that every director may have the generation. `named` are nodes that need not have reported, and
 * `also` further keys, such as reports, which the rule of a rollout does not look at.
 */
export async function readFleetSnapshot(
  client: EtcdClient,
  prefix: string,
  { named = [], also = [] }: NodeKeys = {},
): Promise<FleetSnapshot> {
  let { generation } = await requireCurrent(client, prefix);
  for (;;) {
    const [currents = [], rollouts = [], marks = [], ...ofNodes] = await client.readTogether([
      currentKey(prefix),
      rolloutKey(prefix, generation),
      rolloutMarkKey(prefix),
      nodesKey(prefix),
      ...also,
    ]);
    const [entry] = currents;
    if (!entry) throw new IpvstateError('NO_INPUT', `etcd:${prefix} has no generation`);
    const current = { ...decodeCurrent(entry.key, entry.value), revision: entry.revision };
    if (current.generation !== generation) {
      // Another generation was pushed between the two reads.
      generation = current.generation;
      continue;
    }
    const mark = marks[0] && decodeDocument(marks[0].key, marks[0].value, ROLLOUT_MARK);
    // The rule of a rollout is the same for all: it looks only at what every director reads.
    const [ofMembers = [], ...others] = ofNodes;
    const members = nodesOf(prefix, ofMembers, named);
    const nodes = also.length === 0 ? members : nodesOf(prefix, ofNodes.flat(), named);
    const rollout = await rolloutOf(prefix, current, rollouts[0]);
    return {
      ...{ current, nodes, mark, markRevision: marks[0]?.revision, others: others.flat() },
      rollout: rollout && rolloutState(rollout, mark, members.map(rolloutNode)),
    };
  }
}

async function rolloutOf(
  prefix: string,
  current: Current,
  entry: EtcdEntry | undefined,
): Promise<Rollout | undefined> {
  if (current.rollout === undefined) return undefined;
  const key = rolloutKey(prefix, current.generation);
  if (!entry) throw new IpvstateError('NO_INPUT', `etcd:${key} is missing`, { hint: PUSH_AGAIN });
  if ((await sha256(entry.value)) !== current.rollout)
    throw new IpvstateError('CONFIG', `etcd:${key} is damaged`, { hint: PUSH_AGAIN });
  return decodeDocument(key, entry.value, ROLLOUT);
}

const PUSH_AGAIN = 'Push the files again: `ipvstate push`.';

/** The generation that a node is to read, and the rollout by which that was decided. */
export interface Choice {
  /** undefined: the one that it has. */
  readonly generation: Current | undefined;
  readonly rollout: SeenRollout | undefined;
}

/**
 * Looks at a rollout again after so long, and less often in a large fleet. A node that has the
 * generation only looks for a halt, and for the next round.
 */
const LOOK = { milliseconds: 2000, eachNode: 20, withGeneration: 5 };

/**
 * Decides from one snapshot which generation a node is to read. A node that may not take the
 * current one keeps its own. One that has none gets the last one that everybody was allowed to
 * have. `seen` is the rollout as the node saw it before. Throws `NO_INPUT` when there is none yet.
 */
export async function chooseGeneration(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry,
  node: string,
  own: Pick<Generation, 'sha256'> | undefined,
  seen?: SeenRollout,
): Promise<Choice> {
  if (current.rollout === undefined) return { generation: current, rollout: undefined };
  // Nothing is to be decided any more. All reports of a large fleet are too much to read for that.
  if (own?.sha256 === current.sha256 && seen?.isDone && seen.generation === current.generation)
    return { generation: current, rollout: seen };
  const basis = await readBasis(client, prefix);
  const hasGeneration = own?.sha256 === current.sha256;
  const isSame = seen?.generation === current.generation && seen.basis === basis;
  if (own && seen && isSame && seen.isTaken === hasGeneration)
    return { generation: undefined, rollout: seen };
  const { rollout: found, mark, current: latest, nodes } = await readFleetSnapshot(client, prefix);
  if (!found) return { generation: latest, rollout: undefined };
  const { rollout } = found;
  const state = rolloutSeenBy(node, rollout, mark, nodes.map(rolloutNode));
  const { round, halt, isDone } = state;
  const isTaken = own?.sha256 === latest.sha256 || mayTake(state, node);
  const look = Math.max(LOOK.milliseconds, LOOK.eachNode * nodes.length);
  const sees = {
    ...{ generation: rollout.generation, round, halt, isDone, isTaken, basis },
    soakSeconds: rollout.soak_seconds,
    lookMilliseconds: isTaken ? LOOK.withGeneration * look : look,
  };
  if (isTaken) return { generation: latest, rollout: sees };
  if (own) return { generation: undefined, rollout: sees };
  if (rollout.base) return { generation: rollout.base, rollout: sees };
  const message = `generation ${rollout.generation} of etcd:${prefix} is not for ${node || 'this director'} yet`;
  throw new IpvstateError('NO_INPUT', message, {
    hint: '`ipvstate fleet status` shows the waves of its rollout.',
  });
}

/**
 * Returns the progress that a node has to tell when it comes back, because others have seen it fail
 * while it was away. undefined: it was not away, or nobody counts it as failed.
 */
export async function readFailureAway(
  client: EtcdClient,
  prefix: string,
  node: string,
): Promise<NodeProgress | undefined> {
  const [own] = nodesOf(prefix, await client.list(`${nodesKey(prefix)}${node}/`));
  if (!own?.progress || own.isReporting || own.progress.stopped) return undefined;
  const current = await readCurrent(client, prefix);
  if (current?.rollout === undefined || current.generation !== own.progress.generation)
    return undefined;
  const { rollout } = await readFleetSnapshot(client, prefix);
  if (!rollout || !hasFailedAway(rollout, node)) return undefined;
  const { round, halt = '' } = rollout;
  const { generation } = own.progress;
  return { generation, round, stage: 'failed', halt: halt.slice(0, MAX_HALT_LENGTH) };
}

/**
 * Reads a text that changes with every report, every life of a node and every word of an operator:
 * how many keys there are, and the newest of them. A whole fleet is much to read for nothing new.
 */
async function readBasis(client: EtcdClient, prefix: string): Promise<string> {
  const newest = (key: string) => ({
    request_range: {
      ...{ key: base64(key), range_end: base64(`${key.slice(0, -1)}0`) },
      ...{ sort_order: 'DESCEND', sort_target: 'MOD', limit: '1', keys_only: true },
    },
  });
  const mark = { request_range: { key: base64(rolloutMarkKey(prefix)), keys_only: true } };
  const answer = await client.ask('kv/txn', { success: [newest(nodesKey(prefix)), mark] });
  if (!isAnswer(answer))
    throw new IpvstateError('NO_INPUT', `etcd:${prefix} answers in no known form`);
  return JSON.stringify(
    answer.responses.map(({ response_range: { count = '0', kvs = [] } }) => [
      count,
      kvs.map(({ mod_revision }) => mod_revision),
    ]),
  );
}

interface NewestKey {
  readonly mod_revision: string;
}

interface NewestKeys {
  readonly count?: string | undefined;
  readonly kvs?: readonly NewestKey[] | undefined;
}

const isAnswer = objectOf<{
  readonly responses: readonly { readonly response_range: NewestKeys }[];
}>({
  responses: listOf(
    objectOf<{ readonly response_range: NewestKeys }>({
      response_range: objectOf<NewestKeys>({
        count: optional(isText),
        kvs: optional(listOf(objectOf<NewestKey>({ mod_revision: isText }))),
      }),
    }),
  ),
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/**
 * Finds the last generation, from one on backwards, that every director was allowed to have. A
 * rollout that another push replaced tells by what its directors said then, whether they are there
 * now or not. null: there is none.
 */
export async function lastForAll(
  client: EtcdClient,
  prefix: string,
  generation: number,
): Promise<number | null> {
  const [rollouts = [], marks = [], entries = []] = await client.readTogether([
    rolloutKey(prefix, generation),
    rolloutMarkKey(prefix),
    nodesKey(prefix),
  ]);
  // Without a rollout, it was for all at once.
  if (!rollouts[0]) return generation;
  const rollout = decodeDocument(rollouts[0].key, rollouts[0].value, ROLLOUT);
  const mark = marks[0] && decodeDocument(marks[0].key, marks[0].value, ROLLOUT_MARK);
  const nodes = nodesOf(prefix, entries).map((node) => ({
    ...rolloutNode(node),
    isReporting: true,
  }));
  if (isForAll(rolloutState(rollout, mark, nodes))) return generation;
  return rollout.base?.generation ?? null;
}

/** A rollout that an operator halted or resumed. */
export interface MarkedRollout {
  /** The rollout from before. */
  readonly before: RolloutState;
  /** False for one that was halted by hand already: it keeps the first reason. */
  readonly isChanged: boolean;
}

/**
 * Writes the word of an operator about the rollout of the current generation. A halt keeps the
 * reasons from before. Throws `STALE` when another operator was quicker, `NO_INPUT` when there is
 * no rollout, and `USAGE` when one that is not halted is to be resumed.
 */
export async function markRollout(
  client: EtcdClient,
  prefix: string,
  about: Pick<RolloutMark, 'halted' | 'by' | 'reason' | 'at'>,
): Promise<MarkedRollout> {
  const snapshot = await readFleetSnapshot(client, prefix);
  const { rollout } = snapshot;
  if (!rollout) {
    throw new IpvstateError('NO_INPUT', 'the current generation was pushed without a rollout', {
      hint: '`ipvstate push --generation N` goes back to an earlier generation.',
    });
  }
  const { generation } = rollout.rollout;
  if (!about.halted && rollout.halt === undefined) {
    throw new IpvstateError('USAGE', `the rollout of generation ${generation} is not halted`, {
      hint: 'Run `ipvstate fleet halt` first when failures from before are not to count.',
    });
  }
  const { forgotten, halted: isHaltedByHand } = markOf(snapshot) ?? {};
  if (about.halted && isHaltedByHand) return { before: rollout, isChanged: false };
  // Failures of the round before do not count any more.
  const round = about.halted ? rollout.round : rollout.round + 1;
  const reasons = [about.halted ? rollout.halt : undefined, about.reason || undefined];
  const reason = reasons.filter(isText).join('; ').slice(0, MAX_REASON_LENGTH);
  await writeMark(client, prefix, snapshot, { generation, round, forgotten, ...about, reason });
  return { before: rollout, isChanged: true };
}

/**
 * Takes a node out of what counts in the rollout of the current generation, if there is one that
 * could wait for it. A rollout that is halted stays so: the reason can be a failure of this node,
 * which nobody else has written down yet. Returns whether the node counted before. Throws `STALE`
 * when another operator was quicker.
 */
export async function forgetInRollout(
  client: EtcdClient,
  prefix: string,
  node: string,
  about: Pick<RolloutMark, 'by' | 'at'>,
): Promise<boolean> {
  const snapshot = await readFleetSnapshot(client, prefix);
  const { rollout } = snapshot;
  if (!rollout) return false;
  const { round, halt } = rollout;
  const { generation, waves } = rollout.rollout;
  const mark = markOf(snapshot);
  const isNamed = waves.some((names) => names.includes(node));
  const isCounted = isNamed && !rollout.forgotten.includes(node);
  const isHaltedByHand = mark?.halted === true;
  if (!isCounted && (halt === undefined || isHaltedByHand)) return false;
  const forgotten = isNamed ? [...new Set([...(mark?.forgotten ?? []), node])] : mark?.forgotten;
  await writeMark(client, prefix, snapshot, {
    ...{ generation, round, ...about },
    ...(isHaltedByHand
      ? mark
      : { halted: halt !== undefined, reason: (halt ?? '').slice(0, MAX_REASON_LENGTH) }),
    forgotten,
  });
  return isCounted;
}

/** Returns the word of an operator about the rollout of a snapshot. */
function markOf({ mark, rollout }: FleetSnapshot): RolloutMark | undefined {
  return mark?.generation === rollout?.rollout.generation ? mark : undefined;
}

async function writeMark(
  client: EtcdClient,
  prefix: string,
  { markRevision: revision }: FleetSnapshot,
  mark: RolloutMark,
): Promise<void> {
  const value = encodeDocument(ROLLOUT_MARK, mark);
  if (await client.putAll([{ key: rolloutMarkKey(prefix), value, revision }])) return;
  throw new IpvstateError('STALE', 'another operator changed the rollout meanwhile', {
    hint: 'Look at it with `ipvstate fleet status`, and try again.',
  });
}
