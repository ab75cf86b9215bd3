import fc from 'fast-check';
import { serviceFamily } from '../../src/model/service.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';
import { tableArbitrary } from './arbitrary-table.ts';

/** The parts that a service takes from the first one. */
const copies = fc.constantFrom('nothing', 'settings', 'settings and destinations');

function alike(entry: ServiceEntry, first: ServiceEntry, copied: string): ServiceEntry {
  if (copied === 'nothing') return entry;
  const { key, identity, onePacket } = entry.service;
  const isSameFamily = serviceFamily(identity) === serviceFamily(first.service.identity);
  if (!isSameFamily || identity.kind !== first.service.identity.kind) return entry;
  return {
    service: { ...first.service, key, identity, onePacket },
    destinations: copied === 'settings' ? entry.destinations : first.destinations,
  };
}

/** Tables in which some services are alike, so that there is something to share. */
export const alikeTables: fc.Arbitrary<Table> = fc
  .tuple(tableArbitrary, fc.array(copies, { minLength: 20, maxLength: 20 }))
  .map(([table, copied]) => {
    const [first] = table.services.values();
    const services = Array.from(
      table.services,
      ([key, entry], index) =>
        [
          key,
          first ? alike(entry, first, copied[index % copied.length] ?? 'nothing') : entry,
        ] as const,
    );
    return { ...table, services: new Map(services) };
  });
