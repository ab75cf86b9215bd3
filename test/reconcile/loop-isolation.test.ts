import { describe, expect, test } from 'vitest';
import { type ErrnoName, KernelError } from '../../src/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import { LoopWorld, tableWith } from '../support/loop-world.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

const EMPTY = tableOf({});
const GOOD = { 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } } };
const IPV6 = { 'tcp://[2001:db8::1]:80': { destinations: { '[2001:db8::2]:80': 1 } } };
const WITHOUT_IPV6 = tableWith(GOOD);
const WITH_IPV6 = tableWith({ ...GOOD, ...IPV6 });

const isIpv6Service = (operation: Operation) =>
  operation.kind === 'add-service' && operation.service.key.includes('[');

/** A kernel that refuses some operations while `errno` is set, and the names of its interfaces. */
function refusing(
  live: typeof EMPTY,
  desired: typeof EMPTY,
  refuses: (operation: Operation) => boolean,
) {
  const kernel: { errno: ErrnoName | undefined; interfaces: string } = {
    errno: 'EAFNOSUPPORT',
    interfaces: 'lo',
  };
  const world = new LoopWorld(live, desired, {
    misbehaviour: { refuse: (operation) => (refuses(operation) ? kernel.errno : undefined) },
    interfaces: async () => kernel.interfaces,
  });
  return { kernel, world };
}

describe('a service that the kernel refuses', () => {
  test('keeps no other service away, and is told with the reason', async () => {
    const { world } = refusing(EMPTY, WITH_IPV6, isIpv6Service);
    await world.begin();
    expect(isSameTable(world.ipvs.table(), WITHOUT_IPV6)).toBe(true);
    expect(world.state.health).toMatchObject({ state: 'unserved' });
    expect(world.state.health.why.join()).toContain('tcp://[2001:db8::1]:80 is left out');
    expect(world.state.refusedParts).toMatchObject([
      { part: 'tcp://[2001:db8::1]:80', leave: 'absent' },
    ]);
    expect(world.state).toMatchObject({ phase: 'waiting', retryAt: undefined });
  });

  test('is not tried again by time', async () => {
    const { world } = refusing(EMPTY, WITH_IPV6, isIpv6Service);
    await world.begin();
    const attempts = () => world.ipvs.waves.flat().filter(isIpv6Service).length;
    expect(attempts()).toBe(1);
    await world.clock.advance(3_600_000);
    expect(attempts()).toBe(1);
    expect(isSameTable(world.ipvs.table(), WITHOUT_IPV6)).toBe(true);
  });

  test('is tried again when the network interfaces change, and then the refusal is over', async () => {
    const { world, kernel } = refusing(EMPTY, WITH_IPV6, isIpv6Service);
    await world.begin();
    await world.clock.advance(60_000);
    kernel.errno = undefined;
    kernel.interfaces = 'eth0 lo';
    await world.clock.advance(10_000);
    expect(isSameTable(world.ipvs.table(), WITH_IPV6)).toBe(true);
    expect(world.state.refusedParts).toEqual([]);
    expect(world.state.health.state).toBe('in-sync');
  });

  test('is tried again at once by a reload', async () => {
    const { world, kernel } = refusing(EMPTY, WITH_IPV6, isIpv6Service);
    await world.begin();
    kernel.errno = undefined;
    const pass = world.loop.reload();
    await world.clock.advance(1000);
    expect((await pass).outcome).toBe('applied');
    expect(isSameTable(world.ipvs.table(), WITH_IPV6)).toBe(true);
  });

  test('is tried again less and less often while the table keeps changing', async () => {
    const { world } = refusing(EMPTY, WITH_IPV6, isIpv6Service);
    await world.begin();
    const attempts = () => world.ipvs.waves.flat().filter(isIpv6Service).length;
    for (let change = 0; change < 60; change++) {
      await world.foreign({
        ...world.ipvs.table(),
        timeouts: { tcp: 100 + change, tcpFin: 9, udp: 9 },
      });
      await world.clock.advance(10_000);
    }
    expect(attempts()).toBeLessThan(15);
  });
});

