import { encodeDocument } from '../../fleet/document.ts';
import { NODE_REPORT, type NodeReport } from '../../fleet/node-report.ts';
import {
  type FleetNode,
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
import type { EtcdClient } from './client.ts';
import { readManifest, requireCurrent } from './generation.ts';
import { nodeOf } from './layout.ts';
import type { Lease } from './leases.ts';
import { readFleetSnapshot } from './rollouts.ts';

/** The words of a node about itself. What is absent stays as it was written before. */
export interface NodeWords {
  readonly report?: NodeReport | undefined;
  readonly progress?: ToldProgress | undefined;
  /** Says that the node reports, for as long as the lease is kept. */
  readonly lease?: Lease | undefined;
}

/**
 * Writes what a node says of itself. Its report stays when the node is gone, and so tells who
 * belongs to the fleet.
 */
export async function writeNode(
  client: EtcdClient,
  prefix: string,
  node: string,
  { report, progress, lease }: NodeWords,
): Promise<void> {
  const put = (key: string, value: Buffer, lease?: Lease) => ({
    request_put: { key: base64(key), value: value.toString('base64'), ...(lease && { lease }) },
  });
  const nothing = Buffer.alloc(0);
  const writes = [
    ...(report ? [put(reportKey(prefix, node), encodeDocument(NODE_REPORT, report))] : []),
    ...(progress
      ? [put(nodeKey(prefix, node, 'progress'), encodeDocument(NODE_PROGRESS, progress))]
      : []),
    ...(lease === undefined
      ? []
      : [
          put(nodeKey(prefix, node, 'member'), nothing),
          put(nodeKey(prefix, node, 'life'), nothing, lease),
        ]),
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

/** Deletes what a node has said. A node that reports comes back. */
export async function forgetNode(client: EtcdClient, prefix: string, node: string): Promise<void> {
  const begin = `${nodesKey(prefix)}${node}`;
  // "0" follows "/".
  const range = { key: base64(`${begin}/`), range_end: base64(`${begin}0`) };
  await client.ask('kv/deleterange', range);
  await client.ask('kv/deleterange', { key: base64(reportKey(prefix, node)) });
}

/** The directors of a configuration, and the generation that they are to have. */
export interface Fleet {
  readonly prefix: string;
  readonly current: number;
  readonly nodes: readonly FleetNode[];
  /** undefined: the current generation was pushed without a rollout. */
  readonly rollout: RolloutState | undefined;
}

/** Reads the nodes that have files of their own in the current generation, or ever reported. */
export async function readFleet(client: EtcdClient, prefix: string): Promise<Fleet> {
  const { generation } = await requireCurrent(client, prefix);
  const { manifest } = await readManifest(client, prefix, generation);
  const named = manifest.files.flatMap(({ name }) => nodeOf(name) ?? []);
  const also = [reportsKey(prefix)];
  const { current, nodes, rollout } = await readFleetSnapshot(client, prefix, { named, also });
  return { prefix, current: current.generation, nodes, rollout };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
