import type { HealthClock, HealthNote } from '../health/effect.ts';
import type { Desired } from '../model/desired.ts';
import type { DestinationHealth } from '../model/health.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ServiceEntry, Table } from '../model/table.ts';
import type { Scoped } from './scope.ts';

/** So many destinations, and so many services, are named. */
const SHOWN = 5;

/**
 * Returns the sysctls that work against the health of the files, and the effects of the daemon's
 * checks that a plan keeps whose program does not check, each in a sentence.
 */
export function healthWarnings(
  desired: Pick<Desired, 'services' | 'policy'>,
  { table, health: notes }: Pick<Scoped, 'table' | 'health'>,
  live: Table,
  clock: HealthClock,
): string[] {
  const sysctl = (name: string): string | undefined =>
    table.sysctls?.get(name) ?? live.sysctls?.get(name);
  const warnings: string[] = [];
  const persistent = servicesWith(
    desired,
    ({ service }, { onFailure }) => service.persistent && onFailure === 'weight',
  );
  if (persistent.length > 0 && sysctl('expire_quiescent_template') === '0')
    warnings.push(
      `persistent clients stay with unhealthy servers of ${namesOf(persistent)}, ` +
        'because net.ipv4.vs.expire_quiescent_template is 0',
    );
  const removing = servicesWith(desired, (_, { onFailure }) => onFailure === 'remove');
  if (removing.length > 0 && sysctl('expire_nodest_conn') === '0')
    warnings.push(
      `clients of servers that health removes from ${namesOf(removing)} get no answer ` +
        'until the kernel has forgotten their connections, ' +
        'because net.ipv4.vs.expire_nodest_conn is 0',
    );
  return [...warnings, ...keptByHealth(notes, clock)];
}

function servicesWith(
  { services, policy }: Pick<Desired, 'services' | 'policy'>,
  isSo: (entry: ServiceEntry, health: DestinationHealth) => boolean,
): readonly ServiceKey[] {
  return [...(policy?.services ?? [])].flatMap(([key, { health }]) => {
    const entry = services.get(key);
    const checked = [...(health?.destinations.values() ?? [])];
    return entry && checked.some((own) => isSo(entry, own)) ? [key] : [];
  });
}

function namesOf(services: readonly ServiceKey[]): string {
  const more = services.length - SHOWN;
  const shown = services.slice(0, SHOWN).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function keptByHealth(notes: readonly HealthNote[], { isChecking }: HealthClock): string[] {
  if (isChecking) return [];
  const kept = notes.flatMap((note) => keptEffect(note) ?? []);
  const named = kept.slice(0, SHOWN);
  const more = kept.length - named.length;
  return more > 0
    ? [...named, `health keeps ${more} more as they are: \`ipvstate health\` shows them`]
    : named;
}

/** Says which effect is kept. undefined: the plan keeps none. */
function keptEffect({ service, destination, effect, reason }: HealthNote): string | undefined {
  const found = `as the daemon found it${reason === '' ? '' : `: ${reason}`}`;
  switch (effect) {
    case 'out':
      return `health keeps ${destination} of ${service} at weight 0, ${found}`;
    case 'removed':
      return `health keeps ${destination} of ${service} out of the table, ${found}`;
    case 'fallback':
      return `${destination} of ${service} is a fallback, and takes the traffic`;
    case 'panic':
    case 'slow-start':
      return undefined;
    default:
      return effect satisfies never;
  }
}
