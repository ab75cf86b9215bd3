import type { DestinationKey } from '../../src/model/destination.ts';
import type { Counters } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import { type EmbeddedTable, openEmbeddedTable } from '../../src/plan/embedded.ts';
import { destinationKeyOf } from './tables.ts';

export interface BusyTable extends EmbeddedTable {
  /**
   * The active connections of each destination, in every service that has it. The test sets them.
   */
  readonly active: Map<DestinationKey, number>;
  /** The inactive connections. There are none at first. */
  readonly inactive: Map<DestinationKey, number>;
}

/**
 * A kernel with connections. Closing it does nothing, so that one command after another can use it.
 */
export function openBusyTable(
  initial: Table,
  connections: Readonly<Record<string, number>>,
): BusyTable {
  const inner = openEmbeddedTable(initial);
  const active = new Map(
    Object.entries(connections).map(([text, count]) => [destinationKeyOf(text), count]),
  );
  const inactive = new Map<DestinationKey, number>();
  const counters = (): Counters =>
    new Map(
      [...inner.table().services].map(([key, { destinations }]) => {
        const own = [...destinations.keys()].map((name) => {
          const count = {
            active: active.get(name) ?? 0,
            inactive: inactive.get(name) ?? 0,
            persistent: 0,
            stats: undefined,
          };
          return [name, count] as const;
        });
        return [key, { stats: undefined, destinations: new Map(own) }];
      }),
    );
  return {
    ...inner,
    active,
    inactive,
    read: async (options) => ({ ...(await inner.read(options)), counters: counters() }),
  };
}
