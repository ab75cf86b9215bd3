import { pausesAll } from '../../model/pause.ts';
import { printable } from '../../model/printable.ts';
import type { Loop } from '../../reconcile/loop/loop-interface.ts';
import type { PassResult } from '../../reconcile/loop/loop-state.ts';
import { EXIT } from '../../render/exit.ts';
import type { Status } from '../status/status.ts';
import { describePause } from '../status/status-text.ts';
import { answerPass } from './answer-pass.ts';
import type { ControlAnswer, PauseControl } from './protocol.ts';

/** Pauses the loop, and says until when and what differs. */
export async function answerPause(
  { who, reason, seconds, only }: PauseControl,
  loop: Pick<Loop, 'state' | 'pause'>,
  status: () => Status,
): Promise<ControlAnswer> {
  await loop.pause({ who, reason: reason ?? undefined, seconds: seconds ?? undefined, only });
  const { paused, why, differences } = status();
  if (!paused) {
    const message = 'the daemon stops, or the pause is over already';
    return { ok: false, exit_code: EXIT.unavailable, message };
  }
  const effect = paused.services
    ? `These services are left alone: ${paused.services.join(', ')}.`
    : 'The daemon watches and writes nothing.';
  const others = why.filter((reason) => !reason.startsWith(`${paused.who} paused `));
  const lines = [
    `Paused ${describePause(paused)}.`,
    `${effect} \`ipvstate resume\` ends the pause.`,
    ...[...others, ...differences].map((text) => `    ${printable(text)}`),
  ];
  return { ok: true, exit_code: EXIT.ok, message: `${lines.join('\n')}\n` };
}

/** Ends the pause. The answer is that of a reload. */
export async function answerResume(
  loop: Pick<Loop, 'state' | 'resume'>,
  status: () => Status,
): Promise<ControlAnswer> {
  const was = loop.state.pause ? 'The pause is over.' : 'The daemon was not paused.';
  const pass = await loop.resume();
  const answer = answerPass(loop.state, pass, status());
  return { ...answer, message: `${was}\n${answer.message ?? ''}` };
}

/** Refuses an approval while nothing is written. Returns undefined otherwise. */
export function refuseWhilePaused(
  { state }: Pick<Loop, 'state'>,
  status: () => Status,
): ControlAnswer | undefined {
  const { paused } = status();
  if (!paused || !pausesAll(state.pause)) return undefined;
  return {
    ok: false,
    exit_code: EXIT.refused,
    message: `the daemon is paused ${describePause(paused)}; nothing was written`,
    hint: 'End the pause with `ipvstate resume`.',
  };
}

/** Answers a reload, and says when nothing was written because of a pause. */
export function answerReload(
  { state }: Pick<Loop, 'state'>,
  pass: PassResult,
  status: Status,
): ControlAnswer {
  const answer = answerPass(state, pass, status);
  if (!status.paused) return answer;
  const effect = pausesAll(state.pause) ? 'Nothing was written' : 'Some services were left alone';
  const paused = `${effect}: paused ${describePause(status.paused)}.`;
  return {
    ...answer,
    message: `${answer.message ?? ''}${paused}\n\`ipvstate resume\` ends the pause.\n`,
  };
}
