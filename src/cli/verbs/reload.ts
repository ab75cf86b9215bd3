import type { Environment } from '../environment.ts';
import { type ControlOptions, conclude, control } from './control.ts';

/** Has the daemon read files and table now, and waits until it has. */
export async function reload(options: ControlOptions, environment: Environment): Promise<number> {
  return conclude(await control({ command: 'reload' }, options, environment), environment);
}
