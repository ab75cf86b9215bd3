import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DaemonInProcess } from '../support/daemon.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { keyOf, tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';

const SERVICE = keyOf('tcp://192.0.2.1:80');

const fileWith = (...destinations: readonly string[]): string => `version: 1
services:
  - name: shop
    address: tcp://192.0.2.1:80
    destinations: [${destinations.join(', ')}]
`;

/** A director on a table in memory, and the fleet that it follows. */
async function fleet(...destinations: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-fleet-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const address = `etcd://${etcd.host}/prod`;
  const kernel = openMisbehavingTable(tableOf({}), {});
  const args = ['-f', address, '--node', 'lb1', '--interval', '50ms', '--debounce', '20ms'];
  const director = () => new DaemonInProcess(join(folder, 'lb1'), args, async () => kernel);
  const daemon = director();
  const push = (text: string) => {
    writeFileSync(join(folder, 'shop.yaml'), text);
    return daemon.run('push', '-f', join(folder, 'shop.yaml'), '--to', address);
  };
  const ofFleet = (action: string, ...rest: readonly string[]) =>
    daemon.run('fleet', action, address, ...rest);
  const hasWeights = (...weights: readonly number[]) =>
    until(`the weights are ${weights.join(', ')}`, async () => {
      const { table } = await kernel.read();
      const found = table.services.get(SERVICE)?.destinations ?? new Map();
      return [...found.values()].map(({ weight }) => weight).join() === weights.join();
    });
  await push(fileWith(...destinations));
  await daemon.start();
  await hasWeights(...destinations.map(() => 1));
  return { folder, etcd, kernel, director, daemon, push, ofFleet, hasWeights, address };
}

it('a drain of the fleet is in effect until it is ended, and no command on one director ends it', async () => {
  const { daemon, ofFleet, hasWeights, etcd } = await fleet('10.0.0.1', '10.0.0.2');
  const drained = await ofFleet('drain', '10.0.0.1', '--reason', 'new kernel', '--wait');
  expect(drained).toMatchObject({ status: 0, stderr: '' });
  expect(drained.stdout).toMatch(
    /^10\.0\.0\.1 of every service: weight 0 by \S+@\S+ until \S+ \S+: new\s+kernel\n {2}in effect on 1 of 1 director\n$/,
  );
  await hasWeights(0, 1);
  expect((await daemon.run('overrides')).stdout).toMatch(
    /^10\.0\.0\.1 of every service\n {4}weight 0, by \S+@\S+ for the fleet since .* until .*\n {4}new kernel\n$/,
  );
  const cleared = await daemon.run('overrides', 'clear');
  expect(cleared.stdout).toContain('Still in force: weight 0 of 10.0.0.1 of every service by ');
  expect(cleared.stdout).toContain('`ipvstate fleet undrain ADDRESS 10.0.0.1`');
  expect(await daemon.run('overrides', 'clear', '--owner', 'fleet')).toMatchObject({
    ...{ status: 64, stderr: expect.stringContaining('`ipvstate fleet undrain`') },
  });
  await hasWeights(0, 1);
  expect((await daemon.status()).overrides).toMatchObject([{ owner: 'fleet', weight: 0 }]);
  expect((await daemon.get('/metrics')).body).toContain('ipvstate_fleet_overrides 1');
  expect(await ofFleet('undrain', '10.0.0.1', '--wait')).toMatchObject({
    ...{ status: 0, stdout: '', stderr: 'ipvstate: ended: 10.0.0.1 of every service\n' },
  });
  await hasWeights(1, 1);
  expect(etcd.leaseCount).toBe(1);
  expect(await daemon.stop()).toBe(0);
});

