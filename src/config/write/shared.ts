import type { FieldValue, WrittenField } from '../../model/attributes.ts';
import { DESTINATION_ATTRIBUTES } from '../../model/destination.ts';
import type { ServiceEntry } from '../../model/table.ts';

/** Values that most entries have. They are written once, below `defaults`. */
export interface Shared {
  /** The scheduler and its flags, which belong together. */
  readonly scheduling: readonly WrittenField[] | undefined;
  /** The persistence, as it is written. */
  readonly persistence: string | undefined;
  /** Settings of destinations by their keys. */
  readonly destination: ReadonlyMap<string, FieldValue>;
}

export const NOTHING_SHARED: Shared = {
  scheduling: undefined,
  persistence: undefined,
  destination: new Map(),
};

/** The parts of a service that can be shared, as they are written without `defaults`. */
export interface WrittenService {
  readonly scheduling: readonly WrittenField[];
  /** undefined for built-in persistence. */
  readonly persistence: string | undefined;
}

/** The settings of destinations that need no other: all but those of a tunnel. */
export const SHARED_ROWS = DESTINATION_ATTRIBUTES.filter(({ block }) => block === '');

/** Finds the values with which a file is shorter when `defaults` has them. */
export function findShared(
  services: readonly WrittenService[],
  entries: readonly ServiceEntry[],
): Shared {
  const schedulings = new Map(services.map(({ scheduling }) => [keyOf(scheduling), scheduling]));
  const scheduling = bestDefault(
    services.map((service) => keyOf(service.scheduling)),
    undefined,
  );
  const destination = SHARED_ROWS.flatMap(({ key, name, default: builtIn, omitsDefault }) => {
    const values = entries.flatMap(({ destinations }) =>
      Array.from(destinations.values(), (each) => each[key] as FieldValue),
    );
    const best = bestDefault(values, omitsDefault === 'nowhere' ? undefined : builtIn);
    return best === undefined ? [] : [[name, best] as const];
  });
  return {
    scheduling: scheduling === undefined ? undefined : schedulings.get(scheduling),
    persistence: bestDefault(
      services.map(({ persistence }) => persistence),
      undefined,
    ),
    destination: new Map(destination),
  };
}

function keyOf(fields: readonly WrittenField[]): string {
  return JSON.stringify(fields);
}

/**
 * Finds the value that is best written once. Without it, every value but `omitted` and undefined is
 * written; with it, every other value. Returns undefined when that is no fewer. Of equally frequent
 * values it takes the one whose text is first, so that the order of entries plays no part.
 */
function bestDefault<T>(values: readonly T[], omitted: unknown): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const isWritten = (value: T): boolean => value !== undefined && value !== omitted;
  let best: T | undefined;
  let bestCount = 0;
  let written = 0;
  for (const [value, count] of counts) {
    if (!isWritten(value)) continue;
    written += count;
    const isBetter = count > bestCount || (count === bestCount && isBefore(value, best));
    if (isBetter) [best, bestCount] = [value, count];
  }
  return values.length - bestCount + 1 < written ? best : undefined;
}

function isBefore(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) < JSON.stringify(b);
}
