import type { Loop } from '../../reconcile/loop/loop.ts';
import type { LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';
import { EXIT } from '../../render/exit.ts';
import type { Json } from '../../render/json.ts';
import { formatReport } from '../../render/plan-text.ts';
import { exitCodeOfPass, exitCodeOfRequest } from '../status/pass-exit.ts';
import { describeInvalid, SHOWN_FINGERPRINT, type Status } from '../status/status.ts';
import { formatPlace } from '../status/status-text.ts';
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
      const message = formatConfigError(status()) ?? formatPass(pass);
      return { ok: true, exit_code: exitCodeOfRequest(running.state, pass), message };
    }
    const refused = running.state.refused;
    if (!refused) {
      const message = 'nothing is held back: there is no plan to approve';
      return { ok: false, exit_code: EXIT.refused, message };
    }
    const wanted = request.plan ?? refused.fingerprint;
    if (wanted.length < SHORTEST_FINGERPRINT || !refused.fingerprint.startsWith(wanted))
      return refuseOtherPlan(wanted, refused);
    const pass = await running.approve(refused.fingerprint);
    return { ok: true, exit_code: exitCodeOfPass(pass), message: formatPass(pass) };
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

/** undefined while the configuration is valid. */
function formatConfigError({ config }: Status): string | undefined {
  const { error, last_success } = config;
  return error
    ? `${describeInvalid(last_success !== null)}: ${formatPlace(error)}${error.message}\n`
    : undefined;
}

function formatPass({ report, error, outcome }: PassResult): string {
  if (report) return formatReport(report, { counters: new Map() });
  return `${error?.message ?? OUTCOMES[outcome] ?? outcome}\n`;
}

/** The outcomes of passes without a report, as sentences. */
const OUTCOMES: Readonly<Partial<Record<PassResult['outcome'], string>>> = {
  unconfigured: 'No configuration was valid yet: nothing was changed.',
  'in-sync': 'No changes: the live table is as desired.',
  drift: 'The live table differs from the desired one, and --drift leaves it so.',
  unchanged: 'Nothing changed since the last pass.',
  stopped: 'The daemon is stopping.',
};
