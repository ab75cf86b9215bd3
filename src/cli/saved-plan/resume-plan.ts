import { parseConfig } from '../../config/parse.ts';
import { IpvstateError } from '../../errors.ts';
import type { Desired } from '../../model/desired.ts';
import type { DrainRecord } from '../../model/drain.ts';
import type { Snapshot } from '../../model/ipvs.ts';
import { sameSysctl } from '../../model/sysctl.ts';
import type { Table } from '../../model/table.ts';
import type { OverrideClock } from '../../plan/overrides/overrides.ts';
import { type Plan, plan } from '../../plan/plan.ts';
import type { Json } from '../../render/json.ts';
import { planJson } from '../../render/plan-json.ts';
import { sha256 } from '../../sources/digest.ts';
import { readStable } from '../../sources/files/read-stable.ts';
import { overriddenSince } from './overridden-since.ts';
import type { Binding, PlanNamespace, SavedPlan, SourceFile } from './plan-document.ts';
import { damagedPlan, liveDigests } from './saved-plan.ts';

/**
 * Makes the plan again from the saved tables, with how its services drain. Throws `STALE` with the
 * differences when the live table, a file or an override has changed, or for another network
 * namespace, and `CONFIG` when the plan is not the saved one. `netns` and `overrides` are undefined
 * for a table in a file.
 */
export async function resumePlan(
  { saved, ...document }: SavedPlan,
  path: string,
  snapshot: Snapshot,
  netns: PlanNamespace | undefined,
  overrides: OverrideClock | undefined,
): Promise<{ readonly plan: Plan; readonly drainPolicies: DrainRecord['policies'] }> {
  refuseOtherNamespace(saved, netns);
  const differences = [
    ...(await changedFiles(saved.files)),
    ...changedObjects(saved, snapshot.table),
  ];
  if (differences.length > 0) throw stale(saved, differences);
  const desired = parseSavedTable(saved.desired, path);
  const planned = planAgain({ saved, ...document }, path, snapshot.table, desired);
  const overridden = overrides ? overriddenSince({ saved, ...document }, planned, overrides) : [];
  if (overridden.length > 0) throw stale(saved, overridden);
  const drainPolicies = [...(desired.policy?.services ?? [])].flatMap(([key, { drain }]) =>
    drain ? [[key, drain] as const] : [],
  );
  return { plan: planned, drainPolicies: new Map(drainPolicies) };
}

const SHOWN_DIFFERENCES = 20;

function stale({ created }: Binding, differences: readonly string[]): IpvstateError {
  const shown = differences.slice(0, SHOWN_DIFFERENCES).map((each) => `\n    ${each}`);
  if (differences.length > shown.length)
    shown.push(`\n    and ${differences.length - shown.length} more`);
  return new IpvstateError(
    'STALE',
    `the plan of ${created} is stale; nothing was changed${shown.join('')}`,
    { hint: 'Make a new plan, and read it before applying it.' },
  );
}

/** Parses a table of a saved plan. Throws `CONFIG`. */
export function parseSavedTable(table: Json, path: string): Desired {
  const { desired, issues } = parseConfig(JSON.stringify(table), path);
  if (!desired) throw damagedPlan(path, issues[0]?.message ?? 'its table is not valid');
  return desired;
}

/** Makes the plan from a live table. Throws `CONFIG` when the result is not the saved plan. */
export function planAgain(document: SavedPlan, path: string, live: Table, desired: Desired): Plan {
  const sysctls = desired.policy?.sysctls?.values;
  const table: Table = {
    services: desired.services,
    timeouts: { ...live.timeouts, ...desired.timeouts },
    daemons: desired.daemons ?? live.daemons,
    ...(sysctls && { sysctls }),
  };
  const planned = plan(live, table);
  const again = planJson(planned, [], { counters: new Map() }) as unknown as PlanParts;
  if (JSON.stringify(again.waves) !== JSON.stringify(document.waves))
    throw damagedPlan(path, 'its operations are not those that lead to its desired table');
  if (JSON.stringify(readableParts(again)) !== JSON.stringify(readableParts(document)))
    throw damagedPlan(path, 'its changes or its summary are not those of its operations');
  return planned;
}

type PlanParts = Pick<SavedPlan, 'noop' | 'summary' | 'changes' | 'waves'>;

/**
 * Returns the parts that a person reads before the operations are executed. The place and the name
 * of a change are those of a file that may be elsewhere now, and connections come and go.
 */
function readableParts({ noop, summary, changes }: PlanParts): unknown {
  return [noop, summary, changes.map(({ name, position, impact, ...change }) => change)];
}

/** Throws `STALE` for the table of another namespace, even one that is equal to the plan's. */
function refuseOtherNamespace(
  { netns: planned, created }: Binding,
  netns: PlanNamespace | undefined,
): void {
  if (!planned || !netns || planned.boot !== netns.boot || planned.inode === netns.inode) return;
  throw new IpvstateError(
    'STALE',
    `the plan of ${created} is for the network namespace ${formatNamespace(planned)}, and this is ${formatNamespace(netns)}; nothing was changed`,
    { hint: 'Apply it with the --netns that it was made with, or make a new plan here.' },
  );
}

function formatNamespace({ name, inode }: PlanNamespace): string {
  return name === null ? `with inode ${inode}` : `${name} (inode ${inode})`;
}

function changedObjects({ live }: Binding, table: Table): string[] {
  const now = liveDigests(table);
  const keys = [...new Set([...Object.keys(live.services), ...Object.keys(now.services)])].sort();
  const services = keys.flatMap((key) => {
    const [before, after] = [live.services[key], now.services[key]];
    if (before === after) return [];
    if (before === undefined) return [`${key} was added to the live table`];
    return [`${key} was ${after === undefined ? 'deleted from' : 'changed in'} the live table`];
  });
  const sysctls = Object.entries(live.sysctls ?? {}).flatMap(([name, value]) => {
    const found = table.sysctls?.get(name);
    return found !== undefined && sameSysctl(name, value, found)
      ? []
      : [`the sysctl net.ipv4.vs.${name} was changed`];
  });
  const settings =
    live.settings === now.settings
      ? []
      : ['timeouts or sync daemons were changed in the live table'];
  return [...services, ...settings, ...sysctls];
}

/** Errors for a path without a file, or with a pipe, which has no content to compare. */
const WITHOUT_CONTENT = ['ENOENT', 'ENOTDIR', 'EINVAL'];

/** Names the changed files. A missing file counts as unchanged: plans may be made elsewhere. */
async function changedFiles(files: readonly SourceFile[]): Promise<string[]> {
  const changed = await Promise.all(
    files.map(async ({ path, sha256: planned }) => {
      const read = await readStable(path);
      if (read.kind === 'unreadable')
        return WITHOUT_CONTENT.includes(read.code) ? [] : [`${path} cannot be read (${read.code})`];
      const isSame = read.kind === 'content' && (await sha256(read.bytes)) === planned;
      return isSame ? [] : [`${path} has other content now`];
    }),
  );
  return changed.flat();
}
