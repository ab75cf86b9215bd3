import type { Loop } from '../../reconcile/loop/loop.ts';
import type { LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';
import { EXIT } from '../../render/exit.ts';
import type { Json } from '../../render/json.ts';
import { formatReport } from '../../render/plan-text.ts';
import { exitCodeOfPass, exitCodeOfRequest } from '../status/pass-exit.ts';
import type { Status, StatusError } from '../status/status.ts';
import type { ControlAnswer, ControlRequest } from './protocol.ts';
import type { AnswerRequest } from './server.ts';

export interface AnswerPorts {
  readonly loop: () => Pick<Loop, 'state' | 'approve'> | undefined;
  readonly status: () => Status;
  /** Reads files and table now, and tells the service manager. */
  readonly reload: () => Promise<PassResult>;
}

const SHORTEST_FINGERPRINT = 8;

export function controlAnswers({ loop, status, reload }: AnswerPorts): AnswerRequest {
  return async (request: ControlRequest): Promise<ControlAnswer> => {
    const running = loop();
    if (request.command === 'status')
      return { ok: true, exit_code: EXIT.ok, status: status() as unknown as Json };
    if (!running)
      return { ok: false, exit_code: EXIT.unavailable, message: 'the daemon is only starting' };
    if (request.command === 'reload') {
      const pass = await reload();
      return answerPass(exitCodeOfRequest(running.state, pass), pass, status().config.error);
    }
    const refused = running.state.refused;
    if (!refused)
      return {
        ok: false,
        exit_code: EXIT.refused,
        message: 'nothing is held back: there is no plan to approve',
      };
    const wanted = request.plan ?? refused.fingerprint;
    if (wanted.length < SHORTEST_FINGERPRINT || !refused.fingerprint.startsWith(wanted))
      return otherPlan(wanted, refused);
    const pass = await running.approve(refused.fingerprint);
    return answerPass(exitCodeOfPass(pass), pass, null);
  };
}

function otherPlan(
  wanted: string,
  { fingerprint }: NonNullable<LoopState['refused']>,
): ControlAnswer {
  return {
    ok: false,
    exit_code: EXIT.stale,
    message: `${wanted} is not the plan that is held back; that is ${fingerprint.slice(0, 12)} now`,
    hint: 'Look at it with `ipvstate status` before it is approved.',
  };
}

function answerPass(exitCode: number, pass: PassResult, config: StatusError | null): ControlAnswer {
  const { report, error, outcome } = pass;
  const place = config?.position
    ? `${config.position.file}:${config.position.line}:${config.position.column}: `
    : '';
  const problem = config ? `${place}${config.message}; the last good state is kept\n` : '';
  const result = report
    ? formatReport(report, { counters: new Map() })
    : error
      ? `${error.message}\n`
      : `${OUTCOMES[outcome] ?? outcome}\n`;
  return { ok: true, exit_code: exitCode, message: problem || result };
}

const OUTCOMES: Readonly<Partial<Record<PassResult['outcome'], string>>> = {
  unconfigured: 'No files were good yet: nothing was changed.',
  'in-sync': 'No changes: the live table is as desired.',
  drift: 'The live table differs, and is only looked at (--drift).',
  unchanged: 'Nothing is new.',
  stopped: 'The daemon is stopping.',
};
