import { drainKey, parseDrainKey } from '../model/drain.ts';
import type { Counters } from '../model/ipvs.ts';
import {
  FLEET_OWNER,
  isOver,
  type Override,
  type OverrideTarget,
  weightAt,
} from '../model/override.ts';
import { printable } from '../model/printable.ts';
import type { ServiceKey } from '../model/service.ts';
import { shellWord } from '../model/shell-word.ts';
import type { AbsentTarget, OverrideEffect } from '../plan/overrides/override-request.ts';
import { endOf, type OverrideClock, type OverrideNote } from '../plan/overrides/overrides.ts';
import type { Report } from '../plan/report.ts';
import { formatChanges, formatSummary } from './changes.ts';
import { exitCodeOfReport } from './exit.ts';
import type { Json } from './json.ts';
import {
  describeSpeaker,
  formatClock,
  formatEnd,
  formatOverrides,
  overrideNoteJson,
} from './overrides.ts';
import { formatReport } from './plan-text.ts';

/** The end of a command about overrides. */
export interface OverrideOutcome {
  readonly report: Report;
  readonly effect: OverrideEffect;
  /** Destinations of the files that are not live: their overrides wait until they are added. */
  readonly absent: readonly AbsentTarget[];
  /** Services that were left as they are, because what is due would leave them unserved. */
  readonly held: ReadonlySet<ServiceKey>;
  /** All overrides afterwards. */
  readonly clock: OverrideClock;
  readonly counters: Counters;
  readonly names: ReadonlyMap<ServiceKey, string>;
  /** True when a daemon ends them in time. */
  readonly isWatched: boolean;
}

/** Formats what a command about overrides did, for people: so many changes, and the sum of more. */
export function formatOverrideOutcome(
  outcome: OverrideOutcome,
  mostChanges = Number.POSITIVE_INFINITY,
): string {
  const { report, effect, counters, names } = outcome;
  const overrides = new Map(
    report.overrides.map((note) => [drainKey(note.service, note.destination), note]),
  );
  const { changes } = report.plan;
  const shown = formatChanges(changes.slice(0, mostChanges), { counters, names, overrides });
  const others = changes.slice(mostChanges);
  const more = others.length === 0 ? '' : `  and more: ${formatSummary(others)}\n`;
  const ended = listed('Ended', effect.ended, (each) => `Ended: ${describeWord(each)}\n`);
  const nothing =
    isIdle(effect) && report.done === 0 ? 'Nothing to end: there is no such override.\n' : '';
  const isDone = report.outcome === 'in-sync' || report.outcome === 'applied';
  return [
    shown === '' ? '' : `${shown}${more}\n`,
    isDone ? ended : '',
    nothing,
    formatReport({ ...report, overrides: [] }, { counters }),
    isDone ? formatStanding(outcome) : '',
    isDone ? formatAbsent(outcome) : '',
    isDone ? formatHeld(outcome) : '',
  ].join('');
}

const SHOWN = 5;

/** Formats which overrides cannot be seen in the kernel yet, and why. */
function formatAbsent({ absent }: OverrideOutcome): string {
  const lines = absent.slice(0, SHOWN).map(({ key, unhealthy }) => {
    const { service, destination } = parseDrainKey(key);
    return (
      `Stored: ${destination} of ${service} is not in the kernel.\n${describeRemoval(unhealthy)}` +
      '    The override takes effect when it is added.\n'
    );
  });
  const more = absent.length - lines.length;
  return [
    ...lines,
    ...(more > 0 ? [`Stored as well: ${more} more that are not live.\n`] : []),
  ].join('');
}

function describeRemoval(unhealthy: string | undefined): string {
  if (unhealthy === undefined) return '';
  const reason = unhealthy === '' ? '' : `: ${printable(unhealthy)}`;
  return `    Health removed it, because its checks fail${reason}.\n`;
}

/** Formats which services keep overrides that should have ended, and the command that ends them. */
function formatHeld({ held, isWatched }: OverrideOutcome): string {
  if (held.size === 0) return '';
  const shown = [...held].slice(0, SHOWN).join(', ');
  const more = held.size > SHOWN ? ` and ${held.size - SHOWN} more` : '';
  const command = isWatched ? 'ipvstate approve' : 'ipvstate apply --allow-unserved';
  return (
    `Left as it is: ${shown}${more}.\n` +
    '    The end of an override there would leave no usable destination.\n' +
    `    If that is what you want: \`${command}\`.\n`
  );
}

