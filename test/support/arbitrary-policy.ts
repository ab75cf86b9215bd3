import fc from 'fast-check';
import { type Connections, type Counters, NO_CONNECTIONS } from '../../src/model/ipvs.ts';
import { parseCidr } from '../../src/model/networks.ts';
import type {
  Manage,
  Policy,
  Preserve,
  ServicePolicy,
  ServiceSelector,
} from '../../src/model/policy.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';
import { SERVICE_TEXTS } from './table-pairs.ts';
import { keyOf } from './tables.ts';

const selector: fc.Arbitrary<ServiceSelector> = fc.oneof(
  fc
    .constantFrom('192.0.2.0/24', '192.0.2.1', '2001:db8::/32', '0.0.0.0/0', '10.0.0.0/8')
    .map((text) => {
      const cidr = parseCidr(text);
      if (!cidr) throw new Error(text);
      return { cidr };
    }),
  fc
    .constantFrom('tcp' as const, 'udp' as const, 'sctp' as const)
    .map((protocol) => ({ protocol })),
  fc
    .constantFrom({ min: 80, max: 80 }, { min: 0, max: 100 }, { min: 400, max: 500 })
    .map((port) => ({ port })),
  fc.constantFrom({ min: 7, max: 7 }, { min: 1, max: 6 }).map((fwmark) => ({ fwmark })),
  fc.constantFrom(...SERVICE_TEXTS).map((text) => ({ service: keyOf(text) })),
);

export const manages: fc.Arbitrary<Manage> = fc.record({
  include: fc.option(fc.array(selector, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  exclude: fc.array(selector, { maxLength: 2 }),
});

const preserves = fc.constantFrom<(Preserve | undefined)[]>(
  undefined,
  { weight: true, thresholds: false },
  { weight: false, thresholds: true },
  { weight: true, thresholds: true },
);

/** The destinations of a table with a random value for each. */
function forDestinations<T, R>(
  { services }: Pick<Table, 'services'>,
  value: fc.Arbitrary<T>,
  combine: (entry: ServiceEntry, values: readonly T[]) => R,
): fc.Arbitrary<ReadonlyMap<ServiceKey, R>> {
  const entries = [...services.values()].map((entry) =>
    fc
      .array(value, { minLength: entry.destinations.size, maxLength: entry.destinations.size })
      .map((values) => [entry.service.key, combine(entry, values)] as const),
  );
  return fc.tuple(...entries).map((pairs) => new Map(pairs));
}

/** The policies of a file that declares this table. */
export function policiesOf(table: Table): fc.Arbitrary<Policy> {
  const drains = fc.constantFrom(
    undefined,
    { timeoutSeconds: 60, lingerSeconds: 120 },
    { timeoutSeconds: 60, lingerSeconds: 30 },
    { timeoutSeconds: 300, lingerSeconds: 120 },
  );
  return fc
    .tuple(
      forDestinations(
        table,
        preserves,
        ({ destinations }, values) =>
          new Map(
            [...destinations.keys()].flatMap((key, index) =>
              values[index] ? [[key, values[index]]] : [],
            ),
          ),
      ),
      fc.array(drains, { minLength: table.services.size, maxLength: table.services.size }),
    )
    .map(([preserved, drained]) => {
      const services = [...preserved].map(
        ([key, preserve], index): readonly [ServiceKey, ServicePolicy] => [
          key,
          { protect: false, drain: drained[index], preserve },
        ],
      );
      return { manage: undefined, services: new Map(services), sysctls: undefined };
    });
}

/** Connections of the live destinations: some have none. */
export function countersOf(table: Table): fc.Arbitrary<Counters> {
  const connections = fc.constantFrom<Connections[]>(
    NO_CONNECTIONS,
    { active: 3, inactive: 1, persistent: 0 },
    { active: 0, inactive: 5, persistent: 0 },
    { active: 0, inactive: 0, persistent: 2 },
  );
  return forDestinations(table, connections, ({ destinations }, values) => ({
    stats: undefined,
    destinations: new Map(
      [...destinations.keys()].map((key, index) => [
        key,
        { ...(values[index] ?? NO_CONNECTIONS), stats: undefined },
      ]),
    ),
  }));
}
