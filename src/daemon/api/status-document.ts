import { hasErrors } from '../../model/issue.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { ConfigProblem } from '../../reconcile/loop/config-state.ts';
import { isAsDesired } from '../../reconcile/loop/health.ts';
import type { LoopState, RefusedPlan } from '../../reconcile/loop/loop-state.ts';
import type { PendingTry } from '../../recovery/records/records.ts';
import type { State } from '../../recovery/state.ts';
import { formatChanges, formatSummary } from '../../render/changes.ts';
import { formatIssues } from '../../render/issues.ts';
import { formatRefusals } from '../../render/plan-text.ts';
import { SHOWN_FINGERPRINT, type Status } from '../status/status.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ApiStatus } from './documents.ts';
import { helpFor } from './help.ts';
import { whyNotKnown } from './knowledge.ts';

export interface StatusPorts {
  /** The name of the machine. */
  readonly host: string;
  readonly state: () => LoopState;
  readonly status: () => Status;
  /** The texts of the files that have issues, by name. */
  readonly texts: () => ReadonlyMap<string, string>;
  /** Reads the record of a pending try. Throws `IO`. */
  readonly pendingTry: () => Promise<PendingTry | undefined>;
  readonly clock: Pick<State['clock'], 'now' | 'monotonicSeconds'>;
  readonly diagnosis: Diagnosis;
}

const SHOWN_CHANGES = 100;
const SHOWN_ISSUES = 5;
const SHOWN_LINES = 200;
const WIDTH = 100;

/** Makes the documents of /api/v1/status. What takes long to format is formatted once. */
export function statusDocuments(ports: StatusPorts): () => Promise<ApiStatus> {
  const planLines = memoized(formatWaiting);
  const excerpt = memoized((problem: ConfigProblem) => formatExcerpt(problem, ports.texts()));
  return async () => {
    const { host, clock, diagnosis } = ports;
    const state = ports.state();
    const { config, refused } = state;
    const status = ports.status();
    const problems: string[] = [];
    const pending = await ports.pendingTry().catch((error: Error) => {
      problems.push(`${error.message}: whether a try is pending is not known`);
      return undefined;
    });
    const notKnown = whyNotKnown(state, status.drift, undefined);
    if (notKnown !== undefined && isAsDesired({ state: status.health }))
      problems.push(`whether the services are as the files say is ${notKnown}`);
    const awaited = pending ? tryStatus(pending, clock) : null;
    if (diagnosis.problem !== undefined)
      problems.push(`the checks of \`ipvstate doctor\` failed: ${diagnosis.problem}`);
    return {
      format: 'ipvstate-api-status',
      version: 1,
      at: clock.now().toISOString(),
      host,
      status,
      help: helpFor(status, awaited),
      waiting_plan: refused ? planLines(refused, config.good?.desired.names) : null,
      error_excerpt: config.problem ? excerpt(config.problem) : null,
      try: awaited,
      doctor: diagnosis.warnings(),
      problems,
    };
  };
}

function tryStatus(
  { phase, deadlineSeconds }: PendingTry,
  clock: StatusPorts['clock'],
): ApiStatus['try'] {
  const left = Math.max(0, Math.ceil(deadlineSeconds - clock.monotonicSeconds()));
  return {
    until: new Date(clock.now().getTime() + left * 1000).toISOString(),
    seconds_left: left,
    command: `ipvstate ${phase === 'waiting' ? 'confirm' : 'rollback'}`,
  };
}

function formatWaiting(
  { plan, refusals, fingerprint }: RefusedPlan,
  names: ReadonlyMap<ServiceKey, string> = new Map(),
): readonly string[] {
  const { changes } = plan;
  const context = { counters: new Map(), names };
  const hidden = changes.length - SHOWN_CHANGES;
  return [
    ...linesOf(formatChanges(changes.slice(0, SHOWN_CHANGES), context)).slice(0, SHOWN_LINES),
    ...(hidden > 0 ? [`and ${hidden} more`] : []),
    '',
    `Plan: ${formatSummary(changes)}.`,
    ...linesOf(
      formatRefusals(refusals, { heldBack: fingerprint.slice(0, SHOWN_FINGERPRINT) }),
    ).slice(0, SHOWN_LINES),
  ];
}

/** The errors with their source lines. null when the files could not be read at all. */
function formatExcerpt(
  { issues }: ConfigProblem,
  texts: ReadonlyMap<string, string>,
): readonly string[] | null {
  if (!hasErrors(issues)) return null;
  const errors = issues.filter(({ severity }) => severity === 'error');
  const lines = linesOf(formatIssues(errors.slice(0, SHOWN_ISSUES), texts, { width: WIDTH }));
  const hidden = errors.length - SHOWN_ISSUES;
  return [...lines.slice(0, SHOWN_LINES), ...(hidden > 0 ? [`and ${hidden} more`] : [])];
}

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

/** Remembers the last result, for as long as the first argument is the same object. */
function memoized<T extends object, Rest extends readonly unknown[], R>(
  format: (subject: T, ...rest: Rest) => R,
): (subject: T, ...rest: Rest) => R {
  let last: { readonly subject: T; readonly result: R } | undefined;
  return (subject, ...rest) => {
    if (last?.subject !== subject) last = { subject, result: format(subject, ...rest) };
    return last.result;
  };
}