/** Formats the overrides that are in force now, of what the command was about. */
function formatStanding({ effect, report }: OverrideOutcome): string {
  if (effect.set.length > 0)
    return formatOverrides(notesAbout(effect, report.overrides), report.plan.changes);
  return listed(
    'Still in force',
    effect.left,
    (each) => `Still in force: ${describeWord(each)}\n${describeOtherEnd(each)}`,
  );
}

const SHOWN_WORDS = 20;

function listed(
  title: string,
  overrides: readonly Override[],
  format: (each: Override) => string,
): string {
  const more = overrides.length - SHOWN_WORDS;
  return [
    ...overrides.slice(0, SHOWN_WORDS).map(format),
    ...(more > 0 ? [`${title}: and ${more} more\n`] : []),
  ].join('');
}

/** Names the command that ends an override. No command on one machine ends one of the fleet. */
function describeOtherEnd({ owner, service, destination }: Override): string {
  if (owner === FLEET_OWNER)
    return `    To end it on every director: \`ipvstate fleet undrain ADDRESS ${destination}\`.\n`;
  const words = [service ?? '--all-services', destination ?? [], owner ? ['--owner', owner] : []];
  const command = ['ipvstate overrides clear', ...words.flat().map(shellWord)].join(' ');
  return `    To end it: \`${command}\`.\n`;
}

function isIdle({ set, ended }: OverrideEffect): boolean {
  return set.length === 0 && ended.length === 0;
}

/** The notes of the destinations that a command was about. */
function notesAbout({ isAbout }: OverrideEffect, notes: readonly OverrideNote[]): OverrideNote[] {
  return notes.filter(({ service, destination }) => isAbout(service, destination));
}

/** Formats `weight 0 of 10.0.0.1:80 of tcp://192.0.2.1:80 by alice: kernel upgrade`. */
function describeWord(override: Override): string {
  const reason = override.reason === '' ? '' : `: ${override.reason}`;
  const word = `weight ${override.weight} of ${describeTarget(override)}`;
  return printable(`${word} by ${describeSpeaker(override)}${reason}`);
}

export function describeTarget({ service, destination }: OverrideTarget): string {
  if (service === null) return `${destination} of every service`;
  return destination === null ? `every destination of ${service}` : `${destination} of ${service}`;
}

/** Formats all overrides, for people: three lines for each at most. */
export function formatOverrideList({ overrides, held, now, date }: OverrideClock): string {
  const words = overrides.map((each) => {
    const weight = weightAt(each, now);
    const aim = weight === each.weight ? '' : `, on the way to ${each.weight}`;
    const until = endOf(each, now, date);
    const end = isOver(each, now)
      ? ', over: the next run of ipvstate gives the weight back'
      : formatEnd(each, until, date);
    return [
      `${printable(describeTarget(each))}\n`,
      `    weight ${weight}${aim}, by ${printable(describeSpeaker(each))} since ${formatClock(new Date(each.since), date)}${end}\n`,
      ...(each.reason === '' ? [] : [`    ${printable(each.reason)}\n`]),
    ].join('');
  });
  if (words.length > 0) return words.join('');
  return held.size === 0
    ? 'No overrides: every weight is that of the files.\n'
    : 'No overrides. The next run of ipvstate gives weights back that were overridden.\n';
}

/** JSON document of all overrides (schemas/overrides.schema.json). */
export function overridesJson(clock: OverrideClock): { readonly [key: string]: Json } {
  return {
    format: 'ipvstate-overrides',
    version: 1,
    overrides: clock.overrides.map((each) => overrideJson(each, clock)),
  };
}

/** The same, with what a command did. */
export function overrideOutcomeJson(outcome: OverrideOutcome): { readonly [key: string]: Json } {
  const { report, effect, clock, isWatched } = outcome;
  return {
    ...overridesJson(clock),
    outcome: report.outcome,
    exit_code: exitCodeOfReport(report, false),
    operations_done: report.done,
    set: effect.set.length,
    ended: effect.ended.length,
    refusals: report.refusals.map(({ guard, message, flag }) => ({ guard, message, flag })),
    destinations: notesAbout(effect, report.overrides).map(overrideNoteJson),
    ends_by_itself: isWatched,
  };
}

function overrideJson(override: Override, { now, date }: OverrideClock): Json {
  const { service, destination, weight, owner, by, reason, since, ramp } = override;
  return {
    service,
    destination,
    weight: weightAt(override, now),
    final_weight: weight,
    ramp_seconds_left: ramp ? Math.max(0, Math.ceil(ramp.sinceSeconds + ramp.seconds - now)) : 0,
    owner: owner ?? null,
    by,
    reason,
    since,
    until: endOf(override, now, date)?.toISOString() ?? null,
    in_force: !isOver(override, now),
  };
}
