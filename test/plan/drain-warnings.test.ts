import { describe, expect, it } from 'vitest';
import type { DrainPolicy } from '../../src/model/drain.ts';
import { drainWarnings } from '../../src/plan/drain/drain-warnings.ts';
import { scope } from '../../src/plan/scope.ts';
import { desiredOf, destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';

interface Case {
  readonly service?: string;
  readonly persistent?: boolean;
  readonly counted: readonly [active: number, inactive: number, persistent: number];
  readonly policy?: DrainPolicy;
  /** Seconds since the drain began. */
  readonly age?: number;
  readonly nodest?: '0' | '1';
  readonly quiescent?: '0' | '1';
}

const POLICY = { timeoutSeconds: 300, lingerSeconds: 120 };

/** Warnings of a plan that takes 10.0.0.2 away, or whose drain of it began earlier. */
function warningsOf(given: Case): string[] {
  const { service: text = 'tcp://192.0.2.1:80', counted, policy = POLICY, age } = given;
  const { persistent = false } = given;
  const settings = { persistent, persistenceTimeoutSeconds: persistent ? 360 : 0 };
  const live = {
    ...tableOf({ [text]: { ...settings, destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } } }),
    sysctls: new Map(
      Object.entries({
        expire_nodest_conn: given.nodest ?? '0',
        expire_quiescent_template: given.quiescent ?? '1',
      }),
    ),
  };
  const wanted = tableOf({ [text]: { ...settings, destinations: { '10.0.0.1:80': 1 } } });
  const key = keyOf(text);
  const gone = destinationKeyOf('10.0.0.2:80');
  const [active, inactive, templates] = counted;
  const connections = { active, inactive, persistent: templates, stats: undefined };
  const services = new Map([[key, { protect: false, drain: policy, preserve: new Map() }]]);
  const begun = { deadlineSeconds: 1000 - (age ?? 0) + policy.timeoutSeconds, weight: 1 };
  const snapshot = {
    table: live,
    counters: new Map([[key, { stats: undefined, destinations: new Map([[gone, connections]]) }]]),
    unmanageable: [],
  };
  const desired = desiredOf(wanted.services, {
    policy: { manage: undefined, services, sysctls: undefined },
  });
  const scoped = scope(desired, snapshot, {
    drains: {
      now: 1000,
      drains: age === undefined ? new Map() : new Map([[`${key} ${gone}` as const, begun]]),
      policies: new Map(),
    },
  });
  return drainWarnings(scoped, live);
}

const UDP = 'udp://192.0.2.1:9000';
const NODEST = 'because net.ipv4.vs.expire_nodest_conn is 0; 1 sends them to another server';

describe('with expire_nodest_conn 0', () => {
  it('warns of UDP flows that go on until the drain ends', () => {
    expect(warningsOf({ service: UDP, counted: [0, 40, 0] })).toEqual([
      `flows of ${UDP} that go on until the drain ends then get no answer for up to 5m, ${NODEST}`,
    ]);
  });

  it('says how many flows a drain cuts at its limit', () => {
    expect(warningsOf({ service: UDP, counted: [0, 40, 0], age: 300 })).toEqual([
      `the drain is over, and 40 flows of ${UDP} get no answer for up to 5m, ${NODEST}`,
    ]);
  });

  it('says how many connections a drain cuts at its limit', () => {
    expect(warningsOf({ counted: [1, 4, 0], age: 300 })).toEqual([
      'the drain is over, and 1 connection of tcp://192.0.2.1:80 get no answer for up to 15m, because net.ipv4.vs.expire_nodest_conn is 0; 1 resets them',
    ]);
  });

  it('warns of persistent clients whose ports come again', () => {
    expect(warningsOf({ persistent: true, counted: [3, 40, 1] })).toEqual([
      `persistent clients of tcp://192.0.2.1:80 that use the port of an earlier connection again stay with what drains, and afterwards get no answer for up to 2m, ${NODEST}`,
    ]);
  });

  it('warns of a limit that is too short for the linger', () => {
    const short = `the drain ends before closed connections are forgotten: clients of tcp://192.0.2.1:80 that use the port of one again get no answer for up to 2m, ${NODEST}`;
    const policy = { timeoutSeconds: 60, lingerSeconds: 120 };
    expect(warningsOf({ counted: [3, 40, 0], policy })).toEqual([short]);
    expect(warningsOf({ counted: [3, 40, 0], policy: POLICY })).toEqual([]);
    expect(warningsOf({ counted: [3, 40, 0], policy: POLICY, age: 200 })).toEqual([short]);
  });

  it('says nothing of a destination without connections', () => {
    expect(warningsOf({ persistent: true, counted: [0, 0, 0] })).toEqual([]);
    expect(warningsOf({ service: UDP, counted: [0, 0, 0] })).toEqual([]);
  });
});

describe('with expire_nodest_conn 1', () => {
  it('warns that connections are reset, and not of UDP, whose flows move', () => {
    expect(warningsOf({ counted: [3, 0, 0], nodest: '1' })).toEqual([
      'connections that are left when a drain ends are reset, because net.ipv4.vs.expire_nodest_conn is 1',
    ]);
    expect(warningsOf({ service: UDP, counted: [0, 3, 0], nodest: '1' })).toEqual([]);
  });
});

it('warns of persistent clients that keep coming when expire_quiescent_template is 0', () => {
  expect(warningsOf({ persistent: true, counted: [0, 0, 1], nodest: '1', quiescent: '0' })[0]).toBe(
    'persistent clients keep coming to what drains of tcp://192.0.2.1:80, because net.ipv4.vs.expire_quiescent_template is 0',
  );
});
