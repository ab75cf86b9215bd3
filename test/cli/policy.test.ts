import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { type BusyTable, openBusyTable } from '../support/busy-table.ts';
import type { CliOptions } from '../support/run-cli.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';
import { workspace } from './workspace.ts';

const WEB = 'tcp://192.0.2.1:80';
const OTHER = 'tcp://198.51.100.1:80';
const SECOND = destinationKeyOf('10.0.0.2:80');

function config(destinations: string, keys = 'drain: 5m', top = ''): string {
  return `version: 1\n${top}services:\n  - { address: "${WEB}", ${keys}, destinations: [${destinations}] }\n`;
}

const BOTH = config('10.0.0.1, 10.0.0.2');
const ONE = config('10.0.0.1');
const LIVE = tableOf({ [WEB]: { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } } });

interface Scene {
  readonly kernel: BusyTable;
  readonly state: TemporaryState;
  readonly options: CliOptions;
}

function scene(
  table = LIVE,
  connections: Readonly<Record<string, number>> = { '10.0.0.2:80': 12 },
): Scene {
  const kernel = openBusyTable(table, connections);
  const state = temporaryState();
  return { kernel, state, options: { state, openKernel: async () => kernel } };
}

function schemaOf(name: string) {
  const ajv = new Ajv.default({ strict: false, validateFormats: false });
  const read = (file: string) =>
    JSON.parse(readFileSync(`schemas/${file}.schema.json`, 'utf8')) as { $id: string };
  if (name !== 'plan') ajv.addSchema(read('plan'));
  return ajv.compile(read(name));
}

const weight = ({ kernel }: Scene) =>
  kernel.table().services.get(keyOf(WEB))?.destinations.get(SECOND)?.weight;

describe('a drain', () => {
  it('is shown by plan, begun by apply, and ends when a later apply deletes the destination', async () => {
    const { run, write } = workspace({ 'one.yaml': ONE });
    const now = scene();
    const plan = await run('plan -f ./one.yaml', now.options);
    expect(plan.stdout).toContain(
      '~ 10.0.0.2:80  weight 1 -> 0  drains 12 active connections; deleted up to 2m after they are gone, or in 5m\n',
    );

    const first = await run('apply -f ./one.yaml', now.options);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toContain(
      `Applied and verified: 1 operation.\nDraining: 10.0.0.2:80 of ${WEB}: 12 connections left, at most 5m\n`,
    );

    now.state.clock.pass(50);
    const second = await run('apply -f ./one.yaml', now.options);
    expect(second.stdout).toContain(
      `No changes: the live table is as desired (1 service, 2 destinations).\n`,
    );
    expect(second.stdout).toContain(
      `Draining: 10.0.0.2:80 of ${WEB}: 12 connections left, at most 4m10s\n`,
    );
    expect((await run('check -f ./one.yaml', now.options)).status).toBe(0);
    expect(weight(now)).toBe(0);

    now.state.clock.pass(250);
    expect((await run('apply -f ./one.yaml', now.options)).stdout).toContain(
      '- 10.0.0.2:80  cuts 12 active connections',
    );
    expect(weight(now)).toBeUndefined();
    write('one.yaml', BOTH);
    expect((await run('apply -f ./one.yaml', now.options)).stdout).toContain('+ 10.0.0.2:80');
  });

  it('ends before its deadline when the connections have ended', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    await run('apply -f ./one.yaml', now.options);
    now.kernel.active.set(SECOND, 0);
    expect((await run('apply -f ./one.yaml', now.options)).stdout).toContain('    - 10.0.0.2:80\n');
    expect(weight(now)).toBeUndefined();
  });

  it('is in the JSON of a plan and of a report', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    const drain = {
      service: WEB,
      destination: '10.0.0.2:80',
      connections: 12,
      seconds_left: 300,
      weight: 1,
    };
    const plan = JSON.parse((await run('plan -f ./one.yaml -o json', now.options)).stdout);
    expect(plan).toMatchObject({ drains: [drain], foreign_services: 0, sysctl_differences: [] });
    expect(schemaOf('plan')(plan)).toBe(true);
    const report = JSON.parse((await run('apply -f ./one.yaml -o json', now.options)).stdout);
    expect(report).toMatchObject({ outcome: 'applied', drains: [drain] });
    expect(schemaOf('report')(report)).toBe(true);
  });

  it('that ends at once is told apart from the operations of the plan', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const { stdout } = await run('apply -f ./one.yaml', scene(LIVE, {}).options);
    expect(stdout).toContain('(1 operation).\n');
    expect(stdout).toContain(
      'Applied and verified: 1 operation, and 1 drained destination deleted.\n',
    );
  });

  it('has its full time from the moment that a saved plan is applied', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    await run('plan -f ./one.yaml --save ./plan.json', now.options);
    now.state.clock.pass(1000);
    expect(await run('apply ./plan.json', now.options)).toMatchObject({ status: 0 });
    now.state.clock.pass(60);
    expect((await run('apply -f ./one.yaml', now.options)).stdout).toContain(
      '12 connections left, at most 4m\n',
    );
  });

  it('is a note in Markdown when no change of the plan shows it', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    await run('apply -f ./one.yaml', now.options);
    expect((await run('plan -f ./one.yaml -o markdown', now.options)).stdout).toBe(
      `### IPVS plan: no changes\n\n> Draining: 10.0.0.2:80 of ${WEB}: 12 connections left, at most 5m\n`,
    );
  });

  it('has its full time again after a rollback has cancelled it', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    await run('apply -f ./one.yaml', now.options);
    expect(await run('rollback', now.options)).toMatchObject({ status: 0 });
    expect(weight(now)).toBe(1);
    now.state.clock.pass(299);
    expect((await run('apply -f ./one.yaml', now.options)).stdout).toContain(
      '12 connections left, at most 5m\n',
    );
  });

  it('does not happen in a saved table, which has no connections', async () => {
    const live =
      '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1\n-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1\n';
    const { run, read } = workspace({ 'one.yaml': ONE, 'live.save': live });
    expect(await run('apply -f ./one.yaml --table ./live.save')).toMatchObject({ status: 0 });
    expect(read('live.save')).not.toContain('10.0.0.2');
  });
});

