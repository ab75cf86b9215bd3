import { IpvstateError } from '../../errors.ts';
import type { RolloutState } from '../../fleet/rollout.ts';
import { printable } from '../../model/printable.ts';
import { EXIT } from '../../render/exit.ts';
import { GENERATION_FORMATS } from '../../render/generations.ts';
import { pushCommand, readManifest } from '../../sources/etcd/generation.ts';
import type { Manifest } from '../../sources/etcd/layout.ts';
import { readFleet } from '../../sources/etcd/nodes.ts';
import { pushAgain } from '../../sources/etcd/push.ts';
import { lastForAll, markRollout, readFleetSnapshot } from '../../sources/etcd/rollouts.ts';
import { authorOf } from '../push-author.ts';
import { type FleetCall, show } from './fleet-call.ts';

/** Halts the rollout of the current generation. */
export function halt(call: FleetCall): Promise<number> {
  return mark(call, 'halt');
}

/** Lets a rollout that is halted go on. */
export function resume(call: FleetCall): Promise<number> {
  return mark(call, 'resume');
}

async function mark(call: FleetCall, action: 'halt' | 'resume'): Promise<number> {
  const { client, prefix, options } = call;
  const { author, created } = authorOf(await call.environment.state());
  const { reason = '' } = options;
  const about = { halted: action === 'halt', by: author, reason, at: created };
  const { before, isChanged } = await markRollout(client, prefix, about);
  const name = `ipvstate: the rollout of generation ${before.rollout.generation}`;
  const done = isChanged ? describeMark(action, before) : `was halted already, ${before.halt}`;
  call.environment.output.note(`${printable(`${name} ${done}`)}\n`);
  return print(call);
}

function describeMark(action: 'halt' | 'resume', before: RolloutState): string {
  if (action === 'resume') return 'goes on; failures from before do not count';
  if (!before.isDone) return 'is halted: directors that have it keep it';
  return 'is halted, but it was done: all directors have it, and nothing is withheld';
}

/** Pushes the last generation that every director was allowed to have, to all of them at once. */
export async function rollback(call: FleetCall): Promise<number> {
  const { client, prefix, options, environment } = call;
  const { current, rollout } = await readFleetSnapshot(client, prefix);
  const { manifest } = await readManifest(client, prefix, current.generation);
  if (manifest.copy_of !== null) throw wentBack(manifest, manifest.copy_of, prefix);
  const earlier = rollout
    ? rollout.rollout.base?.generation
    : manifest.parent && (await lastForAll(client, prefix, manifest.parent));
  if (earlier === undefined || earlier === null)
    throw new IpvstateError('NO_INPUT', `no generation was in force before ${current.generation}`, {
      hint: `To put any one in force: ${pushCommand(prefix, '--generation N')}.`,
    });
  if (!rollout && earlier !== manifest.parent)
    environment.output.note(
      `ipvstate: generation ${manifest.parent} was never for all directors: back to ${earlier}\n`,
    );
  const message = options.reason ?? `rollback of generation ${current.generation}`;
  const about = { ...authorOf(await environment.state()), message };
  const pushed = await pushAgain(client, prefix, current, earlier, about);
  const view = { prefix, current: pushed.current, generations: [pushed.manifest] };
  environment.output.note(GENERATION_FORMATS.text(view));
  return print(call);
}

/**
 * The error of a rollback after a rollback. The generation before is the one that was left: a
 * second try, or a second operator, would put it in force again.
 */
function wentBack({ generation, parent }: Manifest, copied: number, prefix: string): IpvstateError {
  const left = parent === null ? '' : ` in place of those of ${parent}`;
  return new IpvstateError(
    'REFUSED',
    `generation ${generation} is in force, with the files of ${copied}${left}: nothing is rolled back`,
    { hint: `To put another one in force: ${pushCommand(prefix, '--generation N')}.` },
  );
}

async function print(call: FleetCall): Promise<number> {
  show(await readFleet(call.client, call.prefix), call);
  return EXIT.ok;
}
