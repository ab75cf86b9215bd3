import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openOverrideStore } from '../../src/recovery/records/overrides.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { workspace } from './workspace.ts';

const SHOP = keyOf('tcp://192.0.2.10:443');
const DNS = keyOf('udp://192.0.2.10:53');
const OLD = `version: 1
services:
  - { name: shop, address: "${SHOP}", destinations: [10.1.0.11, { address: 10.1.0.12, weight: 3 }] }
  - { name: dns, address: "${DNS}", destinations: [10.1.0.11, 10.1.0.13] }
`;
const ONE = OLD.replace(', { address: 10.1.0.12, weight: 3 }', '');
const NEW = OLD.replace('weight: 3', 'weight: 7').replace('10.1.0.13]', '10.1.0.14]');

/** A kernel with the table of `old.yaml`, which was applied. */
async function scene() {
  const kernel = openMisbehavingTable(tableOf({}));
  const state = temporaryState();
  const space = workspace({ 'old.yaml': OLD, 'new.yaml': NEW, 'one.yaml': ONE });
  const run = (line: string) => space.run(line, { state, openKernel: async () => kernel });
  const succeed = async (line: string) => {
    const result = await run(line);
    expect(result).toMatchObject({ status: 0 });
    return result;
  };
  await succeed('apply -y -f ./old.yaml');
  return {
    ...{ run, succeed, state, store: openOverrideStore(state, expect.unreachable) },
    weight: (service: string, destination: string) =>
      kernel.table().services.get(keyOf(service))?.destinations.get(destinationKeyOf(destination))
        ?.weight,
  };
}

it('a rollback goes back beneath a drain: the drain stays, and is no change of another program', async () => {
  const { succeed, store, weight } = await scene();
  await succeed('apply -y -f ./new.yaml');
  await succeed('drain shop 10.1.0.12 -f ./new.yaml');
  for (const line of ['rollback --dry-run', 'rollback -y']) {
    const { stdout, stderr } = await succeed(line);
    expect(stdout).not.toContain('another program');
    expect(stderr).toContain(
      `Overrides set other weights, and stay: ${SHOP} 10.1.0.12:443 (weight 3).`,
    );
  }
  expect(weight(SHOP, '10.1.0.12:443')).toBe(0);
  expect(weight(DNS, '10.1.0.13:53')).toBe(1);
  expect([...(await store.read()).held.values()]).toEqual([3]);
  await succeed('overrides clear');
  expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
});

it('a rollback over the run that began a drain does not end the drain', async () => {
  const { succeed, weight } = await scene();
  await succeed('drain shop 10.1.0.12 -f ./old.yaml');
  const { runs } = JSON.parse((await succeed('history --last 1 -o json')).stdout);
  const { stderr } = await succeed(`rollback -y --to ${runs[0].id}`);
  expect(stderr).toContain('`ipvstate overrides clear` ends them.');
  expect(weight(SHOP, '10.1.0.12:443')).toBe(0);
});

it('a rollback takes a destination away that was added and drained since', async () => {
  const { succeed, weight } = await scene();
  await succeed('apply -y -f ./new.yaml');
  await succeed('drain dns 10.1.0.14 -f ./new.yaml');
  await succeed('rollback -y');
  expect(weight(DNS, '10.1.0.14:53')).toBeUndefined();
  expect(weight(DNS, '10.1.0.13:53')).toBe(1);
});

it('a weight that another program set is left alone, also beside a drain', async () => {
  const { run, succeed, weight } = await scene();
  await succeed('apply -y -f ./new.yaml');
  await succeed('drain shop 10.1.0.11 -f ./new.yaml');
  await succeed('ipvsadm -e -t 192.0.2.10:443 -r 10.1.0.12:443 -g -w 9');
  const result = await run('rollback -y');
  expect(result).toMatchObject({ status: 6 });
  expect(result.stdout + result.stderr).toContain(`left alone: ${SHOP} 10.1.0.12:443`);
  expect(weight(SHOP, '10.1.0.12:443')).toBe(9);
});

