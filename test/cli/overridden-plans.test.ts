import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { NO_OVERRIDES, type Override } from '../../src/model/override.ts';
import { openOverrideStore } from '../../src/recovery/records/overrides.ts';
import { formatUntil } from '../../src/render/overrides.ts';
import { openBusyTable } from '../support/busy-table.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { workspace } from './workspace.ts';

const SHOP = keyOf('tcp://192.0.2.10:443');
const SECOND = destinationKeyOf('10.1.0.12:443');
const FILE = `version: 1
services:
  - { name: shop, address: "${SHOP}", destinations: [10.1.0.11, { address: 10.1.0.12, weight: 3 }] }
`;
const PRESERVED = FILE.replace('name: shop', 'name: shop, preserve: [weight]');

async function scene({
  weight = 3,
  file = FILE,
  override = {} as Partial<Override>,
  connections = 0,
} = {}) {
  const kernel = openBusyTable(
    tableOf({ [SHOP]: { destinations: { '10.1.0.11:443': 1, '10.1.0.12:443': weight } } }),
    { '10.1.0.12:443': connections },
  );
  const state = temporaryState();
  const store = openOverrideStore(state, () => {});
  const drained: Override = {
    service: SHOP,
    destination: SECOND,
    weight: 0,
    by: 'alice',
    reason: 'kernel upgrade',
    since: state.clock.now().toISOString(),
    endSeconds: state.clock.seconds + 3600,
    ...override,
  };
  await store.write({ overrides: [drained], held: new Map() });
  const { run, write } = workspace({ 'shop.yaml': file });
  const until = formatUntil(new Date(state.clock.wall + 3_600_000), state.clock.now());
  return {
    ...{ state, store, until, write },
    run: (line: string) => run(`${line} -f ./shop.yaml`, { state, openKernel: async () => kernel }),
    weight: () => kernel.table().services.get(SHOP)?.destinations.get(SECOND)?.weight,
  };
}

function valid(name: 'plan' | 'report', text: string) {
  const ajv = new Ajv.default({ strict: false, validateFormats: false, allErrors: true });
  for (const schema of ['plan', 'report'])
    ajv.addSchema(JSON.parse(readFileSync(`schemas/${schema}.schema.json`, 'utf8')));
  const document = JSON.parse(text);
  ajv.validate(`urn:ipvstate:schema:${name}:1`, document);
  expect(ajv.errors ?? []).toEqual([]);
  return document;
}