describe('apply --wait', () => {
  it('prints the progress of each drain, deletes empty destinations, and counts them', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    const { sleep } = now.state.clock;
    let polls = 0;
    now.state.clock.sleep = async (milliseconds) => {
      await sleep.call(now.state.clock, milliseconds);
      now.kernel.active.set(SECOND, [12, 3, 0][polls++] ?? 0);
    };
    const { status, stdout, stderr } = await run('apply -f ./one.yaml --wait', now.options);
    expect(status).toBe(0);
    expect(stderr).toBe(
      [
        `10.0.0.2:80 of ${WEB}: 12 connections left, at most 5m\n`,
        `10.0.0.2:80 of ${WEB}: 3 connections left, at most 4m58s\n`,
      ].join(''),
    );
    expect(stdout).toMatch(/Drained and deleted: 1 destination\.\n$/);
    expect(polls).toBe(3);
    expect(weight(now)).toBeUndefined();
  });

  it('deletes a destination at the deadline although it has connections', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    expect(await run('apply -f ./one.yaml --wait -o json', now.options)).toMatchObject({
      status: 0,
    });
    expect(now.state.clock.seconds).toBe(5300);
    expect(weight(now)).toBeUndefined();
  });

  it('is stopped by a signal, and a later apply continues', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    const controller = new AbortController();
    const { sleep } = now.state.clock;
    now.state.clock.sleep = async (milliseconds) => {
      await sleep.call(now.state.clock, milliseconds);
      controller.abort(130);
    };
    const { status, stdout } = await run('apply -f ./one.yaml --wait', {
      ...now.options,
      signal: controller.signal,
    });
    expect(status).toBe(130);
    expect(stdout).toMatch(
      /Drained and deleted: 0 destinations\. 1 destination still drains: a later apply continues\.\n$/,
    );
    expect(weight(now)).toBe(0);
    now.kernel.active.clear();
    await run('apply -f ./one.yaml', now.options);
    expect(weight(now)).toBeUndefined();
  });

  it('is refused for a saved plan', async () => {
    expect(await workspace({ 'plan.json': '{}' }).run('apply ./plan.json --wait')).toMatchObject({
      status: 64,
    });
  });
});

