import type { HealthNote } from '../../health/effect.ts';
import type { Desired } from '../../model/desired.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { Snapshot } from '../../model/ipvs.ts';
import type { Position } from '../../model/issue.ts';
import type { Origin, ServiceOrigins } from '../../model/origin.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Drain } from '../drain/drain.ts';
import type { Refusal } from '../guard.ts';
import type { OverrideNote } from '../overrides/overrides.ts';
import type { Plan } from '../plan.ts';
import type { Subject } from './explanation.ts';

/** A thing that acts on an object, beside the values of the files. */
export type Influence =
  | {
      readonly kind: 'preserve';
      readonly destinations: readonly DestinationKey[];
      /** The attributes whose live values are kept. */
      readonly fields: readonly string[];
      readonly origin: Origin | undefined;
    }
  /** The checks of the daemon change the weight, or would. */
  | { readonly kind: 'health'; readonly note: HealthNote }
  /** A runtime override sets the weight. */
  | { readonly kind: 'override'; readonly note: OverrideNote }
  | { readonly kind: 'drain'; readonly drain: Drain }
  | {
      readonly kind: 'protect';
      readonly origin: Origin | undefined;
      /** True when no file has the service any more: it was protected when it was last applied. */
      readonly isRemembered: boolean;
    }
  /** The files are not responsible for the service. */
  | { readonly kind: 'manage'; readonly position: Position | undefined }
  /** No file can express the object that the kernel has. */
  | { readonly kind: 'unmanageable'; readonly object: string; readonly reason: string }
  /** No file has the object, and `apply` deletes it. */
  | { readonly kind: 'removed' }
  | { readonly kind: 'guard'; readonly refusal: Refusal }
  /** The daemon writes nothing, or nothing to this service. */
  | { readonly kind: 'paused'; readonly pause: DaemonPause }
  /** Another program keeps changing the object, and the daemon leaves it alone. */
  | { readonly kind: 'contested'; readonly object: string; readonly reversals: number }
  /** The kernel refuses the service, and the daemon leaves it out. */
  | { readonly kind: 'refused'; readonly reason: string; readonly hint: string | null }
  /** The daemon is not well, in the words of its status. */
  | { readonly kind: 'daemon'; readonly health: string };

/** A plan of the files for the live table. */
export interface PlannedTable {
  readonly plan: Plan;
  readonly foreign: ReadonlySet<ServiceKey>;
  readonly drains: readonly Drain[];
  readonly overrides: readonly OverrideNote[];
  readonly health: readonly HealthNote[];
  readonly refusals: readonly Refusal[];
}

interface DaemonPause {
  /** The services that are left alone; null when nothing at all is written. */
  readonly services: readonly string[] | null;
  /** The person who paused the daemon, since when, until when, and why. */
  readonly description: string;
}

/** The things that a running daemon says it leaves alone. */
export interface DaemonView {
  readonly paused: DaemonPause | undefined;
  readonly contested: readonly { readonly object: string; readonly reversals: number }[];
  /** Services and settings that the kernel refuses. */
  readonly refused: readonly {
    readonly part: string;
    readonly reason: string;
    readonly hint: string | null;
  }[];
  /** The health in one sentence; undefined while all is well. */
  readonly health: string | undefined;
}

/** All that is known beside the files. What could not be read is undefined. */
export interface Surroundings {
  readonly snapshot: Snapshot | undefined;
  readonly planned: PlannedTable | undefined;
  readonly protectedServices: ReadonlySet<ServiceKey>;
  /** undefined when no daemon answers. */
  readonly daemon: DaemonView | undefined;
}

