import type { Report } from '../../plan/report.ts';
import type { ReconcileOptions } from '../../reconcile/reconcile.ts';
import type { PendingTry } from '../../recovery/records/records.ts';
import { rollBackKernel } from '../../recovery/roll-back-kernel.ts';
import {
  isExpired,
  refuseWhilePending,
  reportCutOff,
  type Session,
  withSession,
} from '../../recovery/session.ts';
import { describeTry, rollBackTry, tellLastTry } from '../../recovery/try/try-end.ts';
import type { ChangesContext } from '../../render/changes.ts';
import { REPORT_FORMATS } from '../../render/plan-formats.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { WRITE_EXITS } from '../declare/exit-groups.ts';
import {
  CONFIRMATION_OPTIONS,
  GUARD_OPTIONS,
  LOCK_OPTIONS,
  NETNS_OPTIONS,
  PLAN_OPTIONS,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import { flag, outputFormat, text, type ValuesOf } from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import { announcePlan } from '../print-plan.ts';
import { printRollbackPlan } from '../rollback/print-rollback-plan.ts';
import { lastApply, type RollbackStart, tableBeforeRun } from '../rollback/rollback-start.ts';
import { confirmOnTerminal, exitCodeOfRun, printReport, reachedDesired } from '../run-plan.ts';

const ROLLBACK_OPTIONS = {
  to: text('--to <run>', 'go back to before this run of `ipvstate history`, over all runs since'),
  dryRun: flag('--dry-run', 'print the plan, and change nothing'),
  ...LOCK_OPTIONS,
  ...CONFIRMATION_OPTIONS,
  allowUnserved: GUARD_OPTIONS.allowUnserved,
  detailedExitcode: PLAN_OPTIONS.detailedExitcode,
  output: outputFormat(REPORT_FORMATS, 'text'),
  ...VERBOSE_OPTIONS,
  ...NETNS_OPTIONS,
};

type RollbackOptions = ValuesOf<typeof ROLLBACK_OPTIONS>;

export const rollbackVerb = defineVerb({
  name: 'rollback',
  job: 'change',
  summary: 'go back to before',
  description: 'roll back the last apply or all runs since one, or reject the pending try',
  options: ROLLBACK_OPTIONS,
  exits: {
    ...WRITE_EXITS,
    ok: 'rolled back, or with --dry-run a plan was made',
    refused: 'nothing to roll back, no way back, a guard refused, or "no"',
  },
  examples: [
    'ipvstate rollback --dry-run',
    'ipvstate rollback --yes --detailed-exitcode',
    'ipvstate rollback --to mp3k2x1c',
  ],
  notes: [
    'Rolls back only entries that are still as ipvstate left them, and names the',
    'others. --to takes a unique beginning of an id; the run itself is rolled back,',
    'too.',
  ],
  run: async (options, environment) =>
    options.dryRun
      ? printRollbackPlan(options, environment)
      : withSession('rollback', options.lockTimeout, environment, async (session) => {
          reportCutOff(session);
          return rollBack(session, options, environment);
        }),
});

async function rollBack(
  session: Session,
  options: RollbackOptions,
  environment: Environment,
): Promise<number> {
  const { output } = environment;
  const signal = environment.interruption();
  let context: ChangesContext = { counters: new Map() };
  const reconcileOptions: ReconcileOptions = {
    signal,
    stage: output.stage,
    onProgress: (answered, total) =>
      output.progress(`rolled back ${answered} of ${total} operations`),
    onPlan: async (prepared) => {
      context = { counters: prepared.snapshot.counters, style: output.style('stdout') };
      announcePlan(prepared, options, context, environment);
    },
    confirm: (prepared) => confirmOnTerminal(prepared, options, environment),
  };
  const report = await rollBackFrom(session, options, environment, reconcileOptions);
  const exitCode = exitCodeOfRun(report, options, signal);
  printReport({ report, exitCode, context }, options.output, environment);
  return exitCode;
}

async function rollBackFrom(
  session: Session,
  { to, allowUnserved }: Pick<RollbackOptions, 'to' | 'allowUnserved'>,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Report> {
  const { state, records } = session;
  const guarded = { ...options, allowances: { unserved: allowUnserved } };
  if (to !== undefined) {
    refuseWhilePending(session);
    return rollBackRuns(session, tableBeforeRun(state, to), environment, guarded);
  }
  if (session.pending) return rejectTry(session, session.pending, environment, options);
  await tellLastTry(session);
  const last = (await records.unfinished.readAndCleanUp()) ?? (await records.last.readAndCleanUp());
  return rollBackRuns(session, lastApply(last, state), environment, guarded);
}

async function rejectTry(
  session: Session,
  pending: PendingTry,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Report> {
  const { state, records } = session;
  const { outcome, report } = await rollBackTry(
    session,
    environment,
    pending,
    isExpired(pending, state) ? 'timeout' : 'rejected',
    options,
  );
  if (report.outcome === 'declined') return report;
  environment.output.note(`ipvstate: ${describeTry(outcome, state.clock.now())}\n`);
  await records.outcome.write({ ...outcome, isTold: true }).catch(() => undefined);
  return report;
}

async function rollBackRuns(
  session: Session,
  { way, title, includes }: RollbackStart,
  environment: Environment,
  options: ReconcileOptions,
): Promise<Report> {
  const { records } = session;
  environment.output.note(`Rolling back to before ${title}.\n`);
  const run = { verb: 'rollback', trigger: 'command' } as const;
  const report = await rollBackKernel(session, environment, way, run, options);
  if (!reachedDesired(report)) return report;
  for (const record of [records.unfinished, records.last]) {
    const stored = await record.read();
    if (stored && includes(stored.id)) await record.clear();
  }
  return report;
}
