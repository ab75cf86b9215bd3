import { DEFAULT_DESTINATION_SETTINGS } from '../../model/destination.ts';
import type { Operation } from '../../model/operation.ts';
import { serviceKey } from '../../model/service.ts';
import { storeDestination } from '../records/stored-table.ts';
import type { Fields, JournalOperation } from './journal-lines.ts';

type Add = Extract<Operation, { kind: 'add-destination' }>;

/** So many adds in a row to one service share one entry of the journal. */
const GROUP = 16;

const KIND = 'add-destinations';

/**
 * Returns the end of the adds of destinations to one service that begin at `start`, or undefined
 * when there are too few to share an entry.
 */
export function endOfAdds(wave: readonly Operation[], start: number): number | undefined {
  const first = wave[start];
  if (first?.kind !== 'add-destination') return undefined;
  let end = start + 1;
  for (; end < wave.length; end++) {
    const next = wave[end];
    // A plan has one identity for all destinations of a service.
    if (next?.kind !== 'add-destination' || next.service !== first.service) break;
  }
  return end - start < GROUP ? undefined : end;
}

/**
 * Describes adds to one service in one entry, without settings that have ipvsadm's default. Each
 * add by itself, with all settings, would take four times as much of a disk and of a processor.
 */
export function journalAdds(adds: readonly Operation[]): JournalOperation {
  const [first] = adds as readonly [Add];
  return {
    operation: `${KIND} ${serviceKey(first.service)}`,
    added: (adds as readonly Add[]).map(({ destination }) => storeDestination(destination)),
  };
}

/** Returns the operations that an entry of the journal stands for, each with all settings. */
export function expandAdds(entry: JournalOperation): readonly JournalOperation[] {
  const [kind, service] = entry.operation.split(' ');
  if (kind !== KIND || !entry.added) return [entry];
  return entry.added.map(({ key, ...settings }) => ({
    operation: `add-destination ${service} ${key}`,
    after: { ...DEFAULT_DESTINATION_SETTINGS, ...settings } as Fields,
  }));
}
