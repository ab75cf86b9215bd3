import type { Desired } from '../model/desired.ts';
import { type DrainKey, drainedService } from '../model/drain.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { isOver, NO_OVERRIDES, type Override, type OverrideRecord } from '../model/override.ts';
import type { ServicePolicy } from '../model/policy.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import {
  type AbsentTarget,
  absentTargets,
  concernedDestinations,
  type OverrideChange,
  type OverrideEffect,
  requested,
} from '../plan/overrides/override-request.ts';
import type { Report } from '../plan/report.ts';
import { readHealth, type Wanted } from './prepare.ts';
import { type ReconcileOptions, reconcile } from './reconcile.ts';

export interface OverrideRun {
  readonly report: Report;
  readonly effect: OverrideEffect;
  /** Destinations of the files that are not live: their overrides wait until they are added. */
  readonly absent: readonly AbsentTarget[];
  /** Services that were left as they are, because what is due would leave them unserved. */
  readonly held: ReadonlySet<ServiceKey>;
}

export interface OverrideRunOptions extends ReconcileOptions {
  /**
   * True when a service that an end or a step which is due would leave unserved is left as it is,
   * and holds back no other. What a request asks for is refused as a whole. Default: false.
   */
  readonly leavesHeld?: boolean;
}

/**
 * Applies a request about overrides at once, and stores the overrides right before the first
 * operation. Nothing changes but the weights of live destinations whose overrides change: whatever
 * else the files say waits for a run that applies them. Without a request, the overrides that are
 * over are ended and ramps move. A plan that a guard refuses leaves the overrides as they were.
 */
export async function runOverride(
  ipvs: Ipvs,
  wanted: Wanted,
  request: OverrideChange | undefined,
  options: OverrideRunOptions,
): Promise<OverrideRun> {
  const { states } = await readHealth(options.health);
  const held = new Set<ServiceKey>();
  for (;;) {
    let effect: OverrideEffect | undefined;
    let absent: readonly AbsentTarget[] = [];
    let concerned: ReadonlySet<DrainKey> = new Set();
    let due: ReadonlySet<DrainKey> = new Set();
    const report = await reconcile(ipvs, wanted, {
      ...options,
      propose: (stored, view) => {
        const scene = { ...view, allowsUnserved: options.allowances?.unserved ?? false };
        const next = request ? requested(stored, request, scene) : unchanged(stored);
        // A second pass finds the overrides of the first one, and has nothing more to end.
        effect ??= next;
        absent = absentTargets(next, scene, states);
        const found = concernedDestinations(stored, next.record, scene, request === undefined);
        due = request ? dueDestinations(found, stored, next.record, scene) : found;
        const isLeft = (key: DrainKey): boolean => due.has(key) && held.has(drainedService(key));
        concerned = new Set([...concerned, ...[...found].filter((key) => !isLeft(key))]);
        return next.record;
      },
      concerned: () => concerned,
    });
    if (!effect) throw new Error('a run ended before it asked for the overrides');
    const isWaiting = new Set([...due].map(drainedService));
    const refused = report.outcome === 'refused' && options.leavesHeld ? report.refusals : [];
    const others = refused
      .flatMap(({ services }) => services)
      .filter((service) => isWaiting.has(service) && !held.has(service));
    if (others.length === 0) return { report, effect, absent, held };
    for (const service of others) held.add(service);
  }
}

/** Returns the destinations that a run is about although its request does not change them. */
function dueDestinations(
  found: ReadonlySet<DrainKey>,
  stored: OverrideRecord,
  next: OverrideRecord,
  { live, now }: Parameters<typeof concernedDestinations>[2],
): ReadonlySet<DrainKey> {
  const isInForce = (each: Override): boolean => !isOver(each, now);
  const asked = concernedDestinations(
    { ...NO_OVERRIDES, overrides: stored.overrides.filter(isInForce) },
    { ...NO_OVERRIDES, overrides: next.overrides.filter(isInForce) },
    { live, now },
    false,
  );
  return new Set([...found].filter((key) => !asked.has(key)));
}

function unchanged(record: OverrideRecord): OverrideEffect {
  return { record, set: [], ended: [], left: [], isAbout: () => false };
}

/**
 * Returns the live table as the desired one, for a machine without files. Each weight is the one
 * from before the overrides.
 */
export function desiredOfLive({ services }: Table): Desired {
  const preserve = { weight: true, thresholds: false };
  const policies = [...services].map(([key, { destinations }]): [ServiceKey, ServicePolicy] => [
    key,
    {
      protect: false,
      drain: undefined,
      preserve: new Map([...destinations.keys()].map((destination) => [destination, preserve])),
    },
  ]);
  return {
    services,
    timeouts: {},
    daemons: undefined,
    limits: {},
    policy: { manage: undefined, services: new Map(policies), sysctls: undefined },
    names: new Map(),
    locate: () => undefined,
  };
}
