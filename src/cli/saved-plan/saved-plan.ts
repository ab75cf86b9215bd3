import { createHash } from 'node:crypto';
import { formatConfigJson } from '../../config/write/json.ts';
import { IpvstateError } from '../../errors.ts';
import { DEFAULT_LINGER_SECONDS, type DrainRecord, drainKey } from '../../model/drain.ts';
import type { Position } from '../../model/issue.ts';
import { isObject } from '../../model/shape.ts';
import type { Table } from '../../model/table.ts';
import type { Change } from '../../plan/change.ts';
import type { Drain } from '../../plan/drain/drain.ts';
import { serviceFingerprint, settingsFingerprint } from '../../plan/fingerprint.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Prepared } from '../../reconcile/prepare.ts';
import { writeAtomically } from '../../recovery/records/write.ts';
import type { State } from '../../recovery/state.ts';
import type { ChangesContext } from '../../render/changes.ts';
import { formatJson, type Json } from '../../render/json.ts';
import { planJson } from '../../render/plan-json.ts';
import { readInputFile } from '../../sources/files/files.ts';
import { digestsOf, type Loaded } from '../../sources/load.ts';
import { notSavedPlan } from './not-saved-plan.ts';

import {
  type Binding,
  isDocument,
  type PlanNamespace,
  type SavedBefore,
  type SavedDrain,
  type SavedPlan,
} from './plan-document.ts';
/** Returns the namespace that this process plans for. `name` is the value of `--netns`. */
export function namespaceOf({ life }: State, name: string | undefined): PlanNamespace {
  return { name: name ?? null, inode: life.netns, boot: life.boot };
}

type Savable = Pick<Prepared, 'plan' | 'records' | 'snapshot' | 'foreign'>;

interface Planning extends Pick<Loaded, 'sources'> {
  /** undefined for a plan for a table in a file. */
  readonly netns: PlanNamespace | undefined;
  readonly ignoresOverrides: boolean;
}

/** Writes a plan. Throws `IO`. */
export async function savePlan(
  path: string,
  prepared: Savable,
  context: ChangesContext,
  { sources, netns, ignoresOverrides }: Planning,
): Promise<void> {
  const { plan: planned, records } = prepared;
  const saved = {
    created: new Date().toISOString(),
    files: await digestsOf(sources),
    live: { ...liveDigests(planned.live), ...liveSysctls(planned) },
    ...(netns && { netns }),
    before: savedBefore(prepared, context),
    ...(ignoresOverrides && { ignores_overrides: true }),
    desired: desiredJson(planned.desired, records.drains.policies),
  };
  const document = { ...planJson(planned, [], context), saved };
  const sealed = { ...document, saved: { ...saved, digest: digest(JSON.stringify(document), 64) } };
  await writeAtomically(path, formatJson(sealed));
}

/** Reads a file that `savePlan` wrote. Throws `NO_INPUT`, or `CONFIG` for one that was edited. */
export async function readSavedPlan(path: string): Promise<SavedPlan> {
  return parseSavedPlan((await readInputFile(path)).toString('utf8'), path);
}

/** Tells whether a text is a saved plan, or the beginning of one. */
export function isSavedPlanText(text: string): boolean {
  return /^\s*\{\s*"format":\s*"ipvstate-plan"/.test(text) && /"saved":\s*\{/.test(text);
}

/** Parses the text of a saved plan, as `readSavedPlan` does. */
export function parseSavedPlan(text: string, path: string): SavedPlan {
  const document = parseJson(text, path);
  if (!isObject(document) || document.format !== 'ipvstate-plan' || !('saved' in document))
    throw notSavedPlan(text, path, document);
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

/** Services that the plan does not touch are those of the desired table. */
function savedBefore(
  { plan: planned, snapshot, foreign }: Savable,
  context: ChangesContext,
): SavedBefore {
  const touched = new Set(
    planned.changes.flatMap((change) => ('service' in change ? [change.service] : [])),
  );
  const services = new Map([...planned.live.services].filter(([key]) => touched.has(key)));
  return {
    table: JSON.parse(formatConfigJson({ ...planned.live, services })) as Json,
    foreign: [...foreign].sort(),
    unmanageable: snapshot.unmanageable,
    places: livePlaces(planned.changes, context),
  };
}

function livePlaces(
  changes: readonly Change[],
  { locateLive }: ChangesContext,
): SavedBefore['places'] {
  const places: { [key: string]: Position } = {};
  const add = (key: string, place: Position | undefined): void => {
    if (place) places[key] = place;
  };
  for (const change of changes) {
    if (change.object !== 'service' || change.after || !locateLive) continue;
    const { service, before } = change;
    add(service, locateLive(service));
    for (const key of before?.destinations.keys() ?? [])
      add(drainKey(service, key), locateLive(service, key));
  }
  return places;
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
