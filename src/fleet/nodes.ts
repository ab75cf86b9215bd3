import { reportedError } from '../errors.ts';
import { isNodeName } from '../model/node.ts';
import { decodeDocument } from './document.ts';
import { NODE_REPORT, type NodeReport } from './node-report.ts';
import { NODE_PROGRESS, type RolloutNode, type ToldProgress } from './rollout.ts';

/** A director, as the others know it. */
export interface FleetNode {
  readonly name: string;
  /** True while its daemon runs and reaches etcd. */
  readonly isReporting: boolean;
  /** The last report. undefined: it never reported, or `problem` says why it cannot be read. */
  readonly report: NodeReport | undefined;
  /** Its part in a rollout. undefined: it has nothing to tell, or `problem` says why. */
  readonly progress: ToldProgress | undefined;
  readonly problem: string | undefined;
}

/**
 * The small keys of a node, which all nodes read: `member` stays when the node is gone, and `life`
 * goes with its lease. A director writes nothing but these and its report.
 */
export type NodeKey = 'member' | 'life' | 'progress';

/** The beginning of the keys of all nodes. */
export function nodesKey(prefix: string): string {
  return `${prefix}/nodes/`;
}

export function nodeKey(prefix: string, node: string, key: NodeKey): string {
  return `${nodesKey(prefix)}${node}/${key}`;
}

/** The beginning of the keys of all reports. They are for people, and large. */
export function reportsKey(prefix: string): string {
  return `${prefix}/reports/`;
}

export function reportKey(prefix: string, node: string): string {
  return `${reportsKey(prefix)}${node}`;
}

/**
 * Makes nodes of the keys below `nodesKey` and `reportsKey`, and of the names of nodes that have
 * files. A document of another version is a problem of its node alone.
 */
export function nodesOf(
  prefix: string,
  entries: readonly { readonly key: string; readonly value: Buffer }[],
  named: readonly string[] = [],
): FleetNode[] {
  const nodes = new Map<string, FleetNode>();
  const at = (name: string): FleetNode =>
    nodes.get(name) ?? {
      ...{ name, isReporting: false, report: undefined, progress: undefined, problem: undefined },
    };
  for (const name of named) nodes.set(name, at(name));
  for (const { key, value } of entries) {
    const [room, name = '', kind] = key.slice(prefix.length + 1).split('/');
    if (!isNodeName(name)) continue;
    const node = at(name);
    if (room === 'reports') nodes.set(name, withDocument(node, 'report', key, value));
    else if (kind === 'progress') nodes.set(name, withDocument(node, 'progress', key, value));
    else nodes.set(name, { ...node, isReporting: node.isReporting || kind === 'life' });
  }
  return [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const FORMATS = { report: NODE_REPORT, progress: NODE_PROGRESS };

function withDocument(
  node: FleetNode,
  name: keyof typeof FORMATS,
  key: string,
  value: Buffer,
): FleetNode {
  try {
    return { ...node, [name]: decodeDocument<object>(key, value, FORMATS[name]) };
  } catch (error) {
    return { ...node, problem: reportedError(error).message };
  }
}

/** Returns a node as the rule of a rollout looks at it. */
export function rolloutNode({ name, isReporting, progress }: FleetNode): RolloutNode {
  return { name, isReporting, isStopped: progress?.stopped === true, progress };
}

/** Tells whether a node has a generation, or a later one, and keeps its table so. */
export function hasGeneration({ isReporting, report }: FleetNode, generation: number): boolean {
  const applied = report?.generation.applied ?? 0;
  return isReporting && report?.healthy === true && applied >= generation;
}