describe('an override', () => {
  it('is a change of the plan, with who, until when, why, and the weight of the file', async () => {
    const { run, until } = await scene();
    const { stdout } = await run('plan');
    expect(stdout).toContain(
      `~ 10.1.0.12:443  weight 3 -> 0\n        weight 0 by override of alice until ${until}: kernel upgrade (file: 3)\n`,
    );
  });

  it('is kept by an apply, which says so and changes nothing', async () => {
    const { run, until, weight } = await scene({ weight: 0 });
    const note = `Overridden: 10.1.0.12:443 of ${SHOP}:\n    weight 0 by override of alice until ${until}: kernel upgrade (file: 3)\n`;
    for (const verb of ['plan', 'apply', 'check', 'apply -q']) {
      const { status, stdout } = await run(verb);
      expect(status).toBe(0);
      expect(stdout).toContain(note);
    }
    expect(weight()).toBe(0);
    expect((await run('plan -o markdown')).stdout).toContain(`> ${note.replace('\n    ', ' ')}`);
  });

  it('is in the JSON of plans and reports', async () => {
    const { run, state } = await scene({ weight: 0 });
    const until = new Date(state.clock.wall + 3_600_000).toISOString();
    for (const [line, name] of [
      ['plan -o json', 'plan'],
      ['check -o json', 'plan'],
      ['apply -o json', 'report'],
    ] as const) {
      const { overrides } = valid(name, (await run(line)).stdout);
      expect(overrides).toMatchObject([
        {
          ...{ service: SHOP, destination: SECOND, weight: 0, own_weight: 3 },
          ...{ own_weight_from: 'file', owner: null, by: 'alice', reason: 'kernel upgrade' },
          until,
        },
      ]);
    }
  });

  it('is left out with `--ignore-overrides`, and in force again in the next run', async () => {
    const { run, weight, store } = await scene({ weight: 0 });
    expect((await run('check --ignore-overrides')).status).toBe(2);
    expect((await run('plan --ignore-overrides')).stdout).toContain('weight 0 -> 3\n');
    const ignored = await run('apply --ignore-overrides');
    expect(ignored.status).toBe(0);
    expect(ignored.stderr).toContain('Overrides are ignored in this run');
    expect(weight()).toBe(3);
    expect((await store.read()).overrides).toHaveLength(1);
    await run('apply');
    expect(weight()).toBe(0);
  });

  it('that is over is an edit back to the weight of the file, and is forgotten', async () => {
    const { run, weight, store, state } = await scene({ weight: 0 });
    state.clock.pass(3600);
    expect((await run('check')).status).toBe(2);
    expect((await run('apply')).stdout).toContain('weight 0 -> 3\n');
    expect(weight()).toBe(3);
    expect(await store.read()).toEqual(NO_OVERRIDES);
  });

  it('gives the weight of a health checker back where the file preserves it', async () => {
    const { run, weight, state } = await scene({ weight: 7, file: PRESERVED });
    expect((await run('apply')).stdout).toContain('kernel upgrade (before: 7)\n');
    expect((await run('apply')).stdout).toContain('kernel upgrade (before: 7)\n');
    expect(weight()).toBe(0);
    state.clock.pass(3600);
    await run('apply');
    expect(weight()).toBe(7);
  });

  it('of a server that drains away and comes back gives the weight from before', async () => {
    const both = PRESERVED.replace('name: shop', 'name: shop, drain: 5m');
    const one = both.replace(', { address: 10.1.0.12, weight: 3 }', '');
    const { run, write, weight, state } = await scene({ weight: 7, file: both, connections: 12 });
    await run('apply');
    write('shop.yaml', one);
    await run('apply');
    expect(weight()).toBe(0);
    state.clock.pass(60);
    await run('overrides clear');
    write('shop.yaml', both);
    await run('apply');
    expect(weight()).toBe(7);
  });

  it('of a saved table has no effect', async () => {
    const { run } = await scene({ weight: 0 });
    const { stdout } = await run('plan --table ./shop.yaml');
    expect(stdout).toContain('No changes');
    expect(stdout).not.toContain('verrid');
  });

  it('that leaves a service without a usable server is refused by the guard', async () => {
    const { run, weight } = await scene({ override: { destination: null } });
    const refused = await run('apply');
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('refused by guard unserved');
    expect(weight()).toBe(3);
    expect((await run('apply --allow-unserved')).status).toBe(0);
    expect(weight()).toBe(0);
  });

  it('of a program names the program, not the user', async () => {
    const { run } = await scene({ override: { owner: 'checker-1', by: 'root', reason: '' } });
    expect((await run('plan')).stdout).toMatch(
      /weight 0 by override of owner checker-1 until \S+ \(file: 3\)\n/,
    );
  });

  it('on the way to its weight says so', async () => {
    const ramp = { from: 3, sinceSeconds: 5000, seconds: 300 };
    const { run, state } = await scene({ override: { weight: 0, ramp } });
    state.clock.pass(100);
    expect((await run('plan')).stdout).toContain(
      'weight 3 -> 2\n        weight 2, on the way to 0, by override of alice until',
    );
  });

  it('cannot be ignored for a saved plan, which is applied as it is', async () => {
    const { state } = await scene();
    const { run } = workspace();
    const { status, stderr } = await run('apply ./a.plan --ignore-overrides', { state });
    expect([status, stderr]).toEqual([
      64,
      expect.stringContaining('a saved plan is applied as it'),
    ]);
  });
});
