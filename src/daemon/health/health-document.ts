import type { HealthNote } from '../../health/effect.ts';
import type { ServiceKey } from '../../model/service.ts';
import {
  describeChecks,
  type HealthDocument,
  type HealthRow,
  treatmentOf,
} from '../../render/health.ts';
import type { CheckedDestination } from './health-checks.ts';

interface HealthFacts {
  /** The destinations that health treats, as the last pass found them. */
  readonly notes: readonly HealthNote[];
  /** The names of services in the files. */
  readonly names: ReadonlyMap<ServiceKey, string>;
  /** The monotonic clock, and the wall clock. */
  readonly nowSeconds: number;
  readonly date: Date;
}

/** Makes the document of what the checks found. */
export function healthDocument(
  destinations: readonly CheckedDestination[],
  { notes, names, nowSeconds, date }: HealthFacts,
): HealthDocument {
  return {
    format: 'ipvstate-health',
    version: 1,
    time: date.toISOString(),
    destinations: destinations.map((each) => healthRow(each, { names, nowSeconds, date })),
    effects: notes.map(treatmentOf),
  };
}

/** Makes the row of one destination. */
export function healthRow(
  { service, destination, health, state, isDamped, last }: CheckedDestination,
  { names, nowSeconds, date }: Omit<HealthFacts, 'notes'>,
): HealthRow {
  const timeOf = (seconds: number): string =>
    new Date(Math.round(date.getTime() - (nowSeconds - seconds) * 1000)).toISOString();
  return {
    service,
    name: names.get(service) ?? null,
    destination: destination.key,
    check: describeChecks(health),
    healthy: state.isHealthy,
    damped: isDamped,
    since: timeOf(state.sinceSeconds),
    last_answer: last
      ? {
          verdict: last.verdict,
          reason: last.reason,
          at: timeOf(last.atSeconds),
          latency_seconds: last.latencySeconds,
        }
      : null,
  };
}
