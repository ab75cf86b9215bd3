import { printable } from '../model/printable.ts';
import { listNodes } from './issues.ts';
import { formatJson } from './json.ts';
import { formatNodePlans, type NodePlan, nodePlanJson } from './node-plans.ts';

/** A file that is another one in etcd. */
interface FileDifference {
  readonly file: string;
  readonly change: 'added' | 'changed' | 'removed';
}

/** The effect that a push would have. */
export interface PushPlanView {
  readonly prefix: string;
  /** The generation in force. null: none is. */
  readonly current: number | null;
  /** The generation that would be pushed. null: the files are in force already. */
  readonly generation: number | null;
  /** The nodes that the files were checked for. An empty name stands for any other node. */
  readonly nodes: readonly string[];
  readonly differences: readonly FileDifference[];
  /** The plans of the directors that are known, those with equal plans together. */
  readonly plans: readonly NodePlan[];
  /** True for a push with waves. */
  readonly isInWaves: boolean;
}

/** Every output format of a dry run. */
export const PUSH_PLAN_FORMATS = {
  text: (view: PushPlanView, columns = 80) => {
    const lines = view.differences.map((each) => `  ${formatDifference(each)}`);
    const valid = view.nodes.length > 1 ? [`Valid for ${listNodes(view.nodes)}.`] : [];
    const head = [headline(view), ...lines, ...valid].map((line) => `${printable(line)}\n`);
    return [...head, formatNodePlans(view.plans, columns)].join('');
  },
  json: ({ prefix, current, generation, nodes, differences, plans }: PushPlanView) =>
    formatJson({
      ...{ format: 'ipvstate-push-plan', version: 1 },
      ...{ prefix, current, generation, nodes, differences, plans: plans.map(nodePlanJson) },
    }),
};

function headline(view: PushPlanView): string {
  const { prefix, current, generation, differences, isInWaves } = view;
  if (generation === null) {
    const rollout = isInWaves ? ', and no rollout would begin' : '';
    const seen = `Generation ${current} of etcd:${prefix} has these files`;
    return `${seen}: nothing would be pushed${rollout}.`;
  }
  const subject = `Generation ${generation} of etcd:${prefix} would`;
  if (current === null) return `${subject} be the only one in force:`;
  const files = differences.length === 0 ? ' with the same files.' : ':';
  return `${subject} follow generation ${current}${files}`;
}

const CHANGES = { added: 'is only here', changed: 'differs', removed: 'is only in etcd' };

/** Formats a difference between the files to push and those in etcd. */
export function formatDifference({ file, change }: FileDifference): string {
  return `${file} ${CHANGES[change]}`;
}
