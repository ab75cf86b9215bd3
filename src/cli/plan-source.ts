import { IpvstateError } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { OverrideStore } from '../model/override.ts';
import type { ServiceKey } from '../model/service.ts';
import { isText } from '../model/shape.ts';
import { countEntries, runStage } from '../model/stage.ts';
import type { Table } from '../model/table.ts';
import type { OverrideClock } from '../plan/overrides/overrides.ts';
import type { Report } from '../plan/report.ts';
import { parseSelectors } from '../plan/scope.ts';
import type { OnError } from '../reconcile/execute.ts';
import { executePlan, type ReconcileOptions, reconcile } from '../reconcile/reconcile.ts';
import type { ServiceNames } from '../recovery/journal/journal.ts';
import type { JournalFile } from '../recovery/journal/journal-lines.ts';
import { REPORT_FORMATS } from '../render/plan-formats.ts';
import { digestsOf } from '../sources/load.ts';
import {
  allowancesOf,
  CONFIRMATION_OPTIONS,
  LOCK_OPTIONS,
  PLAN_OPTIONS,
  readingOf,
} from './declare/option-groups.ts';
import { choice, optionalArgument, outputFormat, type ValuesOf } from './declare/options.ts';
import type { Environment } from './environment.ts';
import { loadValid } from './load-valid.ts';
import type { SavedPlan } from './saved-plan/plan-document.ts';
import { resumePlan } from './saved-plan/resume-plan.ts';
import { hasSysctls, namespaceOf, readSavedPlan } from './saved-plan/saved-plan.ts';

export const PLAN_ARGUMENTS = {
  planFile: optionalArgument('plan', 'a plan that `ipvstate plan --save` wrote, in place of -f'),
};

/** Options of the verbs that execute a plan of files, or a saved plan. */
export const APPLY_OPTIONS = {
  ...PLAN_OPTIONS,
  output: outputFormat(REPORT_FORMATS, 'text'),
  onError: choice<OnError>(
    '--on-error <what>',
    'when an operation fails',
    ['rollback', 'stop', 'continue'],
    'rollback',
  ),
  ...LOCK_OPTIONS,
  ...CONFIRMATION_OPTIONS,
};

export type ApplyOptions = ValuesOf<typeof APPLY_OPTIONS>;

/** The files, or the saved plan, that a run executes. */
export interface PlanSource {
  /** undefined for a saved plan. */
  readonly desired: Desired | undefined;
  /** The names of services in the files. */
  readonly names: ServiceNames;
  readonly files: () => Promise<readonly JournalFile[]>;
  readonly run: (ipvs: Ipvs, options: ReconcileOptions) => Promise<Report>;
}

export async function openSource(
  planFile: string | undefined,
  options: ApplyOptions,
  environment: Environment,
): Promise<PlanSource> {
  return planFile === undefined
    ? fromFiles(options, environment)
    : fromPlan(planFile, options, environment);
}

async function fromFiles(options: ApplyOptions, environment: Environment): Promise<PlanSource> {
  const { desired, sources } = await loadValid(options.file, environment, readingOf(options));
  const prepareOptions = {
    allowances: allowancesOf(options),
    ignoresOverrides: options.ignoreOverrides,
    only: (live: Table) => parseSelectors(options.only, desired, live),
  };
  return {
    desired,
    names: desired.names,
    files: () => digestsOf(sources),
    run: (ipvs, rest) => reconcile(ipvs, desired, { ...prepareOptions, ...rest }),
  };
}

async function fromPlan(
  path: string,
  options: ApplyOptions,
  environment: Environment,
): Promise<PlanSource> {
  const allows = Object.values(allowancesOf(options)).some((value) => value !== false);
  const { file, node, format, only, ignoreOverrides } = options;
  if (file.length > 0 || node || format || only.length > 0 || allows || ignoreOverrides) {
    throw new IpvstateError(
      'USAGE',
      'a saved plan is applied as it is; use -f, --only and other options with `plan --save`',
    );
  }
  const saved = await readSavedPlan(path);
  const netns =
    options.table === undefined ? namespaceOf(await environment.state(), options.netns) : undefined;
  return {
    desired: undefined,
    names: namesIn(saved),
    files: async () => saved.saved.files,
    run: async (ipvs, rest) => {
      const { stage = runStage } = rest;
      const read = () => ipvs.read({ sysctls: hasSysctls(saved) });
      const snapshot = await stage('read-table', read, ({ table }) => countEntries(table));
      const overrides = rest.overrides && (await readOverrideClock(rest.overrides));
      const resumed = await resumePlan(saved, path, snapshot, netns, overrides);
      const { plan, drainPolicies } = resumed;
      return executePlan(ipvs, plan, snapshot, { ...rest, begin: saved.drains, drainPolicies });
    },
  };
}

async function readOverrideClock(store: OverrideStore): Promise<OverrideClock> {
  return { ...(await store.read()), now: store.now(), date: store.date() };
}

/** The names that a saved plan has beside its changes. */
function namesIn({ changes }: SavedPlan): ServiceNames {
  return new Map(
    changes.flatMap(({ service, name }): [ServiceKey, string][] =>
      isText(service) && isText(name) ? [[service as ServiceKey, name]] : [],
    ),
  );
}
