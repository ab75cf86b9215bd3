import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SERVICE_STATES } from '../../src/daemon/api/documents.ts';
import { helpFor } from '../../src/daemon/api/help.ts';
import { whyNotKnown } from '../../src/daemon/api/knowledge.ts';
import { serviceFacts } from '../../src/daemon/api/service-facts.ts';
import { createMetrics } from '../../src/daemon/http/metrics.ts';
import { daemonPages } from '../../src/daemon/http/pages.ts';
import { isStatus } from '../../src/daemon/status/parse-status.ts';
import { exitCodeOfRequest } from '../../src/daemon/status/pass-exit.ts';
import { type DaemonFacts, statusOfLoop } from '../../src/daemon/status/status-of-loop.ts';
import { formatHealth } from '../../src/daemon/status/status-text.ts';
import { IpvstateError } from '../../src/errors.ts';
import type { DestinationKey } from '../../src/model/destination.ts';
import { drainKey } from '../../src/model/drain.ts';
import type { HealthSource } from '../../src/model/health.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import type { LoadedFiles } from '../../src/reconcile/loop/config-state.ts';
import { HEALTH_STATES, healthOf, isHealthy } from '../../src/reconcile/loop/health.ts';
import type { LoopState } from '../../src/reconcile/loop/loop-state.ts';
import { CHECKED } from '../support/checked.ts';
import { type Content, LoopWorld, loaded, MISSING } from '../support/loop-world.ts';
import { memoryPause } from '../support/memory-pause.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { smallTables } from '../support/small-tables.ts';
import { desiredOf, destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';

const FACTS: DaemonFacts = {
  version: '1.2.3',
  pid: 42,
  started: '2026-05-04T11:00:00.000Z',
  drift: 'correct',
  drainClockSeconds: 0,
  wallSeconds: 0,
  wallTime: (time) => new Date(time).toISOString(),
};

const tables = smallTables({ services: 4, hosts: 2 });

type Step =
  | { readonly kind: 'write'; readonly content: Content }
  | { readonly kind: 'foreign'; readonly table: Table }
  /** Another program that makes the table the same each time that the loop corrected it. */
  | { readonly kind: 'insist'; readonly table: Table }
  | { readonly kind: 'fault' }
  /** A pause of the whole table, or of one service of the files. */
  | { readonly kind: 'pause'; readonly isWhole: boolean }
  | { readonly kind: 'resume' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    content: fc.oneof(
      tables.map((table): Content => desiredOf(table.services)),
      fc.constantFrom<Content[]>('nonsense', MISSING),
    ),
  }),
  fc.record({ kind: fc.constant('foreign' as const), table: tables }),
  fc.record({ kind: fc.constant('insist' as const), table: tables }),
  fc.constant({ kind: 'fault' as const }),
  fc.record({ kind: fc.constant('pause' as const), isWhole: fc.boolean() }),
  fc.constant({ kind: 'resume' as const }),
);

async function live(
  initial: Table,
  steps: readonly Step[],
  drift: 'correct' | 'report',
  begun = initial,
): Promise<LoopWorld> {
  let isFaulty = false;
  const pauses = memoryPause();
  const world = await new LoopWorld(begun, desiredOf(initial.services), {
    drift,
    pauses,
    misbehaviour: {
      failRead: () => (isFaulty ? new IpvstateError('UNAVAILABLE', 'it failed') : undefined),
    },
  }).begin();
  for (const next of steps) {
    isFaulty = next.kind === 'fault';
    if (next.kind === 'write') await world.write(next.content);
    if (next.kind === 'pause') {
      const [service] = world.state.config.good?.desired.services.keys() ?? [];
      const only = next.isWhole || service === undefined ? [] : [service];
      void world.loop.pause({ who: 'alice', reason: undefined, seconds: undefined, only });
    }
    if (next.kind === 'resume') void world.loop.resume();
    const times = next.kind === 'insist' ? 4 : next.kind === 'foreign' ? 1 : 0;
    for (let time = 0; time < times; time++) {
      if (next.kind === 'foreign' || next.kind === 'insist') await world.foreign(next.table);
      await world.clock.advance(5000);
    }
    if (isFaulty) void world.loop.reload();
    await world.clock.advance(5000);
  }
  return world;
}

/** Destinations of the one service are checked. */
const policyOf = (keys: readonly DestinationKey[]): Policy => {
  const destinations = new Map(keys.map((key) => [key, CHECKED]));
  const health = { maxUnhealthy: undefined, fallback: new Map(), destinations };
  const own = { protect: false, drain: undefined, preserve: new Map(), health };
  const services = new Map([[keyOf('tcp://192.0.2.1:80'), own]]);
  return { manage: undefined, sysctls: undefined, services };
};

