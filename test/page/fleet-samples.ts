import type {
  FleetAnswer,
  FleetDocument,
  NodeDocument,
  RolloutDocument,
  WaveDocument,
} from '../../src/daemon/page/fleet/fleet-documents.ts';

/** Documents of /api/v1/fleet, for the page. They are the same each time. */

const AT = '2026-05-04T12:30:00.000Z';

/** A director that is in sync with generation 7, with other members. */
export function nodeOf(node: string, members: Partial<NodeDocument> = {}): NodeDocument {
  const host = `${node}.example.net`;
  return {
    ...{ node, state: 'reporting', daemons: [{ host }], has_current: true, problem: null },
    ...{ last_report: '2026-05-04T12:12:00.000Z', host, started: '2026-05-01T08:00:00.000Z' },
    versions: { ipvstate: '0.3.0', node: '22.12.0', kernel: '6.1.0' },
    ...{ health: 'in-sync', healthy: true, health_since: '2026-05-04T11:00:00.000Z', why: [] },
    generation: { read: 7, in_force: 7, applied: 7 },
    ...{ table: 'a'.repeat(64), error: null, held: null, overrides: 0, rollout: null },
    ...members,
  } as NodeDocument;
}

const BEHIND: Partial<NodeDocument> = {
  has_current: false,
  generation: { read: 6, applied: 6, in_force: 6 } as NodeDocument['generation'],
};

export function answerOf(
  fleet: Partial<FleetDocument> | null,
  members: Partial<FleetAnswer> = {},
): FleetAnswer {
  return {
    ...{ format: 'ipvstate-api-fleet', version: 1, at: AT, stale: false, reason: null },
    ...{ since: null, interval_seconds: 2, node: 'lb1' },
    address: 'etcd://etcd1:2379,etcd2:2379/ipvstate/prod',
    fleet: fleet && {
      ...{ format: 'ipvstate-fleet', version: 1, prefix: '/ipvstate/prod', current: 7 },
      ...{ rollout: null, nodes: [], overrides: [] },
      ...fleet,
    },
    ...members,
  };
}

function waveOf(nodes: string, members: Partial<WaveDocument> = {}): WaveDocument {
  return { nodes: nodes.split(' '), open: true, soaked: [], failed: [], missing: [], ...members };
}

function rolloutOf(
  waves: readonly WaveDocument[],
  members: Partial<RolloutDocument> = {},
): RolloutDocument {
  const state = { generation: 7, state: 'running', halt: null, round: 0, base: 6 };
  const limits = { soak_seconds: 60, max_failed: 0, forgotten: [] };
  return { ...state, ...limits, waves, ...members } as RolloutDocument;
}

const FIVE = ['lb1', 'lb2', 'lb3', 'lb4', 'lb5'];

const DRAIN = {
  ...{ id: '10.1.0.11', problem: null, service: null, destination: '10.1.0.11', weight: 0 },
  ...{ by: 'alice@ci', reason: 'new kernel', since: AT, until: '2026-05-04T14:30:00.000Z' },
};

export const FLEETS = {
  'all-in-sync': answerOf({ nodes: FIVE.map((name) => nodeOf(name)) }),
  'rolling-out': answerOf({
    nodes: [
      ...['lb1', 'lb2'].map((name) => nodeOf(name)),
      nodeOf('lb3', { ...BEHIND, state: 'away', daemons: [] }),
      ...['lb4', 'lb5'].map((name) => nodeOf(name, BEHIND)),
    ],
    rollout: rolloutOf([
      waveOf('lb1', { soaked: ['lb1'] }),
      waveOf('lb2 lb3', { missing: ['lb3'] }),
      waveOf('lb4 lb5', { open: false }),
    ]),
  }),
  halted: answerOf({
    nodes: [
      nodeOf('lb1'),
      nodeOf('lb2', {
        ...{ has_current: false, healthy: false, health: 'refused' },
        why: ['the kernel refuses backup sync daemon: eth9 is no interface of this machine'],
      }),
      ...['lb3', 'lb4', 'lb5'].map((name) => nodeOf(name, BEHIND)),
    ],
    rollout: rolloutOf(
      [
        waveOf('lb1', { soaked: ['lb1'] }),
        waveOf('lb2 lb3', { failed: ['lb2'] }),
        waveOf('lb4 lb5', { open: false }),
      ],
      { state: 'halted', halt: 'lb2 failed' },
    ),
  }),
  'not-in-sync': answerOf({
    overrides: [
      {
        ...DRAIN,
        nodes: [
          { node: 'lb1', stage: 'in-effect', why: null },
          { node: 'lb2', stage: 'held', why: 'tcp://192.0.2.10:443 would have no usable server' },
          { node: 'lb4', stage: 'unknown', why: null },
        ],
      },
    ],
    nodes: [
      nodeOf('lb1', { overrides: 2 }),
      nodeOf('lb2', {
        ...{ ...BEHIND, healthy: false, health: 'invalid', why: ['the configuration is invalid'] },
        error: {
          message: 'unknown key "servicse"',
          position: { file: '30-shop.yaml', line: 4, column: 7 },
        },
      }),
      nodeOf('lb3', {
        ...{ ...BEHIND, healthy: false, health: 'held', why: ['it deletes 5 of 6 services'] },
        held: { plan: '7c9f1d2e4b60', changes: 5 },
      }),
      nodeOf('lb4', { ...BEHIND, state: 'stopped', daemons: [] }),
      nodeOf('lb5', {
        has_current: false,
        daemons: [{ host: 'director-5' }, { host: 'director-9' }],
      }),
      nodeOf('lb6', {
        ...{ has_current: false, problem: 'etcd:/ipvstate/prod/reports/lb6 has version 2' },
        ...{ health: null, healthy: null, generation: null, versions: null, host: null },
      }),
      nodeOf('lb7', {
        ...{ has_current: false, state: 'never-reported', daemons: [], last_report: null },
        ...{ health: null, healthy: null, generation: null, versions: null, host: null },
      }),
    ],
  }),
  'etcd-is-away': answerOf(
    { nodes: FIVE.map((name) => nodeOf(name)) },
    {
      ...{ stale: true, at: '2026-05-04T12:21:00.000Z', since: '2026-05-04T12:21:04.000Z' },
      reason: 'etcd:/ipvstate/prod cannot be reached: etcd1:2379: ECONNREFUSED',
    },
  ),
} as const satisfies Record<string, FleetAnswer>;

/** A large fleet, in which every tenth director is away. */
export function manyNodes(count: number): FleetAnswer {
  return answerOf({
    nodes: Array.from({ length: count }, (_, index) => {
      const isAway = index % 10 === 9;
      const name = `site-${Math.floor(index / 20) + 1}-lb${(index % 20) + 1}`;
      return nodeOf(name, isAway ? { ...BEHIND, state: 'away', daemons: [] } : {});
    }),
  });
}
