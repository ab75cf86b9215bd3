import { IpvstateError } from '../../errors.ts';

/** The hint of a command line whose mistake needs no advice of its own. */
export const HELP_HINT = 'Run with --help for what there is.';

/** Makes the error of a wrong command line, for what only the verb itself can check. */
export function wrongUsage(message: string): IpvstateError {
  return new IpvstateError('USAGE', message, { hint: HELP_HINT });
}
