import { IpvstateError } from '../errors.ts';
import { type DrainRecord, type DrainStore, NO_DRAINS } from '../model/drain.ts';
import type { HealthSource } from '../model/health.ts';
import { NO_OVERRIDES, type OverrideRecord, type OverrideStore } from '../model/override.ts';
import { mergedRecords, sameRecord } from '../plan/drain/drain-record.ts';

/** The records that a run keeps for the runs after it. */
export interface RunRecords {
  readonly drains: DrainRecord;
  readonly overrides: OverrideRecord;
}

/** The stores of these records. A table in a file has none. */
export interface RecordStores {
  readonly drains?: DrainStore;
  readonly overrides?: OverrideStore;
  /** The states of the checks, which only the daemon stores. */
  readonly health?: HealthSource;
}

export async function readRecords({
  drains,
  overrides,
}: Omit<RecordStores, 'health'>): Promise<RunRecords> {
  return {
    drains: (await drains?.read()) ?? NO_DRAINS,
    overrides: (await overrides?.read()) ?? NO_OVERRIDES,
  };
}

/**
 * Stores both records together before the first operation of a plan. Without its stored deadline, a
 * drain would begin anew after a crash; an old drain, and a weight from before, are kept until the
 * operations are done. Overrides that are over stay as well, unless a command changes them.
 */
export async function storeBetween(
  stores: RecordStores,
  before: RunRecords,
  after: RunRecords,
  changesOverrides: boolean,
): Promise<void> {
  const { overrides } = changesOverrides ? after.overrides : before.overrides;
  const held = new Map([...before.overrides.held, ...after.overrides.held]);
  await storeRecords(stores, {
    drains: mergedRecords(before.drains, after.drains),
    overrides: { overrides, held },
  });
}

/** Stores the records that differ. Most runs change none, and write nothing. Throws `IO`. */
export async function storeRecords(
  { drains, overrides }: RecordStores,
  records: RunRecords,
): Promise<void> {
  if (drains && !sameRecord(await drains.read(), records.drains))
    await drains.write(records.drains);
  await overrides?.write(records.overrides);
}

/**
 * Stores the records of a plan that is done. Returns a warning when the overrides that are over
 * cannot be forgotten: the next run forgets them.
 */
export async function storeDone(stores: RecordStores, done: RunRecords): Promise<string[]> {
  const { overrides, ...others } = stores;
  await storeRecords(others, done);
  try {
    await overrides?.write(done.overrides);
    return [];
  } catch (error) {
    if (!(error instanceof IpvstateError)) throw error;
    return [`${error.message}: overrides that are over are forgotten by the next run`];
  }
}
