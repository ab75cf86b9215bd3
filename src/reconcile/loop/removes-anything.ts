import type { Desired } from '../../model/desired.ts';
import type { Manage } from '../../model/manage.ts';

/** Whether a plan for `next` may delete something that one for `previous` keeps. */
export function removesAnything(previous: Desired, next: Desired): boolean {
  for (const [key, { destinations }] of previous.services) {
    const entry = next.services.get(key);
    if (!entry) return true;
    // Files that did not change are not parsed again.
    if (entry.destinations === destinations) continue;
    for (const destination of destinations.keys()) if (!entry.destinations.has(destination)) return true;
  }
  return stopsDaemons(previous, next) || !isSameManage(previous.policy?.manage, next.policy?.manage);
}

/** Where a file begins to name daemons, those that run and are not named are stopped. */
function stopsDaemons({ daemons: previous }: Desired, { daemons: next }: Desired): boolean {
  if (!next) return false;
  return !previous || previous.some(({ role }) => !next.some((daemon) => daemon.role === role));
}

/** Who is responsible for more deletes more, so any other range counts. */
function isSameManage(a: Manage | undefined, b: Manage | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
