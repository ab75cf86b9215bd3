import { MAX_WEIGHT } from '../model/destination.ts';
import { formatEndpoint, parseEndpoint } from '../model/endpoint.ts';
import { isBy, isReason, type OverrideTarget } from '../model/override.ts';
import { parseServiceKey, type ServiceKey, serviceKey } from '../model/service.ts';
import { countUpTo, isText, isTime, nullable, objectOf, type Shape } from '../model/shape.ts';
import type { FleetFormat } from './document.ts';
import type { FleetNode } from './nodes.ts';

/** A weight that an operator wants on every director, as it is written for all of them. */
export interface FleetOverride extends OverrideTarget {
  /** A key, or an address with any port. */
  readonly destination: string;
  readonly weight: number;
  /** The user who gave the command, and the machine. */
  readonly by: string;
  readonly reason: string;
  /** By the clock of that machine. They are for people: the lease of the key tells the end. */
  readonly since: string;
  /** null: it lasts until it is ended. */
  readonly until: string | null;
}

const isServiceKey: Shape<ServiceKey> = (value): value is ServiceKey => {
  const identity = isText(value) ? parseServiceKey(value) : undefined;
  return identity !== undefined && serviceKey(identity) === value;
};

const isDestination: Shape<string> = (value): value is string => {
  const endpoint = isText(value) ? parseEndpoint(value) : undefined;
  if (!endpoint) return false;
  const { address, port } = endpoint;
  return value === (port === undefined ? address : formatEndpoint(address, port));
};

export const FLEET_OVERRIDE: FleetFormat<FleetOverride> = {
  name: 'ipvstate-fleet-override',
  maxBytes: 4 * 1024,
  shape: objectOf<FleetOverride>({
    service: nullable(isServiceKey),
    destination: isDestination,
    weight: countUpTo(MAX_WEIGHT),
    by: isBy,
    reason: isReason,
    since: isTime,
    until: nullable(isTime),
  }),
};

/** The most overrides of a fleet. Each director reports about each. */
export const MAX_FLEET_OVERRIDES = 100;

/** The beginning of the keys of all overrides of a fleet. */
export function fleetOverridesKey(prefix: string): string {
  return `${prefix}/overrides/`;
}

/** The name of one value of an override: it differs when the override is set anew. */
export interface FleetOverrideName {
  /** The end of its key. */
  readonly id: string;
  /** The revision of etcd in which it was written. */
  readonly revision: string;
}

/** An override of a fleet, as etcd has it. */
export interface FleetOverrideEntry extends FleetOverrideName {
  /** undefined: `problem` says why it cannot be read. */
  readonly override: FleetOverride | undefined;
  readonly problem: string | undefined;
}

/** The states of an override of the fleet on a director. */
export const OVERRIDE_STAGES = [
  'in-effect',
  /** The director does not set the weight; `why` tells the reason. */
  'held',
  /** Its time is over on the director, and etcd has not deleted it yet. */
  'over',
] as const;

/** An override of the fleet, as a director reports it. */
export interface ReportedOverride extends FleetOverrideName {
  readonly stage: (typeof OVERRIDE_STAGES)[number];
  readonly why: string | null;
}

/** The effect of an override on a director. */
export interface OverrideOnNode {
  readonly node: string;
  readonly stage: ReportedOverride['stage'] | 'unknown';
  /** Why it is held, or not known. */
  readonly why: string | undefined;
}

/** Tells what a director has made of an override, as far as its last report says. */
export function overrideOn(node: FleetNode, { id, revision }: FleetOverrideName): OverrideOnNode {
  const { name, report } = node;
  const reported = report?.fleet_overrides?.find(
    (each) => each.id === id && each.revision === revision,
  );
  const silence = silenceOf(node);
  // Nobody knows about the other one of two daemons. One that is away keeps what it has.
  if (reported && node.daemons.length < 2)
    return { node: name, stage: reported.stage, why: reported.why ?? undefined };
  return { node: name, stage: 'unknown', why: silence };
}

/** Says why a director does not tell anything about an override. undefined: it will soon. */
function silenceOf({ daemons, isReporting, report, problem }: FleetNode): string | undefined {
  if (daemons.length > 1) return 'two daemons report under its name';
  if (problem !== undefined) return 'its report cannot be read';
  if (!report) return 'it has never reported';
  if (report.stopped) return 'it is stopped';
  if (!isReporting) return 'it is away';
  return report.fleet_overrides ? undefined : 'its version knows no drain of the fleet';
}

/** Tells whether a director still has an override, whatever the revision of its value is. */
export function stillHas({ report }: FleetNode, { id }: Pick<FleetOverrideName, 'id'>): boolean {
  return report?.fleet_overrides?.some((each) => each.id === id) ?? false;
}
