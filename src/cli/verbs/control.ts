import { askDaemon } from '../../daemon/control-client.ts';
import type { ControlAnswer, ControlRequest } from '../../daemon/control-protocol.ts';
import { IpvstateError } from '../../errors.ts';
import type { Environment } from '../environment.ts';
import { defaultControlSocket } from './control-socket.ts';

export interface ControlOptions {
  readonly controlSocket?: string;
}

/** Asks the daemon of this network namespace. Throws `UNAVAILABLE` when there is none. */
export async function control(
  request: ControlRequest,
  options: ControlOptions,
  environment: Environment,
): Promise<ControlAnswer> {
  return askDaemon(
    options.controlSocket ?? defaultControlSocket(await environment.state()),
    request,
  );
}

/** Prints what came of a request that leads to a pass, and returns its exit code. */
export function conclude(answer: ControlAnswer, { output }: Environment): number {
  if (answer.ok) output.print(answer.message ?? '');
  else output.warn(`ipvstate: ${answer.message}\n${answer.hint ? `    ${answer.hint}\n` : ''}`);
  return answer.exit_code;
}

/** The daemon is of another version when it does not say what it should. */
export function strange(): IpvstateError {
  return new IpvstateError(
    'UNAVAILABLE',
    'the daemon answers in a way that this version does not know',
  );
}
