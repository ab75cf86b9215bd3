import { beforeEach, describe, expect, test } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { DestinationSettings } from '../../src/model/destination.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
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
const poolOf = (names: readonly string[]) =>
  tableOf({ [SERVICE]: { destinations: Object.fromEntries(names.map((name) => [name, Number(/\.(\d+):/.exec(name)?.[1])])) } });
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
    const { table } = await ipvs.read({ like });
    expect(destinationIn(table)).toBe(destinationIn(like));
  });

  test.each<[string, (names: readonly string[]) => readonly string[], boolean]>([
    ['in its order', (names) => names, true],
    ['backwards', (names) => [...names].reverse(), true],
    ['in another order', (names) => [...names].sort(), false],
  ])("gives that table's entry, if it can tell, for a service that is equal in all and was made %s", async (_, order, isSame) => {
    const names = Array.from({ length: 50 }, (_each, index) => `10.0.1.${index}:80`);
    await ipvs.execute([{ kind: 'flush' }, ...addingEntries(poolOf(order(names)))]);
    const like = poolOf(names);
    const { table } = await ipvs.read({ like });
    expect(table).toEqual(like);
    expect(table.services.get(SERVICE) === like.services.get(SERVICE)).toBe(isSame);
  });

  test.each<[string, (names: readonly string[]) => readonly string[]]>([
    ['one is missing', (names) => names.filter((_, index) => index !== 20)],
    ['several are missing', (names) => names.filter((_, index) => index < 20 || index > 25)],
    ['one is new', (names) => [...names, '10.0.2.1:80']],
    ['one was added again', (names) => [...names.filter((_, index) => index !== 20), names[20] ?? '']],
    ['the first one is missing and another one is new', (names) => ['10.0.2.1:80', ...names.slice(1)]],
    ['all are others', () => ['10.0.2.1:80', '10.0.2.2:80']],
  ])('reads what is there when %s', async (_, change) => {
    const names = Array.from({ length: 50 }, (_each, index) => `10.0.1.${index}:80`);
    await ipvs.execute([{ kind: 'flush' }, ...addingEntries(poolOf(change(names)))]);
    const like = poolOf(names);
    const { table } = await ipvs.read({ like });
    expect(table).toEqual(poolOf(change(names)));
    const shared = [...(table.services.get(SERVICE)?.destinations ?? [])].filter(([key, destination]) => {
      return like.services.get(SERVICE)?.destinations.get(key) === destination;
    });
    expect(shared).toHaveLength(change(names).filter((name) => names.includes(name)).length);
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
