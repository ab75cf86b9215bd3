import { firstState } from '../../health/state.ts';
import type { Desired } from '../../model/desired.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { HealthDocument } from '../../render/health.ts';
import type { Commands } from './check-command.ts';
import type { CheckedDestination } from './health-checks.ts';
import { healthDocument } from './health-document.ts';
import { runChecks } from './run-checks.ts';

interface Chosen {
  /** undefined: every service. */
  readonly service: ServiceKey | undefined;
  readonly destination: DestinationKey | undefined;
}

interface Clock {
  monotonicSeconds(): number;
  now(): Date;
}

/** So many destinations are checked at the same time. */
const AT_ONCE = 100;

/**
 * Checks destinations of the files once. Each is as healthy as its answer is good. Nobody knows the
 * health of one that this machine could not check.
 */
export async function checkOnce(
  { services, policy, names }: Pick<Desired, 'services' | 'policy' | 'names'>,
  chosen: Chosen,
  clock: Clock,
  commands: Commands | undefined,
): Promise<HealthDocument> {
  const waiting = [...(policy?.services ?? [])].flatMap(([service, { health }]) =>
    [...(health?.destinations ?? [])].flatMap(([key, own]) => {
      const destination = services.get(service)?.destinations.get(key);
      const isChosen =
        (chosen.service ?? service) === service && (chosen.destination ?? key) === key;
      return destination && isChosen ? [{ service, destination, health: own }] : [];
    }),
  );
  const checked: CheckedDestination[] = [];
  for (let first = 0; first < waiting.length; first += AT_ONCE)
    checked.push(
      ...(await Promise.all(
        waiting.slice(first, first + AT_ONCE).map(async (each): Promise<CheckedDestination> => {
          const startedAt = clock.monotonicSeconds();
          let waitedSeconds = 0;
          const onTurn = (seconds: number): boolean => {
            waitedSeconds += seconds;
            return true;
          };
          const { health, destination, service } = each;
          const answer = await runChecks(health, destination, service, commands, onTurn);
          const atSeconds = clock.monotonicSeconds();
          const latencySeconds = Math.max(0, atSeconds - startedAt - waitedSeconds);
          const last = { ...answer, atSeconds, latencySeconds };
          const state = firstState(answer.verdict === 'good', startedAt);
          return { ...each, state, reason: answer.reason, last, isDamped: false };
        }),
      )),
    );
  const nowSeconds = clock.monotonicSeconds();
  const document = healthDocument(checked, { notes: [], names, nowSeconds, date: clock.now() });
  const destinations = document.destinations.map((row) =>
    row.last_answer?.verdict === 'unknown' ? { ...row, healthy: null } : row,
  );
  return { ...document, destinations };
}