/** Finds all that acts on a service or a destination, in the order in which it takes effect. */
export function influencesOn(
  subject: Subject,
  desired: Desired,
  origins: ServiceOrigins | undefined,
  surroundings: Surroundings,
): Influence[] {
  const { service, destination } = subject;
  const isAbout = (other: Subject): boolean =>
    other.service === service && (destination === undefined || other.destination === destination);
  const { planned, snapshot } = surroundings;
  const changes = planned?.plan.changes.filter(
    (change) =>
      (change.object === 'service' && change.service === service) ||
      (change.object === 'destination' && isAbout(change)),
  );
  return [
    ...(planned?.foreign.has(service)
      ? [{ kind: 'manage', position: desired.sections?.manage } as const]
      : []),
    ...(snapshot?.unmanageable ?? [])
      .filter((found) => found.service === service && isAboutText(destination, found.destination))
      .map(({ destination: object = service, reason }) => ({
        ...{ kind: 'unmanageable' as const, object, reason },
      })),
    ...preserved(subject, desired, origins, snapshot),
    ...(planned?.health ?? []).filter(isAbout).map((note) => ({ kind: 'health' as const, note })),
    ...(planned?.overrides ?? [])
      .filter(isAbout)
      .map((note) => ({ kind: 'override' as const, note })),
    ...(planned?.drains ?? []).filter(isAbout).map((drain) => ({ kind: 'drain' as const, drain })),
    ...protection(subject, desired, origins, surroundings),
    ...(isRemoved(subject, desired, surroundings) ? [{ kind: 'removed' } as const] : []),
    ...(planned?.refusals ?? [])
      .filter(({ services }) => services.includes(service) || (changes?.length ?? 0) > 0)
      .map((refusal) => ({ kind: 'guard' as const, refusal })),
    ...leftByDaemon(subject, surroundings.daemon),
  ];
}

/** A service is explained with all its destinations. */
function isAboutText(wanted: DestinationKey | undefined, found: string | undefined): boolean {
  return wanted === undefined || found === undefined || wanted === found;
}

function leftByDaemon(subject: Subject, daemon: DaemonView | undefined): Influence[] {
  if (!daemon) return [];
  const { paused: pause, contested, refused, health } = daemon;
  const isPaused = pause && (pause.services?.includes(subject.service) ?? true);
  return [
    ...(isPaused ? [{ kind: 'paused' as const, pause }] : []),
    ...contested
      .filter(({ object }) => contestedObjects(subject).includes(object))
      .map((found) => ({ kind: 'contested' as const, ...found })),
    ...refused
      .filter(({ part }) => part === subject.service)
      .map(({ reason, hint }) => ({ kind: 'refused' as const, reason, hint })),
    ...(health === undefined ? [] : [{ kind: 'daemon' as const, health }]),
  ];
}

/** The names that the daemon gives the parts of an object that another program keeps changing. */
function contestedObjects({ service, destination }: Subject): string[] {
  return [
    service,
    ...(destination === undefined ? [`${service} settings`] : [`${service} ${destination}`]),
  ];
}

interface Kept {
  readonly fields: readonly string[];
  readonly origin: Origin | undefined;
  readonly destinations: DestinationKey[];
}

/** The live values that are kept. Destinations with the same fields of one origin are together. */
function preserved(
  { service, destination }: Subject,
  { policy }: Desired,
  origins: ServiceOrigins | undefined,
  snapshot: Snapshot | undefined,
): Influence[] {
  const live = snapshot?.table.services.get(service)?.destinations;
  const groups = new Map<string, Kept>();
  for (const [key, { weight, thresholds }] of policy?.services.get(service)?.preserve ?? []) {
    if (!live?.has(key) || (destination !== undefined && destination !== key)) continue;
    const fields = [
      ...(weight ? ['weight'] : []),
      ...(thresholds ? ['upper_threshold', 'lower_threshold'] : []),
    ];
    const origin = origins?.destinations.get(key)?.get('preserve');
    const id = JSON.stringify([fields, origin?.position]);
    const group = groups.get(id);
    if (group) group.destinations.push(key);
    else groups.set(id, { fields, origin, destinations: [key] });
  }
  return Array.from(groups.values(), (group) => ({ kind: 'preserve', ...group }));
}

function protection(
  { service, destination }: Subject,
  { services, policy }: Desired,
  origins: ServiceOrigins | undefined,
  { protectedServices }: Surroundings,
): Influence[] {
  if (destination !== undefined) return [];
  const isListed = services.has(service);
  const isProtected = isListed
    ? policy?.services.get(service)?.protect
    : protectedServices.has(service);
  if (!isProtected) return [];
  return [{ kind: 'protect', origin: origins?.service.get('protect'), isRemembered: !isListed }];
}

/** Tells whether no file has an object that is live, and that the files are responsible for. */
function isRemoved(
  { service, destination }: Subject,
  { services }: Desired,
  { planned, snapshot }: Surroundings,
): boolean {
  if (!planned || planned.foreign.has(service)) return false;
  const live = snapshot?.table.services.get(service);
  const wanted = services.get(service);
  return destination === undefined
    ? live !== undefined && wanted === undefined
    : live?.destinations.has(destination) === true && !wanted?.destinations.has(destination);
}
