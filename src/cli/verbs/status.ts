import type { Status } from '../../daemon/status.ts';
import { formatStatus } from '../../daemon/status-text.ts';
import { EXIT } from '../../render/exit.ts';
import type { Environment } from '../environment.ts';
import { type ControlOptions, conclude, control, strange } from './control.ts';

export interface StatusOptions extends ControlOptions {
  readonly output: 'text' | 'json';
}

/** What the running daemon is about. */
export async function status(options: StatusOptions, environment: Environment): Promise<number> {
  const answer = await control({ command: 'status' }, options, environment);
  if (!answer.ok) return conclude(answer, environment);
  const { output } = environment;
  if (!answer.status) throw strange();
  if (options.output === 'json') output.print(`${JSON.stringify(answer.status, undefined, 2)}\n`);
  else output.print(formatStatus(answer.status as unknown as Status));
  return EXIT.ok;
}
