import type { Issue } from '../../model/issue.ts';
import type { Pause } from '../../model/pause.ts';
import type { ServiceKey } from '../../model/service.ts';
import { isServed, type ServiceEntry } from '../../model/table.ts';
import type { OverrideNote } from '../../plan/overrides/overrides.ts';
import type { ConfigProblem, SourceState } from '../../reconcile/loop/config-state.ts';
import type { DriftMode, LoopState, PassResult } from '../../reconcile/loop/loop-state.ts';
import { treatmentOf } from '../../render/health.ts';
import { describeOverride } from '../../render/overrides.ts';
import { changeTitles, driftTitles } from './change-titles.ts';
import { exitCodeOfPass } from './pass-exit.ts';
import {
  type FleetStatus,
  type OverrideStatus,
  type PauseStatus,
  SHOWN_FINGERPRINT,
  type Status,
  type StatusError,
} from './status.ts';

/** The facts of a status that the loop does not know. */
export interface DaemonFacts {
  readonly version: string;
  readonly pid: number;
  readonly started: string;
  readonly drift: DriftMode;
  /** Seconds on the monotonic clock of drains and pauses. */
  readonly drainClockSeconds: number;
  /** The wall clock at the same moment, in seconds since 1970. */
  readonly wallSeconds: number;
  /** undefined: the daemon is in no fleet. */
  readonly fleet?: FleetStatus | undefined;
  /** Converts a time on the loop's clock to ISO 8601. */
  readonly wallTime: (time: number) => string;
}

const SHOWN_CHANGES = 20;

export function statusOfLoop(state: LoopState, facts: DaemonFacts): Status {
  const { config, lastPass, refused, contested, watch, drains, health, unserved, pause } = state;
  const { version, pid, started, drift, wallTime, drainClockSeconds } = facts;
  const inForce = config.good?.desired;
  let destinations = 0;
  for (const entry of inForce?.services.values() ?? []) destinations += entry.destinations.size;
  return {
    format: 'ipvstate-status',
    version: 1,
    program: { version, pid, started },
    health: health.state,
    health_since: health.state === 'starting' ? null : wallTime(health.since),
    why: health.why,
    drift,
    files: config.files.map(({ path, sha256 }) => ({
      path,
      sha256: sha256 ?? null,
      problem: null,
    })),
    config: {
      valid: config.valid,
      last_success: config.good ? wallTime(config.good.since) : null,
      services: inForce?.services.size ?? 0,
      destinations,
      error: config.problem ? configError(config.problem, wallTime) : null,
    },
    source: state.source ? sourceError(state.source, wallTime) : null,
    error: passError(lastPass, wallTime),
    last_pass: lastPass ? passStatus(lastPass, wallTime) : null,
    waiting: refused
      ? {
          plan: refused.fingerprint.slice(0, SHOWN_FINGERPRINT),
          since: wallTime(refused.since),
          refusals: refused.refusals.map(({ guard, message, flag }) => ({ guard, message, flag })),
          changes: changeTitles(refused.plan.changes, SHOWN_CHANGES),
        }
      : null,
    unserved,
    differences: differencesOf(state),
    drains: drains.map((drain) => ({
      service: drain.service,
      destination: drain.destination,
      seconds_left: Math.max(0, Math.round(drain.deadlineSeconds - drainClockSeconds)),
    })),
    contested: contested.map(({ name, reversals }) => ({ object: name, reversals })),
    refused_parts: state.refusedParts.map(({ part, reason, hint = null }) => ({
      ...{ part, reason, hint },
    })),
    paused: pause ? pauseStatus(pause, facts) : null,
    overrides: state.overrides.map(overrideStatus),
    unserved_by_overrides: unservedByOverrides(state),
    fleet: facts.fleet ?? null,
    health_effects: state.checked.map(treatmentOf),
    watch: { mode: watch.mode, reason: watch.reason ?? null },
  };
}

/**
 * Finds the services that overrides leave without a usable destination. An operator allowed it, so
 * it is no problem of the health.
 */