/** The answers of everything that says whether the table is as desired. */
async function answersOf(world: LoopWorld) {
  const { state } = world;
  const status = statusOfLoop(state, FACTS);
  const { registry } = createMetrics('1.2.3', () => status, []);
  const pages = daemonPages({
    status: () => status,
    metrics: registry,
    isStuck: () => false,
    isReady: () => true,
    openKernel: undefined,
    names: () => new Map(),
  });
  const metrics = await registry.metrics();
  const { lastPass } = state;
  return {
    json: status.health === 'in-sync' || status.health === 'draining',
    why: status.why.length === 0,
    text: formatHealth(status).startsWith('in sync'),
    gauge: /^ipvstate_in_sync 1$/m.test(metrics),
    states: (metrics.match(/^ipvstate_health\{.*\} 1$/gm) ?? []).length === 1,
    readyz: (await pages['/readyz']?.())?.status === 200,
    exit: lastPass !== undefined && exitCodeOfRequest(state, lastPass) === 0,
  };
}

/**
 * Tells whether the table equals all that the files say that were read last, which must be valid.
 */
function isAsFilesSay({ content, ipvs, state }: LoopWorld): boolean {
  if (typeof content === 'string' || content instanceof IpvstateError) return false;
  const { good } = state.config;
  return (
    good !== undefined &&
    diff(ipvs.table(), { ...ipvs.table(), services: content.services }).length === 0
  );
}

const agree = (isInSync: (world: LoopWorld) => boolean) =>
  fc.asyncProperty(
    tables,
    tables,
    fc.array(step, { maxLength: 6 }),
    fc.constantFrom('correct' as const, 'report' as const),
    async (initial, begun, steps, drift) => {
      const world = await live(initial, steps, drift, begun);
      const { states, why, gauge, ...answers } = await answersOf(world);
      const { lastPass, pause } = world.state;
      const isAsDesired = isInSync(world) && lastPass?.outcome !== 'failed';
      // A paused daemon is not ready, although nothing differs.
      const isGood = isAsDesired && !pause;
      return (
        states &&
        gauge === isAsDesired &&
        why === isGood &&
        Object.values(answers).every((answer) => answer === isGood)
      );
    },
  );

/** States of health that are about the loop or the files, and not about a service. */
const NOT_OF_SERVICES: readonly string[] = ['starting', 'failed', 'invalid'];
const WELL: readonly string[] = ['draining', 'overridden', 'foreign'];

/** Tells whether the worst state of the services is the health. */
const servicesAgree = (shown: (state: LoopState) => LoopState) =>
  fc.asyncProperty(
    tables,
    fc.array(step, { maxLength: 6 }),
    fc.constantFrom('correct' as const, 'report' as const),
    async (initial, steps, drift) => {
      const { state, ipvs } = await live(initial, steps, drift);
      const notKnown = whyNotKnown(state, drift, undefined);
      const facts = serviceFacts(shown(state), statusOfLoop(state, FACTS), notKnown);
      const keys = new Set([...facts.services, ...ipvs.table().services.keys()]);
      const found = new Set(Array.from(keys, (key) => facts.of(key)[0]?.state ?? 'ok'));
      const worst = SERVICE_STATES.find((name) => found.has(name)) ?? 'ok';
      const health = state.health.state;
      if (NOT_OF_SERVICES.includes(health) || keys.size === 0) return true;
      return isHealthy({ state: health })
        ? worst === 'ok' || WELL.includes(worst)
        : worst === health;
    },
  );