it('a drain that would leave a service unserved is held, and takes effect when it can', async () => {
  const { daemon, ofFleet, hasWeights, push } = await fleet('10.0.0.1', '10.0.0.2');
  expect(await ofFleet('drain', '10.0.0.1')).toMatchObject({ status: 0 });
  await hasWeights(0, 1);
  const held = await ofFleet(
    'drain',
    '10.0.0.2:80',
    '--service',
    'shop',
    '--for',
    'ever',
    '--wait',
  );
  expect(held).toMatchObject({ status: 6, stderr: '' });
  expect(held.stdout.replace(/\s+/g, ' ')).toContain(
    'in effect on 0 of 1 director not on lb1: the plan leaves 1 served service without a usable ' +
      'destination: tcp://192.0.2.1:80',
  );
  await hasWeights(0, 1);
  const { stdout } = await daemon.run('status');
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /Held back: the fleet's drain of 10\.0\.0\.2:80 of tcp:\S+: the plan leaves/,
  );
  expect((await daemon.get('/metrics')).body).toContain('ipvstate_fleet_overrides_held 1');
  expect(daemon.events('fleet-override')).toHaveLength(1);

  await push(fileWith('10.0.0.1', '10.0.0.2', '10.0.0.3'));
  await hasWeights(0, 0, 1);
  await until('it says so', async () => {
    const { stdout } = await ofFleet('status');
    return stdout.match(/in effect on 1 of 1 director\n/g)?.length === 2;
  });
  expect(await ofFleet('undrain', '10.0.0.2')).toMatchObject({ status: 0 });
  await hasWeights(0, 1, 1);
  expect(await daemon.stop()).toBe(0);
});

it('a director keeps a drain without etcd, also when it starts again, and ends it when etcd says so', async () => {
  const { daemon, director, ofFleet, hasWeights, etcd } = await fleet('10.0.0.1', '10.0.0.2');
  expect(await ofFleet('drain', '10.0.0.1')).toMatchObject({ status: 0 });
  await hasWeights(0, 1);
  await etcd.stop();
  expect(await daemon.stop()).toBe(0);
  const second = await director().start();
  await hasWeights(0, 1);
  await until('it says that etcd is away', async () => {
    const { fleet: state } = await second.status();
    return state?.overrides_unknown?.includes('cannot be reached') === true;
  });
  etcd.expireLeases();
  await etcd.start();
  await hasWeights(1, 1);
  await until(
    'it knows the drains again',
    () => second.events('fleet-overrides-known').length === 1,
  );
  expect(await second.stop()).toBe(0);
});

it('a drain outlives a boot without etcd: the first pass adds the server with weight 0', async () => {
  const { folder, daemon, director, ofFleet, hasWeights, kernel, etcd } = await fleet(
    '10.0.0.1',
    '10.0.0.2',
  );
  expect(await ofFleet('drain', '10.0.0.1', '--for', '2h')).toMatchObject({ status: 0 });
  await hasWeights(0, 1);
  await daemon.stop();
  await etcd.stop();
  rmSync(join(folder, 'lb1/run'), { recursive: true });
  await kernel.execute([{ kind: 'flush' }]);
  const weights: number[] = [];
  const { execute } = kernel;
  kernel.execute = (operations, ...rest) => {
    for (const each of operations)
      if (each.kind === 'add-destination') weights.push(each.destination.weight);
    return execute.call(kernel, operations, ...rest);
  };
  const second = await director().start();
  await hasWeights(0, 1);
  expect(weights.sort()).toEqual([0, 1]);
  expect((await second.status()).overrides).toMatchObject([{ owner: 'fleet', until: /T/ }]);
  expect(await second.stop()).toBe(0);
});

it.each([
  ['a daemon that is started without its fleet', true],
  ['a command on a machine without a daemon', false],
])('%s ends the drains of the fleet', async (_, isDaemon) => {
  const { folder, daemon, ofFleet, hasWeights, kernel } = await fleet('10.0.0.1', '10.0.0.2');
  const file = join(folder, 'shop.yaml');
  expect(await ofFleet('drain', '10.0.0.1')).toMatchObject({ status: 0 });
  await hasWeights(0, 1);
  await daemon.stop();
  const { stdout } = await daemon.run('overrides', '-o', 'json');
  expect(JSON.parse(stdout).overrides).toMatchObject([{ owner: 'fleet' }]);
  if (isDaemon) {
    const args = ['-f', file, '--interval', '50ms'];
    const other = new DaemonInProcess(join(folder, 'lb1'), args, async () => kernel);
    await other.start();
    await hasWeights(1, 1);
    expect(await other.stop()).toBe(0);
  } else {
    const clear = await daemon.run('overrides', 'clear', '--owner', 'fleet', '-f', file);
    expect(clear).toMatchObject({ status: 0, stdout: expect.stringContaining('for the fleet') });
    await hasWeights(1, 1);
  }
  const after = await daemon.run('overrides', '-o', 'json');
  expect(JSON.parse(after.stdout).overrides).toEqual([]);
});
