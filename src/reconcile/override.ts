import type { Desired } from '../model/desired.ts';
import type { DrainKey } from '../model/drain.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { OverrideRecord } from '../model/override.ts';
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
  options: ReconcileOptions,
): Promise<OverrideRun> {
  let effect: OverrideEffect | undefined;
  let absent: readonly AbsentTarget[] = [];
  let concerned: ReadonlySet<DrainKey> = new Set();
  const { states } = await readHealth(options.health);
  const report = await reconcile(ipvs, wanted, {
    ...options,
    propose: (stored, view) => {
      const scene = { ...view, allowsUnserved: options.allowances?.unserved ?? false };
      const next = request ? requested(stored, request, scene) : unchanged(stored);
      // A second pass finds the overrides of the first one, and has nothing more to end.
      effect ??= next;
      absent = absentTargets(next, scene, states);
      const found = concernedDestinations(stored, next.record, scene, request === undefined);
      concerned = new Set([...concerned, ...found]);
      return next.record;
    },
    concerned: () => concerned,
  });
  if (!effect) throw new Error('a run ended before it asked for the overrides');
  return { report, effect, absent };
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
