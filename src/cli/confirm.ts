import { IpvstateError } from '../errors.ts';
import type { Prepared } from '../reconcile/prepare.ts';
import type { Environment } from './environment.ts';

/** Asks before a plan is executed, where a person sits at a terminal. Elsewhere starting the command was the decision. */
export async function confirmOnTerminal(
  { plan }: Prepared,
  options: { readonly yes: boolean; readonly noInput: boolean },
  environment: Environment,
): Promise<boolean> {
  if (options.yes || !environment.ask) return true;
  if (options.noInput) {
    throw new IpvstateError(
      'REFUSED',
      'apply would ask for confirmation, and --no-input forbids it; nothing was changed',
      {
        hint: 'Add --yes to apply without being asked.',
      },
    );
  }
  const operations = plan.waves.reduce((sum, { steps }) => sum + steps.length, 0);
  const answer = await environment.ask(
    `Apply ${operations === 1 ? 'this operation' : `these ${operations} operations`}? [y/N] `,
  );
  return /^y(?:es)?$/i.test(answer.trim());
}