it('a rollback goes on with a warning when the overrides cannot be read', async () => {
  const { run, state, weight } = await scene();
  await run('apply -y -f ./new.yaml');
  const path = join(state.runtime, 'overrides.json');
  rmSync(path, { force: true });
  mkdirSync(path);
  for (const line of ['rollback --dry-run', 'rollback -y']) {
    const result = await run(line);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stderr).toContain('overrides.json cannot be read');
  }
  expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
});

/** The last apply gave `shop` a second server. */
async function grown() {
  const world = await scene();
  await world.succeed('apply -y -f ./one.yaml');
  await world.succeed('apply -y -f ./old.yaml');
  const { runs } = JSON.parse((await world.succeed('history --last 1 -o json')).stdout);
  return { ...world, id: runs[0].id as string };
}

it.each(['rollback', 'rollback --to ID'])(
  '%s is refused where only a drained server would be left',
  async (line) => {
    const { run, succeed, weight, id } = await grown();
    await succeed('drain shop 10.1.0.11 -f ./old.yaml');
    const verb = line.replace('ID', id);
    for (const more of ['--dry-run', '-y']) {
      const { status, stdout } = await run(`${verb} ${more}`);
      expect(status).toBe(3);
      expect(stdout).toContain('by guard unserved: the plan leaves 1 served service without');
      expect(stdout).toContain('If that is what you want: --allow-unserved\n');
    }
    const { stdout } = await run(`${verb} --dry-run -o json`);
    expect(JSON.parse(stdout).refusals).toMatchObject([{ guard: 'unserved', services: [SHOP] }]);
    expect(JSON.parse((await run(`${verb} -o json`)).stdout)).toMatchObject({ outcome: 'refused' });
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
    await succeed(`${verb} --dry-run --allow-unserved`);
    await succeed(`${verb} -y --allow-unserved`);
    expect(weight(SHOP, '10.1.0.12:443')).toBeUndefined();
  },
);

it('a rollback is not refused for a service that is not served before it either', async () => {
  const { succeed, weight } = await grown();
  await succeed('drain shop 10.1.0.11 -f ./old.yaml');
  await succeed('drain shop 10.1.0.12 -f ./old.yaml --allow-unserved');
  await succeed('rollback -y');
  expect(weight(SHOP, '10.1.0.12:443')).toBeUndefined();
});

it('rejecting a try always goes back, also where that leaves a service without a server', async () => {
  const { run, succeed, weight } = await scene();
  await succeed('apply -y -f ./one.yaml');
  await succeed('try -y --no-wait -f ./old.yaml');
  await succeed('ipvsadm -e -t 192.0.2.10:443 -r 10.1.0.11:443 -g -w 0');
  await succeed('rollback --dry-run');
  expect(await run('rollback -y')).toMatchObject({ status: 0 });
  expect(weight(SHOP, '10.1.0.12:443')).toBeUndefined();
});

it('a rollback names five destinations whose weights overrides set, and counts the others', async () => {
  const addresses = Array.from({ length: 7 }, (_, at) => `10.2.0.${at + 1}`);
  const withWeight = (weight: number) => `version: 1
defaults: { weight: ${weight} }
services: [{ name: web, address: "${SHOP}", destinations: [${addresses.join(', ')}] }]
`;
  const kernel = openMisbehavingTable(tableOf({}));
  const state = temporaryState();
  const space = workspace({ 'a.yaml': withWeight(1), 'b.yaml': withWeight(2) });
  const run = (line: string) => space.run(line, { state, openKernel: async () => kernel });
  await run('apply -y -f ./a.yaml');
  await run('apply -y -f ./b.yaml');
  for (const address of addresses) await run(`weight web ${address} 5 -f ./b.yaml`);
  const { stderr } = await run('rollback -y');
  expect(stderr).toContain('10.2.0.5:443 (weight 1) and 2 more. `ipvstate overrides clear`');
});
