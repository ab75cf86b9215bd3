import type { Desired } from '../model/desired.ts';
import { printable } from '../model/printable.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Change } from '../plan/change.ts';
import { formatChanges, formatSummary } from './changes.ts';
import { wrapHanging } from './explain/wrap.ts';
import { formatJson, type Json } from './json.ts';
import { changeJson, summaryJson } from './plan-json.ts';
import { listOf } from './rollout.ts';

/** The plan of directors that would do the same. */
export interface NodePlan {
  readonly nodes: readonly string[];
  /** The generation that they have applied. null: none, or nobody knows. */
  readonly generation: number | null;
  /** True when their live tables are as this generation says. */
  readonly isLive: boolean;
  /** Why the live tables are not known, or why there is no plan. */
  readonly why: string | undefined;
  /** undefined: there is no plan. */
  readonly changes: readonly Change[] | undefined;
  readonly names: ReadonlyMap<ServiceKey, string>;
  readonly locate: Desired['locate'];
}

/** Joins the plans of directors that are equal. */
export function joinPlans(plans: readonly NodePlan[]): NodePlan[] {
  const joined = new Map<string, NodePlan>();
  const texts = new Map<NodePlan['changes'], string>();
  for (const each of plans) {
    const { generation, why, changes } = each;
    const text = texts.get(changes) ?? JSON.stringify(changesJson(each));
    texts.set(changes, text);
    const key = JSON.stringify([generation, why, text]);
    const known = joined.get(key);
    joined.set(key, known ? { ...known, nodes: [...known.nodes, ...each.nodes] } : each);
  }
  return [...joined.values()];
}

/** Formats the plans of directors: those with equal plans have one. */
export function formatNodePlans(plans: readonly NodePlan[], columns = 80): string {
  return plans.map((each) => formatNodePlan(each, columns)).join('');
}

function formatNodePlan(found: NodePlan, columns: number): string {
  const { nodes, changes, names } = found;
  const title = wrapHanging(printable(`${listOf(nodes)}: ${describe(found)}`), columns, '    ');
  const head = title.map((line) => `${line}\n`).join('');
  if (!changes || changes.length === 0) return head;
  const locate = (change: Change) =>
    change.object === 'service' && change.after ? found.locate(change.service) : undefined;
  const counters = new Map();
  const text = formatChanges(changes, { counters, names, locate });
  return `${head}${text.replace(/^(?=.)/gm, '  ')}`;
}

function describe({ generation, isLive, why, changes }: NodePlan): string {
  if (!changes) return `no plan: ${why}`;
  const sum = changes.length === 0 ? 'no changes' : formatSummary(changes);
  const basis = isLive
    ? `the live table is as generation ${generation} says`
    : `from the files of generation ${generation} alone, because ${why}`;
  return `${sum}; ${basis}`;
}

export function nodePlanJson(found: NodePlan): Json {
  const { nodes, generation, isLive, why = null, changes } = found;
  return {
    nodes,
    generation,
    basis: changes ? (isLive ? 'table' : 'files') : 'none',
    why,
    noop: changes ? changes.length === 0 : null,
    summary: changes ? summaryJson(changes) : null,
    changes: changesJson(found),
  };
}

function changesJson({ changes, names, locate }: NodePlan): Json {
  const counters = new Map();
  return (
    changes?.map((change) =>
      changeJson(change, {
        ...{ counters, names },
        locate: ({ object, after }) =>
          object === 'service' && after && change.object === 'service'
            ? locate(change.service)
            : undefined,
      }),
    ) ?? null
  );
}

/** The plan of one director, to the current generation. */
interface NodeDiffView {
  readonly prefix: string;
  readonly current: number;
  readonly plan: NodePlan;
}

/** Every output format of the difference between a director and the current generation. */
export const NODE_DIFF_FORMATS = {
  text: ({ current, plan }: NodeDiffView, columns = 80): string =>
    `To generation ${current}:\n${formatNodePlans([plan], columns)}`,
  json: ({ prefix, current, plan }: NodeDiffView): string =>
    formatJson({
      ...{ format: 'ipvstate-fleet-diff', version: 1, prefix, current },
      plan: nodePlanJson(plan),
    }),
};
