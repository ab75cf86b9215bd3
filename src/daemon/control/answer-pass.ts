import { isHealthy } from '../../reconcile/loop/health.ts';
import type { LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';
import { formatReport } from '../../render/plan-text.ts';
import { exitCodeOfRequest } from '../status/pass-exit.ts';
import type { Status } from '../status/status.ts';
import { formatHealth } from '../status/status-text.ts';
import type { ControlAnswer } from './protocol.ts';

/** Says how the pass ended, and what is wrong after it. */
export function answerPass(
  state: LoopState,
  pass: PassResult,
  status: Status,
): Extract<ControlAnswer, { ok: true }> {
  const answer = { ok: true, exit_code: exitCodeOfRequest(state, pass) } as const;
  if (state.config.problem) return { ...answer, message: `${formatHealth(status)}\n` };
  const { report, error, outcome } = pass;
  const result =
    report && outcome !== 'drift'
      ? formatReport(report, { counters: new Map(), heldBack: status.waiting?.plan })
      : `${error?.message ?? OUTCOMES[outcome] ?? outcome}\n`;
  // The result has a failure and a refusal already.
  const { state: health } = state.health;
  const isPlain = isHealthy(state.health) && health !== 'source-unreachable';
  const isSaid = isPlain || ['failed', 'held'].includes(health);
  const rest = isSaid ? [] : [...state.health.why, ...status.differences];
  return { ...answer, message: result + rest.map((reason) => `    ${reason}\n`).join('') };
}

/** The outcomes of passes without a report, as sentences. */
const OUTCOMES: Readonly<Partial<Record<PassResult['outcome'], string>>> = {
  unconfigured: 'No configuration was valid yet: nothing was changed.',
  'in-sync': 'No changes: the live table is as desired.',
  drift: 'The live table differs from the desired one, and is left so.',
  unchanged: 'Nothing changed since the last pass.',
  stopped: 'The daemon is stopping.',
};
