import { InvalidArgumentError } from 'commander';
import { IpvstateError } from '../../errors.ts';
import { MAX_WEIGHT } from '../../model/destination.ts';
import { isReason, LONGEST_SECONDS, REASON_LENGTH } from '../../model/override.ts';
import { isOwner, type SetOverrides } from '../../plan/overrides/override-request.ts';
import type { OverrideSelector } from '../../plan/overrides/override-target.ts';
import {
  CONTROL_OPTIONS,
  FILE_OPTIONS,
  GUARD_OPTIONS,
  LOCK_OPTIONS,
  VERBOSE_OPTIONS,
} from './option-groups.ts';
import { flag, number, outputFormat, parsed, parseSeconds, type ValuesOf } from './options.ts';

/** The output formats of the verbs about overrides. */
export const OVERRIDE_FORMATS = { text: true, json: true } as const;

/** Options of every verb that changes overrides. */
export const OVERRIDE_OPTIONS = {
  allServices: flag('--all-services', 'in every service: give only destinations, and no service'),
  owner: parsed(
    '--owner <name>',
    'speak as this program, such as a health checker; its next word replaces this one',
    parseOwner,
  ),
  ...FILE_OPTIONS,
  allowUnserved: GUARD_OPTIONS.allowUnserved,
  output: outputFormat(OVERRIDE_FORMATS, 'text'),
  ...LOCK_OPTIONS,
  ...CONTROL_OPTIONS,
  ...VERBOSE_OPTIONS,
};

/** Options of the verbs that set overrides. */
export const SET_OPTIONS = {
  for: parsed(
    '--for <time>',
    'end after this time, or `ever` (default: 1h; with --owner: ever)',
    parseLength,
  ),
  reason: parsed('--reason <text>', 'why, for everybody who sees the override', parseReason),
  ...OVERRIDE_OPTIONS,
};

export const RAMP_OPTION = number(
  '--ramp <time>',
  'move from the live weight to the weight in so much time, in steps',
  parseRamp,
  0,
  'at once',
);

const DEFAULT_SECONDS = 3600;

/** The end that an override gets. null: it lasts until it is ended. */
export function lastsSeconds({ for: given, owner }: ValuesOf<typeof SET_OPTIONS>): number | null {
  if (given !== undefined) return given === 'ever' ? null : given;
  return owner === undefined ? DEFAULT_SECONDS : null;
}

/**
 * Reads the words that name destinations: a service and destinations of it, or destinations of
 * every service.
 */
export function selectorOf(
  words: readonly string[],
  { allServices }: { readonly allServices: boolean },
): OverrideSelector {
  const [service, ...destinations] = words;
  if (!allServices && service !== undefined) return { service, destinations };
  if (words.length > 0) return { service: null, destinations: words };
  if (!allServices)
    throw new IpvstateError('USAGE', "missing required argument 'service'", {
      hint: 'Name a service, or give --all-services and the address of a server.',
    });
  throw new IpvstateError('USAGE', '--all-services needs the address of a server', {
    hint: 'Such as: ipvstate drain --all-services 10.1.0.11',
  });
}

/** Throws `USAGE` for a ramp that takes longer than its override lasts. */
export function refuseLongRamp({ rampSeconds, lastsSeconds: lasts }: SetOverrides): void {
  if (rampSeconds === null || lasts === null || rampSeconds <= lasts) return;
  throw new IpvstateError('USAGE', 'the ramp takes longer than the override lasts', {
    hint: 'Give a longer time with --for, or `--for ever`.',
  });
}

export function parseWeight(text: string): number {
  const weight = /^(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : Number.NaN;
  if (weight <= MAX_WEIGHT) return weight;
  throw new IpvstateError('USAGE', `${text} is no weight`, {
    hint: `A weight is a whole number from 0 to ${MAX_WEIGHT}.`,
  });
}

const EXPECTED = 'Expected a time from 1s to 3650d, such as 90s, 15m or 1h30m';

/** Returns the seconds of a time that an override or a ramp can take. undefined: it cannot. */
function spanIn(text: string): number | undefined {
  const seconds = parseSeconds(text);
  return seconds !== undefined && seconds > 0 && seconds <= LONGEST_SECONDS ? seconds : undefined;
}

function parseRamp(text: string): number {
  const seconds = spanIn(text);
  if (seconds !== undefined) return seconds;
  throw new InvalidArgumentError(`${EXPECTED}.`);
}

/** Parses the time that an override lasts. */
export function parseLength(text: string): number | 'ever' {
  const length = text === 'ever' ? text : spanIn(text);
  if (length !== undefined) return length;
  throw new InvalidArgumentError(`${EXPECTED}, or ever for one without an end.`);
}

function parseOwner(text: string): string {
  if (isOwner(text)) return text;
  throw new InvalidArgumentError(
    'Expected at most 64 letters, digits and the characters _ . : @ / + -, such as checker-1.',
  );
}

function parseReason(text: string): string {
  if (isReason(text)) return text;
  throw new InvalidArgumentError(`Expected one line of at most ${REASON_LENGTH} characters.`);
}
