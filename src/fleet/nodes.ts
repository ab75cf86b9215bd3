import { reportedError } from '../errors.ts';
import { isNodeName } from '../model/node.ts';
import { decodeDocument } from './document.ts';
import { NODE_REPORT, type NodeReport } from './node-report.ts';
import type { RolloutNode } from './rollout.ts';

/** A director, as the others know it. */
export interface FleetNode {
  readonly name: string;
  /** True while its daemon runs and reaches etcd. */
  readonly isReporting: boolean;
  /** The last report. undefined: it never reported, or `problem` says why it cannot be read. */
  readonly report: NodeReport | undefined;
  readonly problem: string | undefined;
}

/** The keys of a node. `PREFIX/nodes/NAME/` is the only place that a director writes to. */
export type NodeKey = 'report' | 'life';

/** The beginning of the keys of all nodes. */
export function nodesKey(prefix: string): string {
  return `${prefix}/nodes/`;
}

export function nodeKey(prefix: string, node: string, key: NodeKey): string {
  return `${nodesKey(prefix)}${node}/${key}`;
}

/**
 * Makes nodes of the keys below `nodesKey`, and of the names of nodes that have files. A report of
 * another version is a problem of its node alone.
 */
export function nodesOf(
  prefix: string,
  entries: readonly { readonly key: string; readonly value: Buffer }[],
  named: readonly string[] = [],
): FleetNode[] {
  const nodes = new Map<string, FleetNode>();
  const at = (name: string): FleetNode =>
    nodes.get(name) ?? { name, isReporting: false, report: undefined, problem: undefined };
  for (const name of named) nodes.set(name, at(name));
  for (const { key, value } of entries) {
    const [name = '', kind] = key.slice(nodesKey(prefix).length).split('/');
    if (!isNodeName(name)) continue;
    if (kind === 'life') nodes.set(name, { ...at(name), isReporting: true });
    if (kind === 'report') nodes.set(name, { ...at(name), ...readReport(key, value) });
  }
  return [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readReport(key: string, value: Buffer): Pick<FleetNode, 'report' | 'problem'> {
  try {
    return { report: decodeDocument(key, value, NODE_REPORT), problem: undefined };
  } catch (error) {
    return { report: undefined, problem: reportedError(error).message };
  }
}

/** Returns a node as the rule of a rollout looks at it. */
export function rolloutNode({ name, isReporting, report }: FleetNode): RolloutNode {
  const progress = report?.rollout ?? undefined;
  return { name, isReporting, isStopped: report?.stopped === true, progress };
}

/** Tells whether a node has a generation, or a later one, and keeps its table so. */
export function hasGeneration({ isReporting, report }: FleetNode, generation: number): boolean {
  const applied = report?.generation.applied ?? 0;
  return isReporting && report?.healthy === true && applied >= generation;
}