describe('a drain of UDP', () => {
  const DNS = 'udp://192.0.2.1:53';
  const UDP = tableOf({ [DNS]: { destinations: { '10.0.0.1:53': 1, '10.0.0.2:53': 1 } } });
  const GONE = destinationKeyOf('10.0.0.2:53');
  const file = `version: 1\nservices: [{ address: "${DNS}", drain: 60s, destinations: [10.0.0.1] }]\n`;

  it('keeps the flows until the limit, and says who gets no answer then', async () => {
    const { run } = workspace({ 'one.yaml': file });
    const now = scene({ ...UDP, sysctls: new Map([['expire_nodest_conn', '0']]) }, {});
    now.kernel.inactive.set(GONE, 40);
    const first = await run('apply -f ./one.yaml', now.options);
    expect(first.stdout).toContain(
      '~ 10.0.0.2:53  weight 1 -> 0  drains 40 flows; deleted when they are gone, or in 1m\n',
    );
    expect(first.stdout).toContain(`warning: flows of ${DNS} that go on until the drain ends`);
    expect(first.stdout).toContain(`Draining: 10.0.0.2:53 of ${DNS}: 40 flows left, at most 1m\n`);

    now.state.clock.pass(60);
    const last = await run('apply -f ./one.yaml', now.options);
    expect(last.stdout).toContain('- 10.0.0.2:53  cuts 40 flows\n');
    expect(last.stdout).toContain(
      `warning: the drain is over, and 40 flows of ${DNS} get no answer for\n` +
        '    up to 5m, because net.ipv4.vs.expire_nodest_conn is 0; 1 sends them to\n' +
        '    another server\n',
    );
  });
});

describe('a drain after the last connection', () => {
  it('waits until the kernel has forgotten the closed connections', async () => {
    const { run } = workspace({ 'one.yaml': ONE });
    const now = scene();
    await run('apply -f ./one.yaml', now.options);
    now.kernel.active.clear();
    now.kernel.inactive.set(SECOND, 30);
    now.state.clock.pass(10);
    const quiet = await run('apply -f ./one.yaml', now.options);
    expect(quiet.stdout).toContain(
      `Draining: 10.0.0.2:80 of ${WEB}: remembers 30 closed connections, at most 2m\n`,
    );
    now.state.clock.pass(110);
    expect((await run('apply -f ./one.yaml', now.options)).stdout).toContain('at most 10s\n');
    now.state.clock.pass(10);
    await run('apply -f ./one.yaml', now.options);
    expect(weight(now)).toBeUndefined();
  });

  it('does not wait for them with linger: off', async () => {
    const { run } = workspace({
      'one.yaml': config('10.0.0.1', 'drain: { timeout: 5m, linger: off }'),
    });
    const now = scene();
    await run('apply -f ./one.yaml', now.options);
    now.kernel.active.clear();
    now.kernel.inactive.set(SECOND, 30);
    await run('apply -f ./one.yaml', now.options);
    expect(weight(now)).toBeUndefined();
  });
});

