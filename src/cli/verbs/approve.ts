import type { Environment } from '../environment.ts';
import { type ControlOptions, conclude, control } from './control.ts';

/** Has the daemon execute the plan that a guard holds back, once. */
export async function approve(
  plan: string | undefined,
  options: ControlOptions,
  environment: Environment,
): Promise<number> {
  const request =
    plan === undefined ? { command: 'approve' as const } : { command: 'approve' as const, plan };
  return conclude(await control(request, options, environment), environment);
}
