import fc from 'fast-check';
import { type ServiceText, tableOf } from './tables.ts';

interface SmallTables {
  /** At most so many services, and destinations of each. */
  readonly services: number;
  readonly hosts: number;
  readonly minWeight?: number;
  /** The fewest services, and destinations of each. */
  readonly minimum?: number;
}

/** Tables of TCP services on port 80 with few addresses: two tables often share some. */
export const smallTables = (options: SmallTables) => smallServices(options).map(tableOf);

/** The services of such a table, as text. */
export function smallServices({
  services,
  hosts,
  minWeight = 0,
  minimum = 0,
}: SmallTables): fc.Arbitrary<Record<string, ServiceText>> {
  const addresses = (network: string, count: number) =>
    fc.constantFrom(...Array.from({ length: count }, (_, index) => `${network}.${index + 1}:80`));
  const destinations = fc.dictionary(
    addresses('10.0.0', hosts),
    fc.integer({ min: minWeight, max: minWeight + 2 }),
    { minKeys: minimum },
  );
  return fc.dictionary(
    addresses('tcp://192.0.2', services),
    destinations.map((weights) => ({ destinations: weights })),
    { minKeys: minimum },
  );
}
