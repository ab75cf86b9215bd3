import { isHealthy } from '../../reconcile/loop/health.ts';
import type { Loop } from '../../reconcile/loop/loop-interface.ts';
import type { LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';
import { EXIT } from '../../render/exit.ts';
import type { Json } from '../../render/json.ts';
import { formatReport } from '../../render/plan-text.ts';
import { exitCodeOfRequest } from '../status/pass-exit.ts';
import { SHOWN_FINGERPRINT, type Status } from '../status/status.ts';
import { formatHealth } from '../status/status-text.ts';
import type { ControlAnswer, ControlRequest } from './protocol.ts';
import type { AnswerRequest } from './server.ts';

interface AnswerPorts {
  /** undefined until the daemon has started the loop. */
  readonly loop: () => Pick<Loop, 'state' | 'approve'> | undefined;
  readonly status: () => Status;
  /** Reads the configuration and the table now, and notifies the service manager. */
  readonly reload: () => Promise<PassResult>;
}

/** `approve` takes the beginning of a plan's fingerprint, of at least this length. */
const SHORTEST_FINGERPRINT = 8;

/** Answers the requests of `status`, `reload` and `approve`. */
export function controlAnswers({ loop, status, reload }: AnswerPorts): AnswerRequest {
  return async (request: ControlRequest): Promise<ControlAnswer> => {
    const running = loop();
    if (request.command === 'status')
      return { ok: true, exit_code: EXIT.ok, status: status() as unknown as Json };
    if (!running)
      return { ok: false, exit_code: EXIT.unavailable, message: 'the daemon is still starting' };
    if (request.command === 'reload') {
      const pass = await reload();
      return answerPass(running.state, pass, status());
    }
    const { refused, config } = running.state;
    if (!refused) {
      const message = 'nothing is held back: there is no plan to approve';
      return { ok: false, exit_code: EXIT.refused, message };
    }
    const wanted = request.plan ?? refused.fingerprint;
    if (wanted.length < SHORTEST_FINGERPRINT || !refused.fingerprint.startsWith(wanted))
      return refuseOtherPlan(wanted, refused);
    const pass = await running.approve(refused.fingerprint);
    if (running.state.config.seen !== config.seen) return refuseVoidPlan();
    return answerPass(running.state, pass, status());
  };
}

function refuseOtherPlan(
  wanted: string,
  { fingerprint }: NonNullable<LoopState['refused']>,
): ControlAnswer {
  const heldBack = fingerprint.slice(0, SHOWN_FINGERPRINT);
  return {
    ok: false,
    exit_code: EXIT.stale,
    message: `${wanted} is not the plan that is held back: that is ${heldBack}`,
    hint: 'Read the plan with `ipvstate status` before you approve it.',
  };
}

function refuseVoidPlan(): ControlAnswer {
  return {
    ok: false,
    exit_code: EXIT.stale,
    message: 'the files have changed: the plan that was held back is void, and was not executed',
    hint: 'Read the state with `ipvstate status`.',
  };
}

/** Says how the pass ended, and what is wrong after it. */
function answerPass(state: LoopState, pass: PassResult, status: Status): ControlAnswer {
  const answer = { ok: true, exit_code: exitCodeOfRequest(state, pass) } as const;
  if (state.config.problem) return { ...answer, message: `${formatHealth(status)}\n` };
  const { report, error, outcome } = pass;
  const result =
    report && outcome !== 'drift'
      ? formatReport(report, { counters: new Map() })
      : `${error?.message ?? OUTCOMES[outcome] ?? outcome}\n`;
  // The result has a failure and a refusal already.
  const isSaid = isHealthy(state.health) || ['failed', 'held'].includes(state.health.state);
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
