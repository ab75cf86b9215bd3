import type { HealthNote } from '../../health/effect.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { ServiceKey } from '../../model/service.ts';
import { countOf } from '../../render/count-of.ts';
import {
  checkStateOf,
  describeTreatment,
  type HealthRow,
  treatmentOf,
} from '../../render/health.ts';
import type { DestinationHealthDetails } from './documents.ts';
import type { Fact } from './service-facts.ts';

/** Finds what the checks found of a destination. undefined: it is not checked. */
export type FindHealth = (
  service: ServiceKey,
  destination: DestinationKey,
) => HealthRow | undefined;

/** Describes the health of a destination. `note` is what health did to it in the last pass. */
export function destinationHealth(
  row: HealthRow | undefined,
  note: HealthNote | undefined,
): DestinationHealthDetails | null {
  if (!row && !note) return null;
  return {
    state: stateOf(row, note),
    reason: row?.last_answer?.reason ?? (note?.reason || null),
    since: row?.since ?? null,
    text: note ? describe(note) : describeRow(row),
  };
}

function stateOf(
  row: HealthRow | undefined,
  note: HealthNote | undefined,
): DestinationHealthDetails['state'] {
  if (note?.effect === 'fallback') return 'fallback';
  if (row && (row.last_answer || note)) return checkStateOf(row, note?.effect);
  return 'unknown';
}

/** Describes a destination whose weight health does not set. */
function describeRow(row: HealthRow | undefined): string {
  if (!row?.last_answer) return 'not checked yet';
  const { healthy, damped, last_answer } = row;
  if (damped) return 'answers well, and stays unhealthy because it changed too often';
  const state = checkStateOf({ healthy, damped }, undefined);
  return `${state}, last answer: ${last_answer.reason}`;
}

/** Leaves the time out: a text that changes each second would be sent each second. */
function describe(note: HealthNote): string {
  const { seconds: _, ...treatment } = treatmentOf(note);
  return describeTreatment(treatment);
}

/** Collects what is true of the services whose destinations health treats. */
export function healthFacts(
  notes: readonly HealthNote[],
): readonly (Fact & { readonly service: ServiceKey })[] {
  return [...panics(notes), ...notes.flatMap(factOf)];
}

function panics(notes: readonly HealthNote[]): (Fact & { readonly service: ServiceKey })[] {
  const counts = new Map<ServiceKey, { unhealthy: number; left: number }>();
  for (const { service, effect } of notes) {
    if (effect !== 'out' && effect !== 'removed' && effect !== 'panic') continue;
    const { unhealthy, left } = counts.get(service) ?? { unhealthy: 0, left: 0 };
    counts.set(service, { unhealthy: unhealthy + 1, left: left + (effect === 'panic' ? 1 : 0) });
  }
  return [...counts].flatMap(([service, { unhealthy, left }]) =>
    left === 0
      ? []
      : {
          service,
          state: 'panic',
          note:
            `${countOf(unhealthy, 'server')} ${unhealthy === 1 ? 'is' : 'are'} unhealthy, more than may be taken out: ` +
            `clients reach ${left} of them`,
        },
  );
}

function factOf(note: HealthNote): readonly (Fact & { readonly service: ServiceKey })[] {
  const { service, destination, effect } = note;
  switch (effect) {
    case 'out':
    case 'removed':
      return [{ service, destination, state: 'unhealthy', note: describe(note) }];
    case 'panic':
      return [{ service, destination, state: 'panic', note: describe(note) }];
    case 'fallback':
      return [
        { service, state: 'unhealthy', note: `the fallback ${destination} ${describe(note)}` },
      ];
    case 'slow-start':
      return [];
    default:
      return effect satisfies never;
  }
}
