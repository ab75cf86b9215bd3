import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { digestsOfTable } from '../../src/daemon/fleet/table-digest.ts';
import { KERNEL_TIMEOUTS } from '../../src/model/settings.ts';
import { desiredOfNodes } from '../../src/sources/load-nodes.ts';
import { fleet } from './reported-fleet.ts';
import { SHOP } from './workspace.ts';

const readSchema = (name: string) =>
  JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8'));
const ajv = new Ajv({ strict: false, validateFormats: false, schemas: [readSchema('plan')] });
const isDiff = ajv.compile(readSchema('fleet-diff'));
const isPushPlan = ajv.compile(readSchema('push-plan'));

/** The digest of the services that a file asks for. */
async function digestOf(text: string): Promise<string> {
  const documents = [{ name: 'a.yaml', bytes: Buffer.from(text) }];
  const services = (await desiredOfNodes(documents, ['x'])).get('x')?.services ?? new Map();
  const table = { services, timeouts: KERNEL_TIMEOUTS, daemons: [] };
  return (await digestsOfTable(table, undefined)).services;
}

const CHANGED = SHOP.replace('10.1.0.12', '10.1.0.99');

/** A fleet whose generation 1 has the shop, and the digest of its services. */
async function world() {
  const space = await fleet();
  const digest = await digestOf(SHOP);
  const dryRun = async () => {
    const line = `push -f ./conf.d --to ${space.address} --dry-run`;
    const { stdout } = await space.run(line);
    const document = JSON.parse((await space.run(`${line} -o json`)).stdout);
    expect(isPushPlan(document), JSON.stringify(isPushPlan.errors)).toBe(true);
    return { text: stdout.slice(stdout.indexOf('\nlb') + 1), plans: document.plans };
  };
  const diff = async (node: string) => {
    const line = `fleet diff ${space.address} ${node}`;
    const json = await space.run(`${line} -o json`);
    const document = JSON.parse(json.stdout);
    if (json.status < 64) expect(isDiff(document), JSON.stringify(isDiff.errors)).toBe(true);
    return { ...(await space.run(line)), document };
  };
  return { ...space, digest, dryRun, diff };
}

describe('push --dry-run', () => {
  it('shows one plan for all directors that would do the same, and names those without one', async () => {
    const { report, write, dryRun, digest } = await world();
    for (let index = 1; index <= 200; index++) report(`lb${index}`, { services: digest });
    write('conf.d/nodes/new/times.yaml', 'version: 1\nservices: []\n');
    write('conf.d/shop.yaml', CHANGED);
    const { text, plans } = await dryRun();
    expect(text).toBe(`\
lb1, lb10, lb100, lb101, lb102 and 195 more: 1 destination to add, 1 destination
    to delete; the live table is as generation 1 says
    tcp://192.0.2.10:443 "shop"
      - 10.1.0.12:443
      + 10.1.0.99:443  masq, weight 3
new: no plan: it has never reported
`);
    expect(plans).toHaveLength(2);
    expect(plans[0]).toMatchObject({ basis: 'table', generation: 1, noop: false, why: null });
    expect(plans[0].nodes).toHaveLength(200);
    expect(plans[1]).toMatchObject({ basis: 'none', nodes: ['new'], changes: null, noop: null });
  });

  it('has a plan of its own for a director that the files tell apart, is behind, or differs', async () => {
    const { report, write, dryRun, digest, run, address } = await world();
    write('conf.d/shop.yaml', CHANGED);
    await run(`push -f ./conf.d --to ${address}`);
    const two = await digestOf(CHANGED);
    const has = (applied: number) => ({ generation: { read: 2, in_force: 2, applied } });
    report('lb1', { services: digest, ...has(1) });
    report('lb2', { services: two, ...has(2) });
    report('lb3', { services: 'f'.repeat(64), ...has(2) });
    report('lb4', { services: null, health: 'draining\u001b[2J', ...has(2) });
    report('lb5', has(2));
    report('lb6', { services: two, ...has(7) });
    report('lb7', { services: two, ...has(2) }, false);
    const own = 'version: 1\nservices: [{ address: tcp://192.0.2.50:80, destinations: [] }]\n';
    write('conf.d/nodes/lb2/own.yaml', own);
    const { text, plans } = await dryRun();
    expect(text.replace(/\n {4}(?=[a-z](?!cp:))/g, ' ').replace(/^ .*\n/gm, '')).toBe(`\
lb1: 1 destination to add, 1 destination to delete; the live table is as generation 1 says
lb2: 1 service to add; the live table is as generation 2 says
lb3: no changes; from the files of generation 2 alone, because its live weights or servers are others, by health checks or a drain for example
lb4: no changes; from the files of generation 2 alone, because its health is draining\\u001b[2J
lb5: no changes; from the files of generation 2 alone, because its version does not tell enough
lb6: no plan: generation 7 cannot be read
lb7: no changes; from the files of generation 2 alone, because it is away
`);
    expect(plans.map(({ basis }: { basis: string }) => basis)).toEqual([
      ...['table', 'table', 'files', 'files', 'files', 'none', 'files'],
    ]);
  });
});

describe('fleet diff', () => {
  it('shows what the current generation changes on a director, and exits 2', async () => {
    const { report, diff, write, run, address, digest } = await world();
    report('lb1', { services: digest });
    expect(await diff('lb1')).toMatchObject({
      status: 0,
      stdout: 'To generation 1:\nlb1: no changes; the live table is as generation 1 says\n',
    });
    write('conf.d/shop.yaml', CHANGED);
    await run(`push -f ./conf.d --to ${address} --wave lb2`);
    const { status, stdout, document } = await diff('lb1');
    expect(status).toBe(2);
    expect(stdout).toMatch(/^To generation 2:\nlb1: 1 destination to add, .*\n.*\n {4}tcp:/);
    expect(document).toMatchObject({
      ...{ format: 'ipvstate-fleet-diff', current: 2 },
      plan: { generation: 1, basis: 'table', changes: [{ action: 'delete' }, { action: 'add' }] },
    });
  });

  it.each([
    ['', 64, 'needs the name of a director'],
    ['a/b', 64, 'a/b is no name of a director'],
    ['lb9', 66, 'no director lb9 is known'],
    ['lb2', 66, 'there is no plan for lb2: it has never reported'],
    ['lb2 --wait', 64, 'takes no --wait'],
  ])('of "%s" exits %i: %s', async (words, exit, message) => {
    const { run, address } = await world();
    const { status, stderr } = await run(`fleet diff ${address} ${words}`.trim());
    expect([status, stderr]).toEqual([exit, expect.stringContaining(message)]);
  });
});
