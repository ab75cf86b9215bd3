import { throwAsPermission } from '../../errors.ts';
import {
  beneathOverrides,
  describeBeneath,
  openLenientOverrides,
} from '../../recovery/beneath-overrides.ts';
import { formatTime } from '../../recovery/clock.ts';
import { openRecords } from '../../recovery/records/records.ts';
import { planRollback, wayOverPasses } from '../../recovery/roll-back.ts';
import { refuseWhilePending } from '../../recovery/session.ts';
import type { State } from '../../recovery/state.ts';
import { EXIT } from '../../render/exit.ts';
import { formatJson } from '../../render/json.ts';
import type { ReportFormat } from '../../render/plan-formats.ts';
import { planJson } from '../../render/plan-json.ts';
import { formatPlan } from '../../render/plan-text.ts';
import type { Environment } from '../environment.ts';
import { lastApply, type RollbackStart, tableBeforeRun } from './rollback-start.ts';

/**
 * Prints the plan of a rollback. Takes no lock, and changes no record. Returns the exit code.
 * Throws what the rollback itself would throw.
 */
export async function printRollbackPlan(
  options: {
    readonly to: string | undefined;
    readonly output: ReportFormat;
    readonly detailedExitcode: boolean;
    readonly allowUnserved: boolean;
  },
  environment: Environment,
): Promise<number> {
  const { output } = environment;
  const state = await environment.state();
  const { way, title, isTry } = await startOf(options.to, state).catch(throwAsPermission);
  const warn = (message: string): void => output.warn(`${output.errorLabel()} ${message}\n`);
  const around = beneathOverrides(way, await openLenientOverrides(state, warn).read());
  const kernel = await environment.openKernel();
  try {
    const { plan, snapshot, refusals, contested } = await planRollback(
      kernel,
      around.way,
      isTry ? undefined : { unserved: options.allowUnserved },
    );
    const context = { counters: snapshot.counters, style: output.style('stdout') };
    output.note(`This would roll back to before ${title}.\n`);
    if (options.output === 'json')
      output.print(formatJson({ ...planJson(plan, refusals, context), contested }));
    else {
      output.print(
        plan.changes.length > 0
          ? formatPlan({ plan, refusals, snapshot }, context)
          : 'No changes: there is nothing to roll back.\n',
      );
      if (contested.length > 0)
        output.print(
          `Changed by another program since, and left alone: ${contested.join(', ')}.\n`,
        );
    }
    const kept = describeBeneath(around);
    if (kept !== undefined) output.note(`${kept}\n`);
    if (refusals.length > 0) return EXIT.refused;
    return options.detailedExitcode && plan.changes.length > 0 ? EXIT.changes : EXIT.ok;
  } finally {
    kernel.close();
  }
}

/** Finds the start of the rollback. Rejecting a try is not guarded: its end would come anyway. */
async function startOf(
  to: string | undefined,
  state: State,
): Promise<Pick<RollbackStart, 'way' | 'title'> & { readonly isTry: boolean }> {
  const records = openRecords(state, () => {});
  const pending = await records.pending.read();
  if (to !== undefined) {
    refuseWhilePending({ pending, state });
    return { ...tableBeforeRun(state, to), isTry: false };
  }
  if (!pending) {
    const last = (await records.unfinished.read()) ?? (await records.last.read());
    return { ...lastApply(last, state), isTry: false };
  }
  const when = formatTime(new Date(pending.started), state.clock.now());
  return { way: wayOverPasses(pending.passes), title: `the try of ${when}`, isTry: true };
}
