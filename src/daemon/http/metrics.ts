import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { FLEET_OWNER } from '../../model/override.ts';
import { HEALTH_STATES, isAsDesired } from '../../reconcile/loop/health.ts';
import type { Status } from '../status/status.ts';

/** The metrics of the daemon. Counters are counted here; gauges are computed from the status. */
export interface Metrics {
  /** Counts a pass that ended. */
  countPass(result: string, seconds: number): void;
  /** Counts objects of the live table that another program had changed. */
  countDrift(objects: number): void;
  /** Counts a destination that became healthy or unhealthy. */
  countHealthChange(service: string): void;
  /** Counts an answer to a health check. */
  observeCheck(service: string, seconds: number): void;
  readonly registry: Registry;
}

const HEALTH_NAMES = [...HEALTH_STATES, 'starting'] as const;
const WATCH_MODES = ['inotify', 'poll', 'etcd'] as const;

const GENERATION_STAGES = ['read', 'in_force', 'applied'] as const;

/** Histogram buckets in seconds: from a single edit to a table of 100,000 destinations. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Buckets in seconds: from a server in the same rack to the end of a long time limit. */
const CHECK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** A destination that is checked. */
interface CheckedGauge {
  readonly service: string;
  readonly destination: { readonly key: string };
  readonly state: { readonly isHealthy: boolean };
}

/**
 * Creates the metrics. `checked` are the destinations that the daemon checks. `results` are the
 * values of the label `result`.
 */
export function createMetrics(
  version: string,
  status: () => Status,
  results: readonly string[],
  checked: () => readonly CheckedGauge[] = () => [],
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, value: (status: Status) => number): void => {
    new Gauge({
      name: `ipvstate_${name}`,
      help,
      registers,
      collect() {
        this.set(value(status()));
      },
    });
  };
  const passes = new Counter({
    name: 'ipvstate_reconcile_total',
    help: 'Passes by how they ended.',
    labelNames: ['result'],
    registers,
  });
  // Every result starts at 0: a rate over a counter that appears with its first event misses it.
  for (const result of results) passes.inc({ result }, 0);
  const durations = new Histogram({
    name: 'ipvstate_reconcile_duration_seconds',
    help: 'How long passes took.',
    buckets: BUCKETS,
    registers,
  });
  const drift = new Counter({
    name: 'ipvstate_drift_total',
    help: 'Objects of the live table that another program had changed.',
    registers,
  });
  const healthChanges = new Counter({
    name: 'ipvstate_health_transitions_total',
    help: 'Destinations that became healthy or unhealthy.',
    labelNames: ['service'],
    registers,
  });
  const checkDurations = new Histogram({
    name: 'ipvstate_health_check_duration_seconds',
    help: 'How long destinations took to answer their health checks.',
    labelNames: ['service'],
    buckets: CHECK_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'ipvstate_destination_healthy',
    help: 'Whether the health checks of a destination hold.',
    labelNames: ['service', 'destination'],
    registers,
    collect() {
      this.reset();
      for (const { service, destination, state } of checked())
        this.set({ service, destination: destination.key }, Number(state.isHealthy));
    },
  });
  new Gauge({
    name: 'ipvstate_build_info',
    help: 'The running program.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  new Gauge({
    name: 'ipvstate_watch_mode',
    help: 'How changes of files are noticed.',
    labelNames: ['mode'],
    registers,
    collect() {
      for (const mode of WATCH_MODES) this.set({ mode }, status().watch.mode === mode ? 1 : 0);
    },
  });
  gauge(
    'config_valid',
    'Whether the configuration is valid; if not, the last valid one stays in force.',
    ({ config }) => Number(config.valid),
  );
  gauge(
    'config_last_success_timestamp_seconds',
    'When the configuration was last found valid.',
    ({ config }) => seconds(config.last_success),
  );
  gauge(
    'source_unreachable_timestamp_seconds',
    'Since when the source of the configuration cannot be read; 0 when it can.',
    ({ source }) => seconds(source?.since ?? null),
  );
  new Gauge({
    name: 'ipvstate_health',
    help: 'The state of the daemon and its table: 1 for the worst that holds.',
    labelNames: ['state'],
    registers,
    collect() {
      const { health } = status();
      for (const state of HEALTH_NAMES) this.set({ state }, Number(health === state));
    },
  });
  gauge('in_sync', 'Whether the live table is as desired.', ({ health }) =>
    Number(isAsDesired({ state: health })),
  );
  gauge(
    'unserved_services',
    'Services with usable destinations in the files and none in the kernel.',
    ({ unserved }) => unserved.length,
  );
  gauge(
    'health_panic_services',
    'Services of which more destinations are unhealthy than may be taken out.',
    ({ health_effects = [] }) =>
      new Set(health_effects.flatMap(({ effect, service }) => (effect === 'panic' ? service : [])))
        .size,
  );
  gauge('refused', 'Whether a guard holds a plan back.', ({ waiting }) => Number(waiting !== null));
  gauge('paused', 'Whether an operator paused the daemon, or some services.', ({ paused }) =>
    Number(Boolean(paused)),
  );
  gauge(
    'drains',
    'Removed destinations that are kept at weight 0 for their connections.',
    ({ drains }) => drains.length,
  );
  gauge(
    'overrides',
    'Destinations whose weights overrides set.',
    ({ overrides = [] }) => overrides.length,
  );
  gauge(
    'contested',
    'Objects that another program keeps changing back.',
    ({ contested }) => contested.length,
  );
  gauge('services', 'Desired services.', ({ config }) => config.services);
  gauge('destinations', 'Desired destinations.', ({ config }) => config.destinations);
  new Gauge({
    name: 'ipvstate_generation',
    help: 'Generations of the configuration in etcd: read, in force and applied; 0 for none.',
    labelNames: ['stage'],
    registers,
    collect() {
      const { fleet } = status();
      for (const stage of GENERATION_STAGES) this.set({ stage }, fleet?.generation[stage] ?? 0);
    },
  });
  gauge('fleet_silent', 'Whether this director cannot report to its fleet.', ({ fleet }) =>
    Number(Boolean(fleet?.error)),
  );
  gauge(
    'fleet_overrides',
    'Destinations whose weights overrides of the fleet set.',
    ({ overrides = [] }) => overrides.filter(({ owner }) => owner === FLEET_OWNER).length,
  );
  gauge(
    'fleet_overrides_held',
    'Overrides of the fleet that this director does not set.',
    ({ fleet }) => fleet?.overrides_held?.length ?? 0,
  );
  gauge('start_time_seconds', 'When the daemon started.', ({ program }) =>
    seconds(program.started),
  );
  return {
    registry,
    countPass: (result, duration) => {
      passes.inc({ result });
      durations.observe(duration);
    },
    countDrift: (objects) => drift.inc(objects),
    countHealthChange: (service) => healthChanges.inc({ service }),
    observeCheck: (service, duration) => checkDurations.observe({ service }, duration),
  };
}

function seconds(time: string | null): number {
  return time === null ? 0 : Date.parse(time) / 1000;
}
