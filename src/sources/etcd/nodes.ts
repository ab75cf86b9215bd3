import { encodeDocument } from '../../fleet/document.ts';
import { NODE_LIFE, NODE_REPORT, type NodeLife, type NodeReport } from '../../fleet/node-report.ts';
import { type FleetNode, nodeKey, nodesKey, nodesOf } from '../../fleet/nodes.ts';
import type { NodeProgress, RolloutState } from '../../fleet/rollout.ts';
import type { EtcdClient } from './client.ts';
import { readManifest, requireCurrent } from './generation.ts';
import { nodeOf } from './layout.ts';
import type { Lease } from './leases.ts';
import { readFleetSnapshot } from './rollouts.ts';

/**
 * Writes the report of a node. It stays when the node is gone, and so tells who belongs to the
 * fleet. With `life`, writes as well that the node reports, for as long as the lease is kept.
 */
export async function writeReport(
  client: EtcdClient,
  prefix: string,
  node: string,
  report: NodeReport,
  life?: NodeLife & { readonly lease: Lease },
): Promise<void> {
  const put = (key: string, value: Buffer, lease?: Lease) => ({
    request_put: { key: base64(key), value: value.toString('base64'), ...(lease && { lease }) },
  });
  const writes = [put(nodeKey(prefix, node, 'report'), encodeDocument(NODE_REPORT, report))];
  if (life) {
    const { lease, daemon } = life;
    const value = encodeDocument(NODE_LIFE, { daemon });
    writes.push(put(nodeKey(prefix, node, 'life'), value, lease));
  }
  await client.ask('kv/txn', { success: writes });
}

/** Reads the progress that an earlier daemon of a node has told. undefined: none can be read. */
export async function readProgress(
  client: EtcdClient,
  prefix: string,
  node: string,
): Promise<NodeProgress | undefined> {
  const entry = await client.get(nodeKey(prefix, node, 'report'));
  const [found] = entry ? nodesOf(prefix, [entry]) : [];
  return found?.report?.rollout ?? undefined;
}

/** Deletes what a node has reported. A node that reports comes back. */
export async function forgetNode(client: EtcdClient, prefix: string, node: string): Promise<void> {
  const begin = `${nodesKey(prefix)}${node}`;
  // "0" follows "/".
  const range = { key: base64(`${begin}/`), range_end: base64(`${begin}0`) };
  await client.ask('kv/deleterange', range);
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
  const { current, nodes, rollout } = await readFleetSnapshot(client, prefix, named);
  return { prefix, current: current.generation, nodes, rollout };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
