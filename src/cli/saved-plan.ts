import { createHash } from 'node:crypto';
import { formatConfigJson } from '../config/write/json.ts';
import { IpvstateError } from '../errors.ts';
import type { DestinationKey } from '../model/destination.ts';
import { MAX_WEIGHT } from '../model/destination.ts';
import { DEFAULT_LINGER_SECONDS, type DrainRecord } from '../model/drain.ts';
import type { ServiceKey } from '../model/service.ts';
import {
  countUpTo,
  isCount,
  isFlag,
  isObject,
  isText,
  isTime,
  listOf,
  mapOf,
  nullable,
  objectOf,
  optional,
  type Shape,
} from '../model/shape.ts';
import type { Table } from '../model/table.ts';
import type { Drain } from '../plan/drain.ts';
import { serviceFingerprint, settingsFingerprint } from '../plan/fingerprint.ts';
import type { Plan } from '../plan/plan.ts';
import type { Prepared } from '../reconcile/prepare.ts';
import { writeAtomically } from '../recovery/records/write.ts';
import type { State } from '../recovery/state.ts';
import type { ChangesContext } from '../render/changes.ts';
import { formatJson, type Json } from '../render/json.ts';
import { planJson } from '../render/plan-json.ts';
import { readInputFile } from '../sources/files/files.ts';
import { digestsOf, type Loaded } from '../sources/load.ts';

export interface SourceFile {
  readonly path: string;
  readonly sha256: string;
}

/** The network namespace whose kernel's table a plan is for. */
export interface PlanNamespace {
  /** The name that was given with `--netns`. */
  readonly name: string | null;
  readonly inode: string;
  /** Inodes mean nothing after a boot. */
  readonly boot: string;
}

/** Ties a saved plan to its live table and its files (`saved` in schemas/plan.schema.json). */
export interface Binding {
  readonly created: string;
  readonly files: readonly SourceFile[];
  /**
   * A digest of each live service and of the settings. Digests show what has changed since, and do
   * not leak the table. `sysctls` has the live values of the sysctls that the plan sets.
   */
  readonly live: {
    readonly services: { readonly [key: string]: string };
    readonly settings: string;
    readonly sysctls?: { readonly [name: string]: string } | undefined;
  };
  /** Absent for a plan that was made for a table in a file. */
  readonly netns?: PlanNamespace | undefined;
  /** The whole desired table, as a configuration. */
  readonly desired: Json;
  /** Digest of the document without this member: a person may have read any part of it. */
  readonly digest: string;
}

interface SavedDrain {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly connections: number;
  /** Plans of earlier releases lack this and the two following members. */
  readonly remembered?: number | undefined;
  readonly linger_seconds?: number | undefined;
  readonly service_leaves?: boolean | undefined;
  readonly seconds_left: number;
  readonly weight: number;
}

/** The parts of the document that a plan is made of again. */
interface PlanDocument {
  readonly noop: unknown;
  readonly summary: unknown;
  readonly changes: readonly { readonly [key: string]: unknown }[];
  readonly waves: readonly unknown[];
  readonly drains: readonly SavedDrain[];
  readonly saved: Binding;
}

export interface SavedPlan extends Omit<PlanDocument, 'drains'> {
  /** Drains that the plan begins. */
  readonly drains: readonly Drain[];
}

const isAny: Shape<unknown> = (value): value is unknown => value !== undefined;

const isDocument = objectOf<PlanDocument>({
  noop: isAny,
  summary: isAny,
  changes: listOf(isObject),
  waves: listOf(isAny),
  drains: listOf(
    objectOf<SavedDrain>({
      service: isText as Shape<ServiceKey>,
      destination: isText as Shape<DestinationKey>,
      connections: isCount,
      remembered: optional(isCount),
      linger_seconds: optional(isCount),
      service_leaves: optional(isFlag),
      seconds_left: isCount,
      weight: countUpTo(MAX_WEIGHT),
    }),
  ),
  saved: objectOf<Binding>({
    created: isTime,
    files: listOf(objectOf<SourceFile>({ path: isText, sha256: isText })),
    live: objectOf<Binding['live']>({
      services: mapOf(isText),
      settings: isText,
      sysctls: optional(mapOf(isText)),
    }),
    netns: optional(
      objectOf<PlanNamespace>({ name: nullable(isText), inode: isText, boot: isText }),
    ),
    desired: isObject as Shape<Json>,
    digest: isText,
  }),
});

