import { createHash } from 'node:crypto';
import { parseConfig } from '../config/parse.ts';
import { formatConfigJson } from '../config/write/json.ts';
import { IpvstateError } from '../errors.ts';
import type { DestinationKey } from '../model/destination.ts';
import type { Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import { sameSysctl } from '../model/sysctl.ts';
import type { Table } from '../model/table.ts';
import type { Drain } from '../plan/drain.ts';
import { serviceFingerprint, settingsFingerprint } from '../plan/fingerprint.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { writeAtomically } from '../recovery/records/write.ts';
import type { ChangesContext } from '../render/changes.ts';
import { formatJson, type Json } from '../render/json.ts';
import { planJson } from '../render/plan-json.ts';
import { sha256 } from '../sources/digest.ts';
import { readInputFile } from '../sources/files/files.ts';
import { readStable } from '../sources/files/read-stable.ts';
import { digestsOf, type Loaded } from '../sources/load.ts';

interface SourceFile {
  readonly path: string;
  readonly sha256: string;
}

/** Ties a saved plan to its live table and its files (`saved` in schemas/plan.schema.json). */
interface Binding {
  readonly created: string;
  readonly files: readonly SourceFile[];
  /**
   * A digest of each live service and of the settings. Digests show what has changed since, and do
   * not leak the table. `sysctls` has the live values of the sysctls that the plan sets.
   */
  readonly live: {
    readonly services: { readonly [key: string]: string };
    readonly settings: string;
    readonly sysctls?: { readonly [name: string]: string };
  };
  /** The whole desired table, as a configuration. */
  readonly desired: Json;
}

interface SavedPlan {
  readonly saved: Binding;
  readonly waves: Json;
  /** Drains that the plan begins. */
  readonly drains: readonly Drain[];
}

export async function savePlan(
  path: string,
  planned: Plan,
  context: ChangesContext,
  { sources }: Loaded,
): Promise<void> {
  const saved: Binding = {
    created: new Date().toISOString(),
    files: await digestsOf(sources),
    live: { ...liveDigests(planned.live), ...liveSysctls(planned) },
    desired: desiredJson(planned.desired),
  };
  await writeAtomically(path, formatJson({ ...planJson(planned, [], context), saved }));
}

/** Reads a file that `savePlan` wrote. Throws `NO_INPUT` or `CONFIG`. */
export async function readSavedPlan(path: string): Promise<SavedPlan> {
  const text = (await readInputFile(path)).toString('utf8');
  const document = parseJson(text, path);
  if (!isObject(document) || document.format !== 'ipvstate-plan' || !('saved' in document)) {
    throw new IpvstateError('CONFIG', `${path} is not a saved plan`, {
      hint: 'Make one with `ipvstate plan --save FILE`; a configuration is given with -f.',
    });
  }
  if (document.version !== 1) {
    throw new IpvstateError(
      'CONFIG',
      `${path} is a plan of format version ${document.version}; this program reads version 1`,
    );
  }
  const { saved, waves, drains } = document;
  if (!isBinding(saved) || !Array.isArray(waves) || !areDrains(drains))
    throw damaged(path, 'parts of it are missing');
  return { saved, waves, drains: drains.map(loadDrain) };
}

/** Whether the plan is about sysctls, so that the table must be read with them. */
export function hasSysctls({ saved }: SavedPlan): boolean {
  return saved.live.sysctls !== undefined;
}

/** Parses JSON. Returns undefined for other text. Throws `CONFIG` for a plan that is cut off. */
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/^\{\s*"format": "ipvstate-plan"/.test(text)) throw damaged(path, (error as Error).message);
    return undefined;
  }
}

