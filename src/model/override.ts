import type { Destination } from './destination.ts';
import type { DrainKey } from './drain.ts';
import { hasInvisible } from './printable.ts';
import type { ServiceKey } from './service.ts';
import { isText } from './shape.ts';

/** A weight that moves in steps from `from` to the weight of its override. */
export interface Ramp {
  readonly from: number;
  /** The beginning on the monotonic clock, and the length. */
  readonly sinceSeconds: number;
  readonly seconds: number;
}

/** The destinations that an override is about. One of the members is a text. */
export interface OverrideTarget {
  /** null: every service. */
  readonly service: ServiceKey | null;
  /** A key, or an address with any port. null: every destination of the service. */
  readonly destination: string | null;
}

/** A weight that an operator, or a program such as a health checker, wants in place of another. */
export interface Override extends OverrideTarget {
  readonly weight: number;
  readonly ramp?: Ramp;
  /** True when the end of the ramp may leave a service without a usable destination. */
  readonly allowsUnserved?: boolean;
  /** The program that speaks. Absent: an operator does. */
  readonly owner?: string;
  /** The user who gave the command. */
  readonly by: string;
  /** Empty when no reason was given. */
  readonly reason: string;
  /** When the command was given, in ISO 8601. It is for people. */
  readonly since: string;
  /** The end on the monotonic clock. Absent: it lasts until it is ended. */
  readonly endSeconds?: number;
}

/** The longest time of an override or a ramp, in seconds: 10 years. Others are without end. */
export const LONGEST_SECONDS = 315_360_000;
export const REASON_LENGTH = 200;

/** Tells whether a text can be a reason: one line that can be shown. */
export function isReason(text: unknown): text is string {
  return isText(text) && text.length <= REASON_LENGTH && !hasInvisible(text);
}

/** Tells whether a text can name the user who gave a command. */
export function isBy(text: unknown): text is string {
  return isReason(text) && text !== '';
}

/** The overrides of a table, kept for as long as the kernel's table lives. */
export interface OverrideRecord {
  readonly overrides: readonly Override[];
  /**
   * The weights from before, of the destinations that overrides hold. They are put back where no
   * file says another weight.
   */
  readonly held: ReadonlyMap<DrainKey, number>;
}

export const NO_OVERRIDES: OverrideRecord = { overrides: [], held: new Map() };

export interface OverrideStore {
  /** The monotonic clock, in seconds. */
  now(): number;
  /** The wall clock, for people. */
  date(): Date;
  /** Throws `IO`: what cannot be read is not "no overrides". */
  read(): Promise<OverrideRecord>;
  /** Replaces everything. Writes nothing when nothing differs. Throws `IO`. */
  write(record: OverrideRecord): Promise<void>;
}

/** The owner of overrides that an operator set for all directors of a fleet. */
export const FLEET_OWNER = 'fleet';

/** An override of the fleet, as a director knows it. */
export interface KnownFleetOverride {
  /** The end of its key in etcd, and the revision in which it was written. */
  readonly id: string;
  readonly revision: string;
  /** Its end is on the clock of this machine. */
  readonly override: Override;
  /** True once it was stored among the overrides of the table. */
  readonly isInEffect: boolean;
}

/** Keeps the overrides of the fleet for a start without etcd. */
export interface FleetOverrideStore {
  /** undefined: none were kept for this fleet. */
  read(): Promise<readonly KnownFleetOverride[] | undefined>;
  /** Never throws. */
  write(known: readonly KnownFleetOverride[]): Promise<void>;
}

/** Names the speaker: the same speaker's next word about the same target replaces the last one. */
export function speakerOf({ owner, by }: Pick<Override, 'owner' | 'by'>): string {
  return owner === undefined ? by : `owner ${owner}`;
}

/** The identity of an override: one word of each speaker about each target. */
export function overrideKey(override: Override): string {
  const { service, destination } = override;
  return [speakerOf(override), service ?? '*', destination ?? '*'].join('\n');
}

export function isOver({ endSeconds }: Override, now: number): boolean {
  return endSeconds !== undefined && now >= endSeconds;
}

/** Tells whether an override is about a destination. */
export function isAbout(
  target: OverrideTarget,
  service: ServiceKey,
  { key, address }: Pick<Destination, 'key' | 'address'>,
): boolean {
  return (
    (target.service === null || target.service === service) &&
    (target.destination === null ||
      target.destination === key ||
      target.destination === (address as string))
  );
}

/** The shortest time between two steps of a ramp. */
export const RAMP_STEP_SECONDS = 1;

/**
 * Returns the seconds between two steps of a ramp. A step is 1 where time allows, and larger where
 * there would be more than one step a second.
 */
function stepSeconds({ from, seconds }: Ramp, weight: number): number {
  return Math.max(RAMP_STEP_SECONDS, seconds / Math.abs(weight - from));
}

/** Counts the steps that are over. A step that is late by a rounding error counts. */
function stepsUntil({ sinceSeconds }: Ramp, step: number, now: number): number {
  return Math.floor(Math.max(0, now - sinceSeconds) / step + ROUNDING);
}

const ROUNDING = 1e-6;

/** Returns the weight that an override asks for at a time. A ramp ends exactly at its weight. */
export function weightAt({ weight, ramp }: Pick<Override, 'weight' | 'ramp'>, now: number): number {
  if (!ramp || ramp.from === weight || now >= ramp.sinceSeconds + ramp.seconds) return weight;
  const way = Math.abs(weight - ramp.from);
  const step = stepSeconds(ramp, weight);
  const share = (stepsUntil(ramp, step, now) * step) / ramp.seconds;
  const moved = Math.min(way, Math.floor(share * way + ROUNDING));
  return ramp.from + Math.sign(weight - ramp.from) * moved;
}

/**
 * Returns in how many seconds an override next changes by itself: at its end, or at the next step
 * of its ramp. undefined: never. After a step that came late, the next one still waits a second.
 */
export function secondsUntilChange(override: Override, now: number): number | undefined {
  const { weight, ramp, endSeconds } = override;
  const end = endSeconds === undefined ? undefined : Math.max(0, endSeconds - now);
  if (!ramp || weightAt(override, now) === weight) return end;
  const step = stepSeconds(ramp, weight);
  const next = Math.min(ramp.seconds, (stepsUntil(ramp, step, now) + 1) * step);
  const wait = Math.max(RAMP_STEP_SECONDS, ramp.sinceSeconds + next - now);
  return end === undefined ? wait : Math.min(end, wait);
}

/** Tells whether two records say the same. */
export function sameOverrides(a: OverrideRecord, b: OverrideRecord): boolean {
  const text = ({ overrides, held }: OverrideRecord): string =>
    JSON.stringify([overrides, [...held].sort(([one], [other]) => (one < other ? -1 : 1))]);
  return a === b || text(a) === text(b);
}