test('a refused sync daemon changes no service twice: B is added and A deleted once', async () => {
  const before = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });
  const after = { 'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 1 } } };
  const desired = tableOf(after, { daemons: [daemonOf('master')] });
  const { world } = refusing(before, desired, ({ kind }) => kind === 'start-daemon');
  await world.begin();
  await world.clock.advance(3_600_000);
  expect(isSameTable(world.ipvs.table(), tableOf(after))).toBe(true);
  const kinds = world.ipvs.waves.flat().map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'add-destination')).toHaveLength(1);
  expect(kinds.filter((kind) => kind === 'delete-destination')).toHaveLength(1);
  expect(world.state.refusedParts).toMatchObject([{ part: 'daemons' }]);
  expect(world.state.health.state).toBe('refused');
});

test('a service is as before when one of its operations is refused', async () => {
  const before = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });
  const desired = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 1, '10.0.0.3:80': 1 } },
    ...GOOD,
  });
  const { world } = refusing(
    before,
    desired,
    (operation) =>
      operation.kind === 'add-destination' &&
      operation.destination.key === '10.0.0.3:80' &&
      operation.service.kind === 'address' &&
      operation.service.address === '192.0.2.1',
  );
  await world.begin();
  const expected = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } },
    ...GOOD,
  });
  expect(isSameTable(world.ipvs.table(), expected)).toBe(true);
  expect(world.state.refusedParts).toMatchObject([{ part: 'tcp://192.0.2.1:80', leave: 'as-is' }]);
});

test('a refusal that may pass by itself, such as a lack of memory, is tried again by time', async () => {
  const { world, kernel } = refusing(EMPTY, WITH_IPV6, isIpv6Service);
  kernel.errno = 'ENOMEM';
  await world.begin();
  expect(world.state).toMatchObject({ phase: 'retrying', refusedParts: [] });
  kernel.errno = undefined;
  await world.clock.advance(10_000);
  expect(isSameTable(world.ipvs.table(), WITH_IPV6)).toBe(true);
});

describe('a sysctl that the kernel does not have', () => {
  const table = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });
  const desired = { ...table, sysctls: new Map([['expire_nodest_conn', '1']]) };

  /** A table whose kernel has `sysctls`, and loses them for its first writes when `isLost`. */
  async function worldOf(sysctls: Map<string, string>, { isLost = false } = {}) {
    let isThere = !isLost;
    const write = (operation: Operation) => {
      if (operation.kind !== 'set-sysctl') return undefined;
      if (!isThere) return new KernelError('ENOENT', 'set-sysctl', 'this kernel has none');
      sysctls.set(operation.name, operation.value);
      return undefined;
    };
    const world = await new LoopWorld(table, desired, {
      port: (ipvs) => ({
        ...ipvs,
        read: async (options) => {
          const snapshot = await ipvs.read(options);
          return { ...snapshot, table: { ...snapshot.table, sysctls: new Map(sysctls) } };
        },
        execute: async (wave) => {
          const refused = wave.map(write).entries();
          return new Map([...refused].flatMap(([at, error]) => (error ? [[at, error]] : [])));
        },
      }),
      sysctls: async () => [...sysctls.keys()],
      timing: { resync: 3_600_000 },
    }).begin();
    isThere = true;
    return world;
  }

  test('is left out, and is not tried again while it is absent', async () => {
    const world = await worldOf(new Map());
    const { length } = world.ipvs.reads;
    await world.clock.advance(60_000);
    expect(world.ipvs.reads.length).toBe(length);
    expect(world.state.refusedParts).toMatchObject([{ part: 'sysctl expire_nodest_conn' }]);
  });

  test('is set when the kernel has it, though the table has not changed since', async () => {
    const sysctls = new Map<string, string>();
    const world = await worldOf(sysctls);
    // The module was loaded anew while the pass ran.
    sysctls.set('expire_nodest_conn', '0');
    await world.clock.advance(10_000);
    expect(sysctls.get('expire_nodest_conn')).toBe('1');
    expect(world.state.refusedParts).toEqual([]);
    expect(world.state.health.state).toBe('in-sync');
  });

  test('is set when it was gone just when it was written', async () => {
    const sysctls = new Map([['expire_nodest_conn', '0']]);
    const world = await worldOf(sysctls, { isLost: true });
    expect(world.state.refusedParts).toMatchObject([{ part: 'sysctl expire_nodest_conn' }]);
    await world.clock.advance(10_000);
    expect(sysctls.get('expire_nodest_conn')).toBe('1');
    expect(world.state.health.state).toBe('in-sync');
  });
});