/** Returns the namespace that this process plans for. `name` is the value of `--netns`. */
export function namespaceOf({ life }: State, name: string | undefined): PlanNamespace {
  return { name: name ?? null, inode: life.netns, boot: life.boot };
}

/** Writes a plan. `netns` is undefined for a plan for a table in a file. Throws `IO`. */
export async function savePlan(
  path: string,
  { plan: planned, records }: Pick<Prepared, 'plan' | 'records'>,
  context: ChangesContext,
  { sources }: Pick<Loaded, 'sources'>,
  netns: PlanNamespace | undefined,
): Promise<void> {
  const saved = {
    created: new Date().toISOString(),
    files: await digestsOf(sources),
    live: { ...liveDigests(planned.live), ...liveSysctls(planned) },
    ...(netns && { netns }),
    desired: desiredJson(planned.desired, records.drains.policies),
  };
  const document = { ...planJson(planned, [], context), saved };
  const sealed = { ...document, saved: { ...saved, digest: digest(JSON.stringify(document), 64) } };
  await writeAtomically(path, formatJson(sealed));
}

/** Reads a file that `savePlan` wrote. Throws `NO_INPUT`, or `CONFIG` for one that was edited. */
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
      `${path} is a plan of format version ${JSON.stringify(document.version)}; this program reads version 1`,
    );
  }
  if (!isDocument(document))
    throw damagedPlan(path, 'parts of it are missing or have another form');
  const { digest: sealed, ...saved } = document.saved;
  if (digest(JSON.stringify({ ...document, saved }), 64) !== sealed)
    throw damagedPlan(path, 'it was edited after it was saved');
  return { ...document, drains: document.drains.map(loadDrain) };
}

/** Tells whether the plan is about sysctls, so that the table must be read with them. */
export function hasSysctls({ saved }: SavedPlan): boolean {
  return saved.live.sysctls !== undefined;
}

/** Parses JSON. Returns undefined for other text. Throws `CONFIG` for a plan that is cut off. */
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/^\{\s*"format": "ipvstate-plan"/.test(text))
      throw damagedPlan(path, (error as Error).message);
    return undefined;
  }
}

export function damagedPlan(path: string, reason: string): IpvstateError {
  return new IpvstateError('CONFIG', `the saved plan ${path} is damaged: ${reason}`, {
    hint: 'Make a new one with `ipvstate plan --save FILE`.',
  });
}

/** Reads a drain. Its time begins when the plan is applied. */
function loadDrain({
  seconds_left: secondsLeft,
  remembered,
  linger_seconds: lingerSeconds = DEFAULT_LINGER_SECONDS,
  service_leaves: leaving,
  ...drain
}: SavedDrain): Drain {
  return {
    ...drain,
    remembered: remembered ?? drain.connections,
    secondsLeft,
    lingerSeconds,
    deadlineSeconds: secondsLeft,
    ...(leaving && { leaving }),
  };
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

function desiredJson(table: Table, drainPolicies: DrainRecord['policies']): Json {
  const config = JSON.parse(formatConfigJson(table, { drainPolicies })) as {
    readonly [key: string]: Json;
  };
  return table.sysctls
    ? { ...config, sysctls: { mode: 'enforce', values: Object.fromEntries(table.sysctls) } }
    : config;
}

/** Digests of each live service and of the settings. */
export function liveDigests(table: Table): Binding['live'] {
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
