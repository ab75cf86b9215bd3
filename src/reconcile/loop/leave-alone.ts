import type { Desired } from '../../model/desired.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Hold, Holding, Settings } from './contest.ts';

const SETTINGS: readonly Holding[] = ['timeouts', 'daemons', 'sysctls'] satisfies readonly Settings[];

/**
 * What is desired without some of it: as if the files were not responsible for that, so that a plan copies it from the live table. A
 * service that is gone from there is added all the same, unless it is its absence that is held.
 */
export function leaveAlone(desired: Desired, held: ReadonlyMap<Holding, Hold>): Desired {
  if (held.size === 0) return desired;
  const services = [...held.keys()].filter((holding): holding is ServiceKey => !SETTINGS.includes(holding));
  const { policy } = desired;
  return {
    ...desired,
    services: new Map([...desired.services].filter(([key]) => held.get(key) !== 'absent')),
    timeouts: held.has('timeouts') ? {} : desired.timeouts,
    daemons: held.has('daemons') ? undefined : desired.daemons,
    policy: {
      services: policy?.services ?? new Map(),
      sysctls: held.has('sysctls') ? undefined : policy?.sysctls,
      manage: {
        include: policy?.manage?.include,
        exclude: [...(policy?.manage?.exclude ?? []), ...services.map((service) => ({ service }))],
      },
    },
  };
}
