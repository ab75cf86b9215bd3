import { parseServiceKey, type ServiceKey, serviceKey } from '../../model/service.ts';
import type { Loop } from '../../reconcile/loop/loop-interface.ts';
import type { LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';
import { EXIT } from '../../render/exit.ts';
import type { HealthDocument } from '../../render/health.ts';
import type { Json } from '../../render/json.ts';
import type { ApiDocuments } from '../api/api-documents.ts';
import { SHOWN_FINGERPRINT, type Status } from '../status/status.ts';
import { answerPass } from './answer-pass.ts';
import { answerOverride, type ChangeOverrides } from './override-answer.ts';
import { answerPause, answerReload, answerResume, refuseWhilePaused } from './pause-answers.ts';
import type { ControlAnswer, ControlRequest, PageControl } from './protocol.ts';
import type { AnswerRequest } from './server.ts';

interface AnswerPorts {
  /** undefined until the daemon has started the loop. */
  readonly loop: () => Pick<Loop, 'state' | 'approve' | 'pause' | 'resume'> | undefined;
  readonly status: () => Status;
  /** Reads the configuration and the table now, and notifies the service manager. */
  readonly reload: () => Promise<PassResult>;
  readonly override: ChangeOverrides;
  readonly documents: Pick<ApiDocuments, 'wholeStatus' | 'services' | 'details'>;
  readonly health: () => HealthDocument;
}

/** `approve` takes the beginning of a plan's fingerprint, of at least this length. */
const SHORTEST_FINGERPRINT = 8;

/** Answers the requests of the verbs for the daemon. */
export function controlAnswers(ports: AnswerPorts): AnswerRequest {
  const { loop, status, reload, override, documents, health } = ports;
  return async (request: ControlRequest): Promise<ControlAnswer> => {
    const running = loop();
    if (request.command === 'status')
      return { ok: true, exit_code: EXIT.ok, status: status() as unknown as Json };
    if (request.command === 'page') return answerPage(request, documents);
    if (!running)
      return { ok: false, exit_code: EXIT.unavailable, message: 'the daemon is still starting' };
    switch (request.command) {
      case 'reload':
        return answerReload(running, await reload(), status());
      case 'pause':
        return answerPause(request, running, status);
      case 'resume':
        return answerResume(running, status);
      case 'approve':
        return refuseWhilePaused(running, status) ?? answerApproval(request, running, status);
      case 'health':
        return { ok: true, exit_code: EXIT.ok, document: health() as unknown as Json };
      case 'override':
        return answerOverride(request, override);
      default:
        return request satisfies never;
    }
  };
}

/** Answers with the documents of the pages, which the program that asks makes a page of. */
async function answerPage(
  { services }: PageControl,
  documents: AnswerPorts['documents'],
): Promise<ControlAnswer> {
  const answer = (document: object): ControlAnswer => ({
    ok: true,
    exit_code: EXIT.ok,
    document: document as Json,
  });
  if (!services) {
    const { head, summaries, plotOf } = await documents.services();
    const all = Array.from(summaries, (one) => ({
      ...one,
      plot: plotOf(one.service as ServiceKey),
    }));
    return answer({ status: await documents.wholeStatus(), services: { ...head, services: all } });
  }
  const keys = services.flatMap((text) => {
    const identity = parseServiceKey(text);
    return identity ? [serviceKey(identity)] : [];
  });
  return answer(await documents.details(keys));
}

async function answerApproval(
  request: Extract<ControlRequest, { command: 'approve' }>,
  running: Pick<Loop, 'state' | 'approve'>,
  status: () => Status,
): Promise<ControlAnswer> {
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