describe('a removed service that drains', () => {
  const OTHER_DRAIN = `  - { address: "${OTHER}", drain: 5m, destinations: [10.0.0.9] }\n`;
  const TWO = tableOf({
    [WEB]: { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
    [OTHER]: { destinations: { '10.0.0.9:80': 1 } },
  });
  const WITH = BOTH + OTHER_DRAIN;
  const WITHOUT = `version: 1\nservices:\n${OTHER_DRAIN}`;
  const isThere = ({ kernel }: Scene) => kernel.table().services.has(keyOf(WEB));
  const files = () =>
    workspace({ 'a.yaml': WITH, 'b.yaml': WITHOUT, 'none.yaml': 'version: 1\nservices: []\n' });

  it('stays with its destinations at weight 0, and goes with the last of them', async () => {
    const { run } = files();
    const now = scene(TWO, { '10.0.0.2:80': 12 });
    await run('apply -f ./a.yaml', now.options);
    const plan = await run('plan -f ./b.yaml', now.options);
    expect(plan).toMatchObject({ status: 0 });
    expect(plan.stdout).toContain(`  ${WEB}  removed: deleted with the last of its destinations\n`);
    expect(plan.stdout).toContain('weight 1 -> 0  and then deleted');
    expect(plan.stdout).toContain('weight 1 -> 0  drains 12 active connections; deleted up to 2m');
    const first = await run('apply -f ./b.yaml', now.options);
    expect(first).toMatchObject({ status: 0 });
    expect([...(now.kernel.table().services.get(keyOf(WEB))?.destinations.keys() ?? [])]).toEqual([
      SECOND,
    ]);
    expect(weight(now)).toBe(0);
    expect((await run('check -f ./b.yaml', now.options)).status).toBe(0);

    now.kernel.active.clear();
    expect((await run('apply -f ./b.yaml', now.options)).stdout).toContain(`- ${WEB}`);
    expect(isThere(now)).toBe(false);
  });

  it('counts for the guards in the plan that begins the drain, and not in the one that ends it', async () => {
    const { run } = files();
    const now = scene(TWO, { '10.0.0.2:80': 12, '10.0.0.9:80': 1 });
    await run('apply -f ./a.yaml', now.options);
    expect((await run('apply -f ./b.yaml --max-service-deletes 0', now.options)).stdout).toContain(
      'the plan deletes 1 of 2 services; 0 are allowed',
    );
    expect(weight(now)).toBe(1);
    expect((await run('apply -f ./none.yaml', now.options)).stdout).toContain(
      'refused by guard empty: the plan leaves no service at all; the live table has 2',
    );
    expect((await run('apply -f ./none.yaml --allow-empty', now.options)).status).toBe(0);
    expect(weight(now)).toBe(0);
    expect((await run('apply -f ./none.yaml', now.options)).status).toBe(0);
    now.state.clock.pass(300);
    expect((await run('apply -f ./none.yaml', now.options)).status).toBe(0);
    expect(now.kernel.table().services.size).toBe(0);
  });

  it('is deleted at once when it was last applied with drain: off', async () => {
    const { run, write } = files();
    const now = scene(TWO, { '10.0.0.2:80': 12 });
    await run('apply -f ./a.yaml', now.options);
    write('a.yaml', WITH.replace('drain: 5m', 'drain: off'));
    await run('apply -f ./a.yaml', now.options);
    await run('apply -f ./b.yaml', now.options);
    expect(isThere(now)).toBe(false);
  });

  it('takes connections again when a file lists it again', async () => {
    const { run } = files();
    const now = scene(TWO, { '10.0.0.2:80': 12 });
    await run('apply -f ./a.yaml', now.options);
    await run('apply -f ./b.yaml', now.options);
    expect(await run('apply -f ./a.yaml', now.options)).toMatchObject({ status: 0 });
    expect(weight(now)).toBe(1);
    // The guard counts the second removal like the first.
    expect((await run('plan -f ./b.yaml --max-service-deletes 0', now.options)).status).toBe(3);
  });

  it('drains as well when all that is applied are saved plans', async () => {
    const { run } = files();
    const now = scene(TWO, { '10.0.0.2:80': 12 });
    for (const name of ['a', 'b']) {
      await run(`plan -f ./${name}.yaml --save ./${name}.plan`, now.options);
      expect(await run(`apply ./${name}.plan`, now.options)).toMatchObject({ status: 0 });
    }
    expect(weight(now)).toBe(0);
    // The saved plan was guarded when it was made. The plans after it do not count it again.
    expect(await run('apply -f ./b.yaml --max-service-deletes 0', now.options)).toMatchObject({
      status: 0,
    });
    expect(weight(now)).toBe(0);
  });
});

describe('a protected service', () => {
  const TWO = tableOf({
    [WEB]: { destinations: { '10.0.0.1:80': 1 } },
    [OTHER]: { destinations: { '10.0.0.1:80': 1 } },
  });
  const other = `  - { address: "${OTHER}", destinations: [10.0.0.1] }\n`;
  const withProtect = `${config('10.0.0.1', 'protect: true')}${other}`;
  const without = `version: 1\nservices:\n${other}`;

  it('is kept by later plans until a file lists it without protect', async () => {
    const { run, write } = workspace({ 'a.yaml': withProtect, 'b.yaml': without });
    const now = scene(TWO, {});
    expect((await run('plan -f ./b.yaml', now.options)).status).toBe(0);
    expect((await run('apply -f ./a.yaml', now.options)).status).toBe(0);
    const refused = await run('apply -f ./b.yaml', now.options);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain(
      `refused by guard protect: the plan deletes 1 protected service\n    ${WEB}\n`,
    );
    expect(refused.stdout).toContain('If that is what you want: --allow-protected\n');
    expect((await run('plan -f ./b.yaml', now.options)).status).toBe(3);

    write('a.yaml', withProtect.replace('protect: true', 'protect: false'));
    expect((await run('apply -f ./a.yaml', now.options)).status).toBe(0);
    expect((await run('apply -f ./b.yaml', now.options)).status).toBe(0);
  });

  it('is deleted when an option allows it, and its protection is forgotten', async () => {
    const { run } = workspace({ 'a.yaml': withProtect, 'b.yaml': without });
    const now = scene(TWO, {});
    await run('apply -f ./a.yaml', now.options);
    expect((await run('apply -f ./b.yaml --allow-protected', now.options)).status).toBe(0);
    expect(readFileSync(join(now.state.runtime, 'protected.json'), 'utf8')).toContain(
      '"services":[]',
    );
  });
});

describe('a managed scope', () => {
  const TABLE = tableOf({
    [WEB]: { destinations: { '10.0.0.1:80': 1 } },
    [OTHER]: { scheduler: 'rr', destinations: { '10.0.0.9:80': 7 } },
    'fwmark:7': {},
  });

  it('leaves foreign services alone and counts them', async () => {
    const top = 'manage: { include: [{ cidr: 192.0.2.0/24 }] }\n';
    const { run } = workspace({ 'a.yaml': config('10.0.0.1, 10.0.0.3', 'protect: false', top) });
    const now = scene(TABLE, {});
    expect((await run('plan -f ./a.yaml', now.options)).stdout).toContain(
      '2 foreign services left alone.\n',
    );
    expect(
      JSON.parse((await run('plan -f ./a.yaml -o json', now.options)).stdout).foreign_services,
    ).toBe(2);
    expect((await run('apply -f ./a.yaml', now.options)).status).toBe(0);
    for (const key of [OTHER, 'fwmark:7'].map(keyOf))
      expect(now.kernel.table().services.get(key)).toBe(TABLE.services.get(key));
    expect((await run('check -f ./a.yaml', now.options)).status).toBe(0);
  });
});

describe('sysctls', () => {
  const TABLE = {
    ...LIVE,
    sysctls: new Map(
      Object.entries({ conntrack: '0', expire_nodest_conn: '0', expire_quiescent_template: '0' }),
    ),
  };
  const sysctls = (mode: string, values: string) =>
    `sysctls: { mode: ${mode}, values: { ${values} } }\n`;

  it('are warnings when they are only checked, and make check exit 2', async () => {
    const { run } = workspace({
      'a.yaml': config(
        '10.0.0.1, 10.0.0.2',
        'protect: false',
        sysctls('check', 'conntrack: 1, est_nice: 5'),
      ),
    });
    const now = scene(TABLE, {});
    const check = await run('check -f ./a.yaml', now.options);
    expect(check).toMatchObject({ status: 2 });
    expect(check.stdout).toBe(
      'warning: sysctl net.ipv4.vs.conntrack is 0; the file wants 1, and only checks it\n' +
        'warning: this kernel has no sysctl net.ipv4.vs.est_nice (since Linux 6.2); the\n    file wants 5\n' +
        'Not in sync: 2 checked sysctls different.\n',
    );
    expect((await run('plan -f ./a.yaml', now.options)).stdout).toContain(
      'warning: sysctl net.ipv4.vs.conntrack is 0',
    );
    const apply = await run('apply -f ./a.yaml', now.options);
    expect(apply).toMatchObject({ status: 0 });
    expect(apply.stdout).toContain('warning: sysctl net.ipv4.vs.conntrack is 0');
    const json = JSON.parse((await run('apply -f ./a.yaml -o json', now.options)).stdout);
    expect(json.sysctl_differences).toEqual([
      { name: 'conntrack', live: '0', desired: '1' },
      { name: 'est_nice', live: null, desired: '5' },
    ]);
    expect(schemaOf('report')(json)).toBe(true);
  });

  it('are written before other changes when they are enforced, and a rollback brings them back', async () => {
    const { run } = workspace({
      'a.yaml': config('10.0.0.1', 'protect: false', sysctls('enforce', 'conntrack: true')),
    });
    const now = scene(TABLE, {});
    const plan = await run('plan -f ./a.yaml', now.options);
    expect(plan.stdout).toContain('~ sysctl conntrack  0 -> 1\n');
    expect((await run('plan -f ./a.yaml -o ipvsadm', now.options)).stdout.split('\n')[0]).toBe(
      'sysctl -w net.ipv4.vs.conntrack=1',
    );
    expect(
      schemaOf('plan')(JSON.parse((await run('plan -f ./a.yaml -o json', now.options)).stdout)),
    ).toBe(true);
    expect((await run('apply -f ./a.yaml', now.options)).status).toBe(0);
    expect(now.kernel.table().sysctls?.get('conntrack')).toBe('1');
    expect((await run('check -f ./a.yaml', now.options)).status).toBe(0);
    expect((await run('rollback', now.options)).status).toBe(0);
    expect(now.kernel.table().sysctls?.get('conntrack')).toBe('0');
  });

  it('are refused before any operation when the kernel lacks them', async () => {
    const { run } = workspace({
      'a.yaml': config('10.0.0.1', 'protect: false', sysctls('enforce', 'est_nice: 5')),
    });
    const now = scene(TABLE, {});
    const { status, stderr } = await run('apply -f ./a.yaml', now.options);
    expect(status).toBe(69);
    expect(stderr).toContain(
      'unsupported by this kernel: net.ipv4.vs.est_nice (since Linux 6.2); nothing was changed',
    );
    expect(now.kernel.table()).toBe(TABLE);
  });

  it('are in a saved plan, which is stale after one of them has changed', async () => {
    const { run, read } = workspace({
      'a.yaml': config('10.0.0.1', 'protect: false', sysctls('enforce', 'conntrack: 1')),
    });
    const now = scene(TABLE, {});
    await run('plan -f ./a.yaml --save ./plan.json', now.options);
    expect(schemaOf('plan')(JSON.parse(read('plan.json')))).toBe(true);
    await now.kernel.execute([{ kind: 'set-sysctl', name: 'conntrack', value: '1' }]);
    const stale = await run('apply ./plan.json', now.options);
    expect(stale).toMatchObject({ status: 4 });
    expect(stale.stderr).toContain('the sysctl net.ipv4.vs.conntrack was changed');
    await now.kernel.execute([{ kind: 'set-sysctl', name: 'conntrack', value: '0' }]);
    expect(await run('apply ./plan.json', now.options)).toMatchObject({ status: 0 });
    expect(now.kernel.table().sysctls?.get('conntrack')).toBe('1');
  });

  it('are unknown for a saved table, and a remark says so when they are enforced', async () => {
    const { run } = workspace({
      'a.yaml': config('10.0.0.1', 'protect: false', sysctls('enforce', 'conntrack: 1')),
      'live.save': '',
    });
    const { status, stdout, stderr } = await run('plan -f ./a.yaml --table ./live.save');
    expect(status).toBe(0);
    expect(stderr).toBe(
      'A saved table does not say what its sysctls are: nothing is planned for them.\n',
    );
    expect(stdout).not.toContain('conntrack');
  });

  it('are warnings when they work against a drain', async () => {
    const persistent = tableOf({
      [WEB]: {
        persistent: true,
        persistenceTimeoutSeconds: 360,
        destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 },
      },
    });
    const { run } = workspace({ 'a.yaml': config('10.0.0.1', 'drain: 5m, persistence: 6m') });
    const quiet = scene(
      {
        ...persistent,
        sysctls: new Map(
          Object.entries({ expire_nodest_conn: '0', expire_quiescent_template: '1' }),
        ),
      },
      {},
    );
    expect((await run('plan -f ./a.yaml', quiet.options)).stdout).not.toContain('warning');
    const loud = scene({
      ...persistent,
      sysctls: new Map(Object.entries({ expire_nodest_conn: '1', expire_quiescent_template: '0' })),
    });
    const { stdout } = await run('plan -f ./a.yaml', loud.options);
    expect(stdout).toContain(
      `warning: persistent clients keep coming to what drains of ${WEB},\n` +
        '    because net.ipv4.vs.expire_quiescent_template is 0\n',
    );
    expect((await run('plan -f ./a.yaml -o markdown', loud.options)).stdout).toContain(
      '\n> warning: persistent clients keep coming',
    );
    expect((await run('plan -f ./a.yaml -o ipvsadm', loud.options)).stderr).toContain(
      'warning: persistent clients keep coming',
    );
    expect(stdout).toContain(
      'warning: connections that are left when a drain ends are reset, because\n' +
        '    net.ipv4.vs.expire_nodest_conn is 1\n',
    );
  });
});
