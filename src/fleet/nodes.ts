import { reportedError } from '../errors.ts';
import { isNodeName } from '../model/node.ts';
import { isTextUpTo, objectOf } from '../model/shape.ts';
import { decodeDocument, type FleetFormat } from './document.ts';
import { MAX_TEXT, NODE_REPORT, type NodeReport } from './node-report.ts';
import { NODE_PROGRESS, type RolloutNode, type ToldProgress } from './rollout.ts';

/** A daemon that runs and reaches etcd, by the key that lives with its lease. */
export interface FleetDaemon {
  /** Tells daemons of one name apart. A daemon that starts again on its machine keeps it. */
  readonly id: string;
  /** The name of its machine. undefined: its key does not tell. */
  readonly host: string | undefined;
}

/** A director, as the others know it. */
export interface FleetNode {
  readonly name: string;
  /** True while its daemon runs and reaches etcd. */
  readonly isReporting: boolean;
  /** The daemons that report under its name. More than one overwrite the reports of each other. */
  readonly daemons: readonly FleetDaemon[];
  /** The last report. undefined: it never reported, or `problem` says why it cannot be read. */
  readonly report: NodeReport | undefined;
  /** Its part in a rollout. undefined: it has nothing to tell, or `problem` says why. */
  readonly progress: ToldProgress | undefined;
  readonly problem: string | undefined;
}

/** The value of the key of a daemon. */
export interface DaemonLife {
  readonly host: string;
}

export const DAEMON_LIFE: FleetFormat<DaemonLife> = {
  name: 'ipvstate-daemon-life',
  maxBytes: 4 * 1024,
  shape: objectOf<DaemonLife>({ host: isTextUpTo(MAX_TEXT) }),
};

/**
 * The small keys of a node, which all nodes read: `member` stays when the node is gone. Below
 * `life`, each of its daemons has a key, which goes with its lease. A director writes nothing but
 * these and its report.
 */
export type NodeKey = 'member' | 'life' | 'progress';

/** The beginning of the keys of all nodes. */
export function nodesKey(prefix: string): string {
  return `${prefix}/nodes/`;
}

export function nodeKey(prefix: string, node: string, key: NodeKey): string {
  return `${nodesKey(prefix)}${node}/${key}`;
}

/** The beginning of the keys of the daemons of a node. */
export function livesKey(prefix: string, node: string): string {
  return `${nodeKey(prefix, node, 'life')}/`;
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
      ...{ name, isReporting: false, daemons: [] },
      ...{ report: undefined, progress: undefined, problem: undefined },
    };
  for (const name of named) nodes.set(name, at(name));
  for (const { key, value } of entries) {
    const [room, name = '', kind, id = ''] = key.slice(prefix.length + 1).split('/');
    if ((room !== 'nodes' && room !== 'reports') || !isNodeName(name)) continue;
    const node = at(name);
    if (room === 'reports') nodes.set(name, withDocument(node, 'report', key, value));
    else if (kind === 'progress') nodes.set(name, withDocument(node, 'progress', key, value));
    else if (kind === 'life') {
      const daemons = [...node.daemons, { id, host: hostOf(key, value) }];
      nodes.set(name, { ...node, isReporting: true, daemons });
    } else nodes.set(name, node);
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

/** The key tells that the daemon lives, whatever its value is. */
function hostOf(key: string, value: Buffer): string | undefined {
  try {
    return decodeDocument(key, value, DAEMON_LIFE).host;
  } catch {
    return undefined;
  }
}

/** Returns a node as the rule of a rollout looks at it. */
export function rolloutNode({ name, isReporting, progress }: FleetNode): RolloutNode {
  return { name, isReporting, isStopped: progress?.stopped === true, progress };
}

/**
 * Tells whether a node has a generation, or a later one, and keeps its table so. The report of a
 * name that two daemons have is about one of them, and nobody knows about the other.
 */
export function hasGeneration({ daemons, report }: FleetNode, generation: number): boolean {
  const applied = report?.generation.applied ?? 0;
  return daemons.length === 1 && report?.healthy === true && applied >= generation;
}
