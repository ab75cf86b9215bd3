import { encodeDocument } from '../../fleet/document.ts';
import { fleetOverridesKey } from '../../fleet/fleet-override.ts';
import { NODE_REPORT, type NodeReport } from '../../fleet/node-report.ts';
import {
  DAEMON_LIFE,
  type FleetDaemon,
  type FleetNode,
  livesKey,
  nodeKey,
  nodesKey,
  nodesOf,
  reportKey,
  reportsKey,
} from '../../fleet/nodes.ts';
import {
  NODE_PROGRESS,
  type NodeProgress,
  type RolloutState,
  type ToldProgress,
} from '../../fleet/rollout.ts';
import { isObject } from '../../model/shape.ts';
import type { EtcdClient } from './client.ts';
import { type LeasedOverride, overridesOf } from './fleet-overrides.ts';
import { readManifest, requireCurrent } from './generation.ts';
import { nodeOf } from './layout.ts';
import type { Lease } from './leases.ts';
import { readFleetSnapshot } from './rollouts.ts';

/** A daemon that keeps a lease. */
export interface LivingDaemon {
  readonly id: string;
  readonly host: string;
  readonly lease: Lease;
}

/** The words of a node about itself. What is absent stays as it was written before. */
export interface NodeWords {
  readonly report?: NodeReport | undefined;
  readonly progress?: ToldProgress | undefined;
  /** Says that a daemon of the node reports, for as long as its lease is kept. */
  readonly life?: LivingDaemon | undefined;
}

/**
 * Writes what a node says of itself. Its report stays when the node is gone, and so tells who
 * belongs to the fleet.
 */
export async function writeNode(
  client: EtcdClient,
  prefix: string,
  node: string,
  { report, progress, life }: NodeWords,
): Promise<void> {
  const put = (key: string, value: Buffer, lease?: Lease) => ({
    request_put: { key: base64(key), value: value.toString('base64'), ...(lease && { lease }) },
  });
  const writes = [
    ...(report ? [put(reportKey(prefix, node), encodeDocument(NODE_REPORT, report))] : []),
    ...(progress
      ? [put(nodeKey(prefix, node, 'progress'), encodeDocument(NODE_PROGRESS, progress))]
      : []),
    ...(life
      ? [
          put(nodeKey(prefix, node, 'member'), Buffer.alloc(0)),
          put(
            `${livesKey(prefix, node)}${life.id}`,
            encodeDocument(DAEMON_LIFE, { host: life.host }),
            life.lease,
          ),
        ]
      : []),
  ];
  await client.ask('kv/txn', { success: writes });
}

/** Reads the progress that an earlier daemon of a node has told. undefined: none can be read. */
export async function readProgress(
  client: EtcdClient,
  prefix: string,
  node: string,
): Promise<NodeProgress | undefined> {
  const entry = await client.get(nodeKey(prefix, node, 'progress'));
  const [found] = entry ? nodesOf(prefix, [entry]) : [];
  return found?.progress;
}

/** Reads which daemons report under the name of a node, the one that began first before others. */
export async function readDaemons(
  client: EtcdClient,
  prefix: string,
  node: string,
): Promise<readonly FleetDaemon[]> {
  const entries = await client.list(livesKey(prefix, node));
  const inOrder = [...entries].sort((a, b) => Number(a.created) - Number(b.created));
  return inOrder.flatMap((entry) => nodesOf(prefix, [entry])[0]?.daemons ?? []);
}

/**
 * Deletes what a node has said. A node that reports comes back. Returns whether there was anything
 * to delete.
 */
export async function forgetNode(
  client: EtcdClient,
  prefix: string,
  node: string,
): Promise<boolean> {
  const begin = `${nodesKey(prefix)}${node}`;
  // "0" follows "/".
  const range = { key: base64(`${begin}/`), range_end: base64(`${begin}0`) };
  const answers = [
    await client.ask('kv/deleterange', range),
    await client.ask('kv/deleterange', { key: base64(reportKey(prefix, node)) }),
  ];
  // etcd leaves out a count of zero.
  return answers.some((answer) => isObject(answer) && answer.deleted !== undefined);
}

/** The directors of a configuration, and the generation that they are to have. */
export interface Fleet {
  readonly prefix: string;
  readonly current: number;
  readonly nodes: readonly FleetNode[];
  /** undefined: the current generation was pushed without a rollout. */
  readonly rollout: RolloutState | undefined;
  /** The overrides that operators set for all directors. */
  readonly overrides: readonly LeasedOverride[];
}

/** Reads the nodes that have files of their own in the current generation, or ever reported. */
export async function readFleet(client: EtcdClient, prefix: string): Promise<Fleet> {
  const { generation } = await requireCurrent(client, prefix);
  const { manifest } = await readManifest(client, prefix, generation);
  const named = manifest.files.flatMap(({ name }) => nodeOf(name) ?? []);
  const also = [reportsKey(prefix), fleetOverridesKey(prefix)];
  const snapshot = await readFleetSnapshot(client, prefix, { named, also });
  const { current, nodes, rollout, others } = snapshot;
  const overrides = overridesOf(prefix, others);
  return { prefix, current: current.generation, nodes, rollout, overrides };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
