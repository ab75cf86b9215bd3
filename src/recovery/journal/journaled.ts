import { IpvstateError } from '../../errors.ts';
import type { Ipvs, Refused } from '../../model/ipvs.ts';
import { formatOperation, type Operation } from '../../model/operation.ts';
import { type ServiceKey, serviceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import { Simulation } from '../../plan/simulate.ts';
import type { Journal } from './journal.ts';
import { journalOperations } from './journal-operation.ts';

export interface JournaledOptions {
  /** While it returns true, operations are journaled without their settings. */
  readonly isBrief?: () => boolean;
  /**
   * For a run that does not read the table: what a wave edits or deletes is read before the wave,
   * so that the journal has it.
   */
  readonly readsFirst?: boolean;
}

/** Journals every wave before it is sent, and the kernel's answers after. */
export function journaled(
  ipvs: Ipvs,
  journal: Journal,
  { isBrief = () => false, readsFirst = false }: JournaledOptions = {},
): Ipvs {
  let table: Simulation | undefined;
  /** Operations that the kernel accepted and `table` does not have yet. */
  let accepted: (readonly Operation[])[] = [];
  let next = 1;
  const tableBefore = (wave: readonly Operation[]): Table | undefined => {
    if (!table || !needsTable(wave)) return undefined;
    for (const operation of accepted.flat()) table.apply(operation);
    accepted = [];
    return table.table();
  };
  return {
    info: () => ipvs.info(),
    close: () => ipvs.close(),
    read: async (options) => {
      const snapshot = await ipvs.read(options);
      if (options?.services !== undefined) return snapshot;
      table = new Simulation(snapshot.table);
      accepted = [];
      return snapshot;
    },
    execute: async (wave) => {
      const first = next;
      next += wave.length;
      const needsRead = readsFirst && !table && !isBrief();
      const before = needsRead ? await readBefore(ipvs, wave) : undefined;
      journal.write({
        type: 'wave',
        first,
        operations: isBrief()
          ? wave.map((operation) => ({ operation: formatOperation(operation) }))
          : journalOperations(wave, before ?? tableBefore(wave)),
      });
      try {
        const refused = await ipvs.execute(wave);
        if (table)
          accepted.push(refused.size === 0 ? wave : wave.filter((_, index) => !refused.has(index)));
        journal.write({
          type: 'outcomes',
          first,
          done: wave.length - refused.size,
          refused: numbered(refused, first),
        });
        return refused;
      } catch (error) {
        journal.write({
          type: 'outcomes',
          first,
          done: 0,
          refused: [],
          lost: error instanceof Error ? error.message : String(error),
        });
        throw error;
      }
    },
  };
}

/** Tells whether a wave edits or deletes anything besides the services that it adds itself. */
function needsTable(wave: readonly Operation[]): boolean {
  const added = new Set<ServiceKey>();
  return wave.some((operation) => {
    if (operation.kind === 'add-service') added.add(operation.service.key);
    if (operation.kind.startsWith('add-')) return false;
    const service = serviceOf(operation);
    return service === undefined || !added.has(service);
  });
}

/**
 * Reads the objects that a wave edits or deletes. When they cannot be read, the wave is journaled
 * without them.
 */
async function readBefore(ipvs: Ipvs, wave: readonly Operation[]): Promise<Table | undefined> {
  const editing = wave.filter(({ kind }) => !kind.startsWith('add-') && kind !== 'zero');
  if (editing.length === 0) return undefined;
  const services = editing.flatMap((operation) => serviceOf(operation) ?? []);
  const options = editing.some(({ kind }) => kind === 'flush') ? {} : { services };
  try {
    return (await ipvs.read(options)).table;
  } catch (error) {
    if (error instanceof IpvstateError) return undefined;
    throw error;
  }
}

function serviceOf(operation: Operation): ServiceKey | undefined {
  if (!('service' in operation) || !operation.service) return undefined;
  return 'key' in operation.service ? operation.service.key : serviceKey(operation.service);
}

function numbered(refused: Refused, first: number) {
  return [...refused].map(([index, { errno }]) => ({ operation: first + index, errno }));
}
