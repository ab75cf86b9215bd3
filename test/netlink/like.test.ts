import { beforeEach, describe, expect, test } from 'vitest';
import type { DestinationSettings } from '../../src/model/destination.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { openKernel } from '../../src/netlink/client.ts';
import { addingEntries } from '../contract/operations.ts';
import { FakeKernel } from '../support/fake-kernel/kernel.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';

const SERVICE = keyOf('tcp://192.0.2.1:80');
const DESTINATION = destinationKeyOf('10.0.0.1:80');
const TUNNEL = {
  forward: 'tunnel',
  tunnelType: 'gue',
  tunnelPort: 6080,
  tunnelChecksum: 'csum',
  upperThreshold: 9,
  lowerThreshold: 3,
} as const;

const pool = (settings: Partial<DestinationSettings>) => tableOf({ [SERVICE]: { destinations: { [DESTINATION]: settings } } });
const destinationIn = (table: ReturnType<typeof pool>) => table.services.get(SERVICE)?.destinations.get(DESTINATION);

let ipvs: Ipvs;

beforeEach(async () => {
  ipvs = await openKernel({ openSocket: new FakeKernel().openSocket });
  await ipvs.execute(addingEntries(pool(TUNNEL)));
  return () => ipvs.close();
});

describe('a read beside another table', () => {
  test("gives that table's object for a destination that is equal", async () => {
    const like = pool(TUNNEL);
    const { table, counters } = await ipvs.read({ like });
    expect(destinationIn(table)).toBe(destinationIn(like));
    expect(counters.get(SERVICE)?.destinations.get(DESTINATION)).toEqual({ active: 0, inactive: 0, persistent: 0, stats: undefined });
  });

  test.each<Partial<DestinationSettings>>([
    { weight: 2 },
    { forward: 'masq', tunnelType: 'ipip', tunnelPort: 0, tunnelChecksum: 'none' },
    { upperThreshold: 10 },
    { lowerThreshold: 4 },
    { tunnelType: 'gre', tunnelPort: 0 },
    { tunnelPort: 6081 },
    { tunnelChecksum: 'none' },
  ])('tells what is there, not what is expected: %o', async (different) => {
    const { table } = await ipvs.read({ like: pool({ ...TUNNEL, ...different }) });
    expect(destinationIn(table)).toEqual(destinationIn(pool(TUNNEL)));
  });

  test('adds nothing of that table', async () => {
    const like = tableOf({ 'fwmark:7': { destinations: { '10.0.0.9:0': 1 } }, [SERVICE]: { destinations: { '10.0.0.2:80': 1 } } });
    expect((await ipvs.read({ like })).table).toEqual(pool(TUNNEL));
  });
});
