import type { Report } from '../../plan/report.ts';
import { newRunId, type Session } from '../session.ts';
import type { RunRecord, StoredPass } from './records.ts';

/** What a run leaves for `ipvstate rollback`. */
export interface UndoRecord {
  readonly id: string;
  /** Before each stretch of writing. */
  readonly record: (passes: readonly StoredPass[]) => Promise<void>;
  readonly conclude: (report: Report) => Promise<void>;
}

/** Beyond that many failed runs in a row, the oldest are forgotten. */
const MAX_PASSES = 16;

/**
 * Runs that did not end well do not replace the last good state: the next run adds to them, and once one ends well, `rollback` leads
 * back to where the first of them began. A run that undid itself leaves no trace. Where nothing can be written, the run goes on.
 */
export async function keepRecord(
  { state, records, warn }: Session,
  verb: string,
): Promise<UndoRecord> {
  const id = newRunId(state);
  const started = state.clock.now().toISOString();
  const earlier = await records.unfinished.take();
  let isOff = false;
  const write = async (record: RunRecord): Promise<void> => {
    await records.unfinished.write(record).catch((error: Error) => {
      if (!isOff)
        warn(`${error.message}: this ${verb} cannot be undone with \`ipvstate rollback\``);
      isOff = true;
    });
  };
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
          // Of an older run, it would undo the wrong thing.
          if (isOff) await records.last.clear();
          else await records.unfinished.moveTo(records.last).catch(() => records.last.clear());
          await records.unfinished.clear();
          return;
        case 'refused':
        case 'declined':
        case 'rolled-back':
          if (earlier) await write(earlier);
          else await records.unfinished.clear();
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
