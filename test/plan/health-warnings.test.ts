import { describe, expect, it } from 'vitest';
import type { DestinationHealth } from '../../src/model/health.ts';
import { healthWarnings } from '../../src/plan/health-warnings.ts';
import { CHECKED } from '../support/checked.ts';
import { desiredOf, keyOf, tableOf } from '../support/tables.ts';

const SERVICE = keyOf('tcp://192.0.2.1:80');
const PERSISTENT = { persistent: true, persistenceTimeout: 360 };

/** The warnings of so many services with this health, on a kernel with these sysctls. */
function warningsOf(
  onFailure: DestinationHealth['onFailure'],
  sysctls: Readonly<Record<string, string>>,
  { count = 1, persistent = {}, enforced = {} as Readonly<Record<string, string>> } = {},
) {
  const texts = Array.from({ length: count }, (_, index) => `tcp://192.0.2.${index + 1}:80`);
  const table = tableOf(
    Object.fromEntries(
      texts.map((text) => [text, { ...persistent, destinations: { '10.0.0.1:80': 1 } }]),
    ),
  );
  const services = new Map(
    [...table.services].map(([key, { destinations }]) => [
      key,
      {
        ...{ protect: false, drain: undefined, preserve: new Map() },
        health: {
          ...{ maxUnhealthy: undefined, fallback: new Map() },
          destinations: new Map(
            [...destinations.keys()].map((name) => [name, { ...CHECKED, onFailure }]),
          ),
        },
      },
    ]),
  );
  const policy = { manage: undefined, sysctls: undefined, services };
  const live = { ...table, sysctls: new Map(Object.entries(sysctls)) };
  const scoped = { table: { ...table, sysctls: new Map(Object.entries(enforced)) }, health: [] };
  const clock = { states: new Map(), isChecking: true, now: 0 };
  return healthWarnings(desiredOf(table.services, { policy }), scoped, live, clock);
}

describe('the warnings of health', () => {
  const quiescent = { expire_quiescent_template: '0' };
  const nodest = { expire_nodest_conn: '0' };

  it('say that persistent clients stay with a server of weight 0', () => {
    expect(warningsOf('weight', quiescent, { persistent: PERSISTENT })).toEqual([
      `persistent clients stay with unhealthy servers of ${SERVICE}, because net.ipv4.vs.expire_quiescent_template is 0`,
    ]);
    expect(warningsOf('weight', quiescent)).toEqual([]);
    expect(warningsOf('remove', quiescent, { persistent: PERSISTENT })).toEqual([]);
  });

  it('say that clients of a removed server get no answer', () => {
    expect(warningsOf('remove', nodest)).toEqual([
      `clients of servers that health removes from ${SERVICE} get no answer until the kernel has forgotten their connections, because net.ipv4.vs.expire_nodest_conn is 0`,
    ]);
    expect(warningsOf('weight', nodest)).toEqual([]);
  });

  it('name five services, and count the others', () => {
    expect(warningsOf('remove', nodest, { count: 7 })[0]).toContain('192.0.2.5:80 and 2 more get');
  });

  it('are none where the files set the sysctl, or where nobody knows it', () => {
    expect(warningsOf('remove', nodest, { enforced: { expire_nodest_conn: '1' } })).toEqual([]);
    expect(warningsOf('remove', {})).toEqual([]);
  });
});
