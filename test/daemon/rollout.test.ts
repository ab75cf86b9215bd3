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

const fileWith = (destination: string, more = ''): string => `version: 1
${more}services:
  - address: tcp://192.0.2.1:80
    destinations: [${destination}]
`;

/** Directors that follow one etcd, each on a table of its own in memory. */
async function fleet(names: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-rollout-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const address = `etcd://${etcd.host}/prod`;
  const directors = new Map(
    names.map((name) => {
      const kernel = openMisbehavingTable(tableOf({}), {});
      const args = ['-f', address, '--node', name, '--interval', '50ms', '--debounce', '20ms'];
      return [
        name,
        { kernel, daemon: new DaemonInProcess(join(folder, name), args, async () => kernel) },
      ];
    }),
  );
  const [first] = directors.values();
  const run = (...argv: readonly string[]) => first?.daemon.run(...argv) ?? Promise.reject();
  const push = (text: string, ...options: readonly string[]) => {
    writeFileSync(join(folder, 'shop.yaml'), text);
    return run('push', '-f', join(folder, 'shop.yaml'), '--to', address, ...options);
  };
  const destinationOf = async (name: string): Promise<string | undefined> => {
    const { table } = (await directors.get(name)?.kernel.read()) ?? {};
    return [...(table?.services.get(SERVICE)?.destinations.keys() ?? [])].join();
  };
  const document = async () =>
    JSON.parse((await run('fleet', 'status', address, '-o', 'json')).stdout);
  return { address, directors, run, push, destinationOf, document };
}

it('a rollout reaches wave after wave, and a canary that fails keeps it from the others', async () => {
  const { address, directors, run, push, destinationOf, document } = await fleet(['lb1', 'lb2']);
  await push(fileWith('10.0.0.1'));
  for (const { daemon } of directors.values()) await daemon.start();
  expect(await run('fleet', 'status', address, '--wait', '1')).toMatchObject({ status: 0 });

  await push(fileWith('10.0.0.2'), '--wave', 'lb1', '--soak', '0');
  expect(await run('fleet', 'status', address, '--wait', '2')).toMatchObject({ status: 0 });
  expect((await document()).rollout.waves[0]).toMatchObject({ nodes: ['lb1'], soaked: ['lb1'] });

  // A guard of the file holds the plan of the canary back.
  const guarded = fileWith('10.0.0.3', 'limits: { max_destination_deletes: 0 }\n');
  await push(guarded, '--wave', 'lb1', '--soak', '0');
  const halted = await run('fleet', 'status', address, '--wait', '3');
  expect(halted).toMatchObject({
    status: 6,
    stdout: expect.stringContaining('Halted: lb1 failed'),
  });
  const shown = await document();
  expect(shown.nodes[0].generation).toEqual({ read: 3, in_force: 3, applied: 2 });
  expect(shown.rollout).toMatchObject({ state: 'halted', waves: [{ failed: ['lb1'] }, {}] });
  await until('lb2 saw the halt', async () => (await document()).nodes[1].rollout.halt !== null);
  expect(await destinationOf('lb2')).toBe('10.0.0.2:80');

  expect(await run('fleet', 'rollback', address)).toMatchObject({ status: 0 });
  expect(await run('fleet', 'status', address, '--wait', '4')).toMatchObject({ status: 0 });
  expect(await destinationOf('lb1')).toBe('10.0.0.2:80');
  for (const { daemon } of directors.values()) expect(await daemon.stop()).toBe(0);
});

it('a rollout halts when the checks of a canary find too many servers unhealthy', async () => {
  const { address, directors, run, push, destinationOf, document } = await fleet(['lb1', 'lb2']);
  await push(fileWith('127.0.0.1'));
  for (const { daemon } of directors.values()) await daemon.start();
  expect(await run('fleet', 'status', address, '--wait', '1')).toMatchObject({ status: 0 });

  // Nothing listens on port 1.
  const health = '    health: { tcp: {}, port: 1, interval: 1s, rise: 1, fall: 1 }\n';
  await push(`${fileWith('127.0.0.1')}${health}`, '--wave', 'lb1', '--soak', '1h');
  expect(await run('fleet', 'status', address, '--wait', '2')).toMatchObject({
    status: 6,
    stdout: expect.stringContaining('Halted: lb1 failed'),
  });
  const { rollout, nodes } = await document();
  expect(rollout).toMatchObject({ state: 'halted', waves: [{ failed: ['lb1'] }, {}] });
  expect(JSON.stringify(nodes)).toContain('"health":"panic"');
  expect(await destinationOf('lb2')).toBe('127.0.0.1:80');
  for (const { daemon } of directors.values()) expect(await daemon.stop()).toBe(0);
});