function unservedByOverrides({ overrides, lastPass, config }: LoopState): ServiceKey[] {
  const desired = lastPass?.report?.plan.desired ?? config.good?.desired;
  const byService = new Map<ServiceKey, OverrideNote[]>();
  for (const note of overrides) {
    const notes = byService.get(note.service);
    if (notes) notes.push(note);
    else byService.set(note.service, [note]);
  }
  return [...byService].flatMap(([key, notes]) => {
    const entry = desired?.services.get(key);
    const isServedWith = (weightOf: (note: OverrideNote) => number): boolean =>
      entry !== undefined && isServed(withWeights(entry, notes, weightOf));
    const isLost =
      isServedWith(({ ownWeight }) => ownWeight) && !isServedWith(({ weight }) => weight);
    return isLost ? [key] : [];
  });
}

function withWeights(
  { service, destinations }: ServiceEntry,
  notes: readonly OverrideNote[],
  weightOf: (note: OverrideNote) => number,
): ServiceEntry {
  const weighted = new Map(destinations);
  for (const note of notes) {
    const found = weighted.get(note.destination);
    if (found) weighted.set(note.destination, { ...found, weight: weightOf(note) });
  }
  return { service, destinations: weighted };
}

function overrideStatus(note: OverrideNote): OverrideStatus {
  const { service, destination, weight, ownWeight, override, until } = note;
  return {
    service,
    destination,
    weight,
    own_weight: ownWeight,
    owner: override.owner ?? null,
    by: override.by,
    reason: override.reason,
    until: until?.toISOString() ?? null,
    note: describeOverride(note),
  };
}

function pauseStatus(
  { who, reason, services, sinceSeconds, untilSeconds }: Pause,
  { drainClockSeconds: now, wallSeconds }: DaemonFacts,
): PauseStatus {
  const wallTimeOf = (seconds: number): string =>
    new Date(Math.round(wallSeconds + seconds - now) * 1000).toISOString();
  return {
    who,
    reason: reason ?? null,
    since: wallTimeOf(sinceSeconds),
    until: untilSeconds === undefined ? null : wallTimeOf(untilSeconds),
    seconds_left: untilSeconds === undefined ? null : Math.max(0, Math.ceil(untilSeconds - now)),
    services: services ?? null,
  };
}

/** Titles of the differences that are left. Those of a plan that is held back are in `waiting`. */
function differencesOf({ drift, refused }: LoopState): readonly string[] {
  return drift && !refused ? driftTitles(drift, SHOWN_CHANGES) : [];
}

function configError(
  { issues, error, position, since }: ConfigProblem,
  wallTime: (time: number) => string,
): StatusError {
  const first: Issue | undefined = issues.find(({ severity }) => severity === 'error');
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  const more = errors > 1 ? ` (and ${errors - 1} more)` : '';
  return {
    since: wallTime(since),
    code: error?.code ?? first?.code ?? 'CONFIG',
    message: error?.message ?? `${first?.message ?? 'not valid'}${more}`,
    hint: error?.hint ?? first?.hint ?? null,
    position: position ?? null,
  };
}

function sourceError(
  { message, hint, since }: SourceState,
  wallTime: (time: number) => string,
): StatusError {
  return { since: wallTime(since), code: 'NO_INPUT', message, hint: hint ?? null, position: null };
}

function passError(
  pass: PassResult | undefined,
  wallTime: (time: number) => string,
): StatusError | null {
  const error = pass?.error ?? pass?.report?.error ?? pass?.report?.failures[0]?.error;
  if (!pass || !error) return null;
  const { code, message, hint } = error;
  return { since: wallTime(pass.finishedAt), code, message, hint: hint ?? null, position: null };
}

function passStatus(
  pass: PassResult,
  wallTime: (time: number) => string,
): NonNullable<Status['last_pass']> {
  const { triggers, startedAt, finishedAt, outcome, report } = pass;
  return {
    at: wallTime(finishedAt),
    trigger: triggers.join(', '),
    outcome,
    exit_code: exitCodeOfPass(pass),
    changes: report?.plan.changes.length ?? 0,
    operations: report?.done ?? 0,
    seconds: (finishedAt - startedAt) / 1000,
  };
}