describe('the health of a loop', () => {
  test(
    'is the worst state of the services that the API shows',
    () =>
      holds(
        servicesAgree((state) => state),
        40,
      ),
    120_000,
  );

  test(
    'would not be the worst state of services that did not know what is contested',
    () =>
      isBrokenBy(
        servicesAgree((state) => ({ ...state, contested: [] })),
        1000,
      ),
    120_000,
  );

  test(
    'is in sync exactly when the table is as the files say, for everything that tells it',
    () => holds(agree(isAsFilesSay), 40),
    120_000,
  );

  test(
    'would not agree with a comparison that left out what is contested',
    () =>
      isBrokenBy(
        agree((world) => isAsFilesSay(world) || world.state.contested.length > 0),
        1000,
      ),
    120_000,
  );

  test(
    'would not agree with a gauge of differences that were 0 during each pause',
    () =>
      isBrokenBy(
        agree((world) => isAsFilesSay(world) && world.state.pause === undefined),
        1000,
      ),
    120_000,
  );

  test('names the part that the kernel refuses in the status, with the reason', async () => {
    const service = 'tcp://192.0.2.1:80';
    const wanted = tableOf({ [service]: { destinations: { '10.0.0.1:80': 1 } } });
    const world = new LoopWorld(tableOf({}), wanted, {
      misbehaviour: { refuse: ({ kind }) => (kind === 'add-service' ? 'ENOENT' : undefined) },
    });
    await world.begin();
    const status = statusOfLoop(world.state, FACTS);
    expect(status.refused_parts).toMatchObject([{ part: service, reason: expect.any(String) }]);
    expect(isStatus(status)).toBe(true);
    expect(isStatus({ ...status, refused_parts: undefined })).toBe(true);
    expect(isStatus({ ...status, refused_parts: [{ part: service }] })).toBe(false);
  });

  test('tells since when the source cannot be read, whatever the reasons are meanwhile', async () => {
    const content = tableOf({});
    let source: LoadedFiles['source'];
    const world = new LoopWorld(content, content, {
      load: async () => ({ ...loaded(content), source }),
    });
    await world.begin();
    expect(world.state.health.state).toBe('in-sync');
    const looked = async (message: string | undefined) => {
      source = message === undefined ? undefined : { message };
      const pass = world.loop.look();
      await world.clock.advance(1000);
      await pass;
      return world.state;
    };
    const { since } = (await looked('no answer')).source ?? {};
    expect(await looked('no leader')).toMatchObject({
      source: { message: 'no leader', since },
      health: { state: 'source-unreachable', why: ['no leader'] },
    });
    expect((await looked(undefined)).health.state).toBe('in-sync');
  });

  test('is a panic while more servers are unhealthy than may be taken out', async () => {
    const service = keyOf('tcp://192.0.2.1:80');
    const wanted = tableOf({ [service]: { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } } });
    const keys = ['10.0.0.1:80', '10.0.0.2:80'].map(destinationKeyOf);
    const unhealthy = new Set<DestinationKey>();
    const health: HealthSource = {
      isChecking: true,
      now: () => 0,
      read: async () =>
        new Map(
          keys.map((key) => [
            drainKey(service, key),
            { isHealthy: !unhealthy.has(key), sinceSeconds: 0, reason: 'connection refused' },
          ]),
        ),
    };
    const world = await new LoopWorld(
      wanted,
      desiredOf(wanted.services, { policy: policyOf(keys) }),
      {
        reconciling: { health },
      },
    ).begin();
    const healthAfter = async (...bad: readonly (DestinationKey | undefined)[]) => {
      unhealthy.clear();
      for (const key of bad) if (key) unhealthy.add(key);
      world.loop.healthChanged();
      await world.clock.advance(1000);
      return world.state.health;
    };
    const [one, other] = keys;
    expect(await healthAfter(one)).toMatchObject({ state: 'in-sync', why: [] });
    expect(await healthAfter(one, other)).toMatchObject({
      state: 'panic',
      why: [`clients of ${service} reach servers that are unhealthy`],
    });
    const { states, ...answers } = await answersOf(world);
    expect(states).toBe(true);
    expect(new Set(Object.values(answers))).toEqual(new Set([false]));
    const status = statusOfLoop(world.state, FACTS);
    expect(isStatus(status)).toBe(true);
    expect(helpFor(status, null)).toMatchObject([{ command: 'ipvstate health' }]);
    const notKnown = whyNotKnown(world.state, 'correct', undefined);
    expect(serviceFacts(world.state, status, notKnown).of(service)[0]?.state).toBe('panic');
    expect(await healthAfter(other)).toMatchObject({ state: 'in-sync' });
    expect((await answersOf(world)).readyz).toBe(true);
  });

  test('is the worst of all that is wrong, and says all of it', async () => {
    const world = await live(tableOf({}), [], 'correct');
    const key = 'tcp://192.0.2.1:80' as never;
    const state: LoopState = {
      ...world.state,
      unserved: [key],
      drift: {
        changes: [],
        sysctls: [{ name: 'expire_nodest_conn', live: '0', desired: '1' }],
        since: 0,
      },
    };
    expect(healthOf(state, 7)).toEqual({
      state: 'unserved',
      why: [
        'tcp://192.0.2.1:80 has usable servers in the files and none in the kernel',
        '1 object differs from the files',
      ],
      since: 7,
    });
    expect(healthOf({ ...state, unserved: [] }, 8)).toMatchObject({ state: 'drifted' });
    expect(HEALTH_STATES.filter((name) => isHealthy({ state: name }))).toEqual([
      'source-unreachable',
      'draining',
      'in-sync',
    ]);
  });
});