function damaged(path: string, reason: string): IpvstateError {
  return new IpvstateError('CONFIG', `the saved plan ${path} is damaged: ${reason}`, {
    hint: 'Make a new one with `ipvstate plan --save FILE`.',
  });
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBinding(value: unknown): value is Binding {
  if (!isObject(value) || typeof value.created !== 'string' || !isObject(value.desired))
    return false;
  const { files, live } = value;
  const areFiles =
    Array.isArray(files) && files.every((file) => isObject(file) && typeof file.path === 'string');
  return areFiles && isObject(live) && isObject(live.services);
}

/**
 * Makes the plan again from the saved tables. Throws `STALE` with the differences when the live
 * table or a file has changed, and `CONFIG` when the plan is not the saved one.
 */
export async function resumePlan(
  { saved, waves }: SavedPlan,
  path: string,
  snapshot: Snapshot,
): Promise<Plan> {
  const differences = [
    ...(await changedFiles(saved.files)),
    ...changedObjects(saved, snapshot.table),
  ];
  if (differences.length > 0) {
    const shown = differences.slice(0, 20).map((difference) => `\n    ${difference}`);
    if (differences.length > shown.length)
      shown.push(`\n    and ${differences.length - shown.length} more`);
    throw new IpvstateError(
      'STALE',
      `the plan of ${saved.created} is stale; nothing was changed${shown.join('')}`,
      { hint: 'Make a new plan, and read it before applying it.' },
    );
  }
  const { desired, issues } = parseConfig(JSON.stringify(saved.desired), path);
  if (!desired) throw damaged(path, issues[0]?.message ?? 'its table is not valid');
  const { timeouts, daemons } = snapshot.table;
  const sysctls = desired.policy?.sysctls?.values;
  const table: Table = {
    services: desired.services,
    timeouts: { ...timeouts, ...desired.timeouts },
    daemons: desired.daemons ?? daemons,
    ...(sysctls && { sysctls }),
  };
  const planned = plan(snapshot.table, table);
  const again = planJson(planned, [], { counters: snapshot.counters }).waves;
  if (JSON.stringify(again) !== JSON.stringify(waves)) {
    throw damaged(path, 'its operations are not those that lead to its desired table');
  }
  return planned;
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

/** Live values of the sysctls that the plan enforces. */
function liveSysctls({ live, desired }: Plan): Pick<Binding['live'], 'sysctls'> {
  if (!desired.sysctls) return {};
  return {
    sysctls: Object.fromEntries(
      [...desired.sysctls.keys()].map((name) => [name, live.sysctls?.get(name) ?? '']),
    ),
  };
}

function desiredJson(table: Table): Json {
  const config = JSON.parse(formatConfigJson(table)) as { readonly [key: string]: Json };
  return table.sysctls
    ? { ...config, sysctls: { mode: 'enforce', values: Object.fromEntries(table.sysctls) } }
    : config;
}

interface SavedDrain {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly connections: number;
  readonly seconds_left: number;
  readonly weight: number;
}

function areDrains(value: unknown): value is readonly SavedDrain[] {
  if (!Array.isArray(value)) return false;
  return value.every(
    ({ service, destination, connections, seconds_left, weight }: Partial<SavedDrain>) => {
      const areNumbers = [connections, seconds_left, weight].every(Number.isFinite);
      return typeof service === 'string' && typeof destination === 'string' && areNumbers;
    },
  );
}

/** Reads a drain. Its time begins when the plan is applied. */
function loadDrain({ seconds_left: secondsLeft, ...drain }: SavedDrain): Drain {
  return { ...drain, secondsLeft, deadlineSeconds: secondsLeft };
}

function liveDigests(table: Table): Binding['live'] {
  const services = [...table.services.values()].map(
    (entry) => [entry.service.key, digest(serviceFingerprint(entry), 16)] as const,
  );
  return {
    services: Object.fromEntries(services.sort(([a], [b]) => (a < b ? -1 : 1))),
    settings: digest(settingsFingerprint(table), 16),
  };
}

function digest(data: string | Buffer, length: number): string {
  return createHash('sha256').update(data).digest('hex').slice(0, length);
}
