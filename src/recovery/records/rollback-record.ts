import type { Report } from '../../plan/report.ts';
import { newRunId, type Session } from '../session.ts';
import type { RecordFile } from './record-file.ts';
import type { RunRecord, StoredPass } from './records.ts';

/** The record that a run leaves for `ipvstate rollback`. */
export interface RollbackRecord {
  readonly id: string;
  /** Stores the way back. To be called before the operations that it leads back from. */
  readonly record: (passes: readonly StoredPass[]) => Promise<void>;
  /** Keeps or discards the record, as the run ended. */
  readonly conclude: (report: Pick<Report, 'outcome'>) => Promise<void>;
}

/** After more failed runs in a row, the oldest are forgotten. */
const MAX_PASSES = 16;

/**
 * Opens the record of a run. A failed run does not replace the last good table: the next run adds
 * its record to that of the failed one. Once a run succeeds, `ipvstate rollback` leads back to the
 * table before the first of them. A run that rolled itself back leaves no record. When the disk
 * cannot be written, the run goes on without one.
 */
export async function openRollbackRecord(
  { state, records, warn }: Session,
  verb: string,
  id = newRunId(state),
): Promise<RollbackRecord> {
  const started = state.clock.now().toISOString();
  const earlier = await records.unfinished.readAndCleanUp();
  let isOff = false;
  const write = async (record: RunRecord): Promise<void> => {
    await records.unfinished.write(record).catch((error: Error) => {
      if (!isOff)
        warn(`${error.message}: this ${verb} cannot be rolled back with \`ipvstate rollback\``);
      isOff = true;
    });
  };
  // The run has ended: that its record cannot be deleted must not hide its report.
  const forget = (record: RecordFile<RunRecord>): Promise<void> =>
    record.clear().catch((error: Error) => warn(error.message));
  return {
    id,
    record: (passes) =>
      write({
        ...state.life,
        id,
        verb,
        started,
        passes: [...(earlier?.passes ?? []), ...passes].slice(-MAX_PASSES),
      }),
    conclude: async ({ outcome }) => {
      switch (outcome) {
        case 'applied':
        case 'in-sync':
          // Without a record of this run, the record of an older one would roll back too much.
          if (isOff) await forget(records.last);
          else await records.unfinished.moveTo(records.last).catch(() => forget(records.last));
          await forget(records.unfinished);
          return;
        case 'refused':
        case 'declined':
        case 'rolled-back':
          if (earlier) await write(earlier);
          else await forget(records.unfinished);
          return;
        case 'partial':
        case 'unverified':
          return;
        default:
          outcome satisfies never;
      }
    },
  };
}
