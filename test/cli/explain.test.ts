import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import Ajv from 'ajv';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import { NO_OVERRIDES, type Override } from '../../src/model/override.ts';
import { openOverrideStore } from '../../src/recovery/records/overrides.ts';
import { formatClock } from '../../src/render/overrides.ts';
import { statusOf } from '../daemon/statuses.ts';
import { type BusyTable, openBusyTable } from '../support/busy-table.ts';
import type { CliOptions, CliResult } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { workspace } from './workspace.ts';

const SHOP = `version: 1
defaults: { forward: masq, weight: 2 }
profiles:
  web: { scheduler: mh, scheduler_flags: [mh-port], preserve: [weight], drain: 5m }
pools:
  eu: [10.1.0.12, { address: 10.1.0.15, weight: 7 }]
services:
  - name: shop
    address: tcp://192.0.2.10:443
    profile: web
    persistence: 10m
    protect: true
    destinations: [10.1.0.11, { pool: eu }]
`;

const LIVE = `-A -t 192.0.2.10:443 -s wlc
-a -t 192.0.2.10:443 -r 10.1.0.11:443 -m -w 1
-a -t 192.0.2.10:443 -r 10.1.0.13:443 -m -w 1
-A -t 192.0.2.11:443 -s wlc
`;

const ajv = new Ajv.default({ strict: false, validateFormats: false, allErrors: true });
const validate = ajv.compile(JSON.parse(readFileSync('schemas/explanation.schema.json', 'utf8')));

/** Parses a document after it has passed its schema. */
function documentOf({ stdout }: CliResult): Record<string, unknown> {
  const document = JSON.parse(stdout);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  return document;
}

function shop(files: Readonly<Record<string, string>> = {}) {
  const space = workspace({ 'shop.yaml': SHOP, 'live.save': LIVE, ...files });
  /** Explains the file, as stdin because its path is long, with the saved table. */
  const explain = async (what: string): Promise<string> => {
    const result = await space.run(`explain ${what} -q -f - --table ./live.save`, {
      stdin: space.read('shop.yaml'),
    });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    return result.stdout;
  };
  return { ...space, explain };
}

/** A kernel with a table, and the state that several commands share. */
function kernelOf(table: BusyTable): CliOptions {
  return { state: temporaryState(), openKernel: async () => table };
}

describe('explain with a service', () => {
  it('shows each value, its origin, the live value, and what acts on the service', async () => {
    expect(await shop().explain('shop')).toBe(`tcp://192.0.2.10:443 "shop"  <stdin>:8

  attribute            files            live  from
  scheduler            mh               wlc   profile "web", <stdin>:4
  scheduler_flags      mh-port          none  profile "web", <stdin>:4
  one_packet           false            =     built in
  persistence.timeout  10m              off   service, <stdin>:11
  persistence.netmask  255.255.255.255  =     built in
  persistence.engine   none             =     built in
  drain.timeout        5m                     profile "web", <stdin>:4
  drain.linger         2m                     built in
  protect              true                   service, <stdin>:12

Acts on it:
  preserve: the live weight of 10.1.0.11:443 wins over the file (profile
    "web", <stdin>:4)
  drain: 10.1.0.13:443 of tcp://192.0.2.10:443: remembers 0 closed
    connections, at most 2m
  protect: no plan deletes this service unless --allow-protected is given
    (service, <stdin>:12)

Destinations:
  10.1.0.11:443  <stdin>:13
  10.1.0.12:443  <stdin>:6, not live, apply will add it
  10.1.0.15:443  <stdin>:6, not live, apply will add it
  10.1.0.13:443  no file has it, apply will edit it

apply will edit it: scheduler wlc -> mh, scheduler_flags none -> mh-port,
persistence.timeout off -> 10m.
`);
  });

  it('finds it by its address in any spelling', async () => {
    const yaml = SHOP.replace('tcp://192.0.2.10:443', '"tcp://[2001:db8::10]:443"').replace(
      /destinations: .*/,
      'destinations: ["2001:db8::1"]',
    );
    const { explain } = shop({ 'shop.yaml': yaml });
    for (const spelling of ['tcp://[2001:DB8:0::10]:443', '[2001:db8::10]:443'])
      expect(await explain(spelling)).toMatch(/^tcp:\/\/\[2001:db8::10\]:443 "/);
  });

  it('shows a service that no file has', async () => {
    const text = await shop().explain('tcp://192.0.2.11:443');
    expect(text).toMatch(/^tcp:\/\/192\.0\.2\.11:443 {2}no file has it\n/);
    expect(text).toContain('  attribute            live\n  scheduler            wlc\n');
    expect(text).toContain('  removed: no file has it\n\napply will delete it.\n');
  });

  it('says that the files are not responsible for a service', async () => {
    const managed = `${SHOP}manage: { include: [{ service: "tcp://192.0.2.10:443" }] }\n`;
    const text = await shop({ 'shop.yaml': managed }).explain('tcp://192.0.2.11:443');
    expect(text).toContain(
      '  manage: the files are not responsible for this service, and leave it alone\n    (<stdin>:14)\n',
    );
    expect(text).toContain('\napply changes nothing here.\n');
  });

  it('names the guard that holds the plan back', async () => {
    const live = `${LIVE}-A -t 192.0.2.12:443 -s wlc\n-A -t 192.0.2.13:443 -s wlc\n`;
    const text = await shop({ 'live.save': live }).explain('tcp://192.0.2.11:443');
    expect(text).toMatch(/ {2}guard: max_service_deletes holds the plan back: /);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('(--max-service-deletes');
  });

  it('tells only-destinations changes from none', async () => {
    const yaml = SHOP.replace(/profile: web\n.*\n.*\n/, 'scheduler: wlc\n');
    const { explain } = shop({ 'shop.yaml': yaml.replace(/profiles:\n.*\n/, '') });
    expect(await explain('shop')).toContain('\napply changes only destinations here.\n');
  });

  it('takes values from the lines of save text', async () => {
    const { run } = shop();
    const { stdout } = await run(
      'explain tcp://192.0.2.10:443 10.1.0.13:443 -f ./live.save --table ./live.save',
    );
    expect(stdout).toContain('  weight           1      =     line 3 of live.save\n');
    expect(stdout).toContain('\napply changes nothing here.\n');
  });

  it('finds the place in the right one of several files, of a folder, and of stdin', async () => {
    const other = 'version: 1\nservices: [{ address: "udp://192.0.2.53:53", name: dns }]\n';
    const { run } = shop({ 'd/a.yaml': SHOP, 'other.yaml': other });
    const several = await run('explain shop 10.1.0.15 -f ./other.yaml -f ./d --table ./live.save');
    expect(several.stdout).toContain('weight           7       pool "eu", d/a.yaml:6');
    const stdin = await run('explain dns -f ./shop.yaml -f - --table ./live.save', {
      stdin: other,
    });
    expect(stdin.stdout).toContain('udp://192.0.2.53:53 "dns"  <stdin>:2\n');
  });
});

describe('explain with a destination', () => {
  it('shows each value, its origin, the live value, and what acts on it', async () => {
    expect(await shop().explain('shop 10.1.0.11')).toBe(`\
10.1.0.11:443 of tcp://192.0.2.10:443 "shop"  <stdin>:13

  attribute        files   live  from
  forward          masq    =     defaults, <stdin>:2
  weight           2       1     defaults, <stdin>:2
  upper_threshold  0       =     built in
  lower_threshold  0       =     built in
  tunnel.type      none    =     built in
  tunnel.port      none    =     built in
  tunnel.checksum  none    =     built in
  preserve         weight        profile "web", <stdin>:4

Acts on it:
  preserve: the live weight 1 (file: 2) wins over the file (profile "web",
    <stdin>:4)

apply changes nothing here.
`);
  });

  it('shows a drain with the time that is left', async () => {
    const table = tableOf({
      'tcp://192.0.2.10:443': { destinations: { '10.1.0.11:443': 1, '10.1.0.13:443': 1 } },
    });
    const kernel = openBusyTable(table, { '10.1.0.13:443': 12 });
    const state = temporaryState();
    const { run } = shop();
    const options = { state, openKernel: async () => kernel };
    await run('apply -f ./shop.yaml', options);
    state.clock.pass(60);
    const { status, stdout } = await run('explain shop 10.1.0.13 -f ./shop.yaml', options);
    expect(status).toBe(0);
    expect(stdout).toContain('  weight           0\n');
    expect(stdout).toMatch(/drain: .* 12 connections left, at most\s+4m\n/);
  });

  it('shows an override, and the value that it leads to', async () => {
    const table = tableOf({ 'tcp://192.0.2.10:443': { destinations: { '10.1.0.11:443': 1 } } });
    const state = temporaryState();
    const override: Override = {
      ...{ service: null, destination: '10.1.0.11', weight: 0, reason: 'kernel upgrade' },
      ...{ by: 'alice', since: '2026-05-04T12:00:00.000Z' },
    };
    await openOverrideStore(state, () => {}).write({ ...NO_OVERRIDES, overrides: [override] });
    const options = { state, openKernel: async () => openBusyTable(table, {}) };
    const { run } = shop();
    const { stdout } = await run('explain shop 10.1.0.11 -f ./shop.yaml', options);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'override: weight 0 by override of alice without end: kernel upgrade (',
    );
    const result = await run('explain shop 10.1.0.11 -f ./shop.yaml -o json', options);
    expect(documentOf(result).attributes).toContainEqual(
      expect.objectContaining({ name: 'weight', declared: 2, live: 1, planned: 0 }),
    );
  });

  it('shows that a removed service is still protected', async () => {
    const table = tableOf({ 'tcp://192.0.2.10:443': { destinations: { '10.1.0.11:443': 1 } } });
    const options = kernelOf(openBusyTable(table, {}));
    const { run, write } = shop();
    await run('apply -f ./shop.yaml', options);
    write('shop.yaml', 'version: 1\nservices: []\n');
    const { stdout } = await run('explain tcp://192.0.2.10:443 -f ./shop.yaml', options);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'protect: it was protected when it was last applied, and no file has it any more: only ' +
        '--allow-protected deletes it',
    );
  });
});

describe('explain without live values', () => {
  const noPermission: CliOptions = {
    openKernel: async () => {
      throw new IpvstateError('PERMISSION', 'no permission', { hint: 'Run as root.' });
    },
  };

  it('explains the files, and says why', async () => {
    const { status, stdout, stderr } = await shop().run(
      'explain shop 10.1.0.15 -f ./shop.yaml',
      noPermission,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('  attribute        files   from\n');
    expect(stdout).toContain('  weight           7       pool "eu", shop.yaml:6\n');
    expect(stdout).toMatch(/\nLive values are not known: no permission\.\nRun as root\.\n$/);
  });

  it('has the reason in the JSON', async () => {
    const result = await shop().run('explain shop -f ./shop.yaml -o json', noPermission);
    expect(documentOf(result)).toMatchObject({
      live: 'not-read',
      action: null,
      problem: { code: 'PERMISSION', message: 'no permission', hint: 'Run as root.' },
    });
  });

  it('still shows live values when there is no plan for them', async () => {
    const yaml = `${SHOP}sync_daemons: [{ role: master, interface: eth0 }]\n`;
    const live = `${LIVE}-a -t 192.0.2.11:443 -r [2001:db8::1]:443 -i -w 1\n`;
    const managed = `${yaml}manage: { include: [{ service: "tcp://192.0.2.10:443" }] }\n`;
    const text = await shop({ 'shop.yaml': managed, 'live.save': live }).explain('shop 10.1.0.11');
    expect(text).toContain('  weight           2       1     defaults, <stdin>:2\n');
    expect(text).toContain('\napply would fail: ');
  });

  it('fails when the saved table is missing or has errors', async () => {
    const { run } = shop({ 'bad.save': '-A nonsense\n' });
    expect((await run('explain shop -f ./shop.yaml --table ./gone.save')).status).toBe(66);
    expect((await run('explain shop -f ./shop.yaml --table ./bad.save')).status).toBe(65);
  });

  it('fails when the files are missing or have errors', async () => {
    const { run } = shop({ 'bad.yaml': SHOP.replace('weight: 2', 'wieght: 2') });
    expect((await run('explain shop -f ./gone.yaml')).status).toBe(66);
    expect((await run('explain tcp://192.0.2.10:443 -f ./gone.yaml')).status).toBe(66);
    const bad = await run('explain shop -f ./bad.yaml');
    expect(bad.status).toBe(65);
    expect(bad.stderr).toContain('did you mean "weight"?');
  });
});

describe('explain beside a daemon', () => {
  /** Explains a destination beside a daemon that answers each request with one document. */
  async function beside(answer: object, more = ''): Promise<CliResult> {
    const { run, path } = shop();
    const server = createServer((socket) => {
      socket.on('data', () => socket.write(`${JSON.stringify(answer)}\n`));
    });
    await new Promise<void>((done) => server.listen(path('control.sock'), done));
    onTestFinished(() => void server.close());
    return run(
      `explain shop 10.1.0.11 -f ./shop.yaml --control-socket ./control.sock ${more}`.trim(),
      kernelOf(openBusyTable(tableOf({}), {})),
    );
  }
  const statusAnswer = (status: Parameters<typeof statusOf>[0]): object => ({
    ...{ ok: true, exit_code: 0, status: statusOf(status) },
  });
  const flat = ({ stdout }: CliResult): string => stdout.replaceAll(/\s+/g, ' ');

  it('says that the daemon leaves an object to another program', async () => {
    const contested = [{ object: 'tcp://192.0.2.10:443 10.1.0.11:443', reversals: 3 }];
    expect(flat(await beside(statusAnswer({ contested })))).toContain(
      'contested: another program changed tcp://192.0.2.10:443 10.1.0.11:443 back 3 times, ' +
        'and the daemon leaves it alone',
    );
    const others = [{ object: 'tcp://192.0.2.10:443 10.1.0.12:443', reversals: 3 }];
    expect(flat(await beside(statusAnswer({ contested: others })))).not.toContain('contested');
  });

  it('says that the daemon is paused, for all services or for this one', async () => {
    const since = '2026-05-04T12:00:00.000Z';
    const pause = { who: 'alice', reason: 'upgrade', since, until: null };
    const paused = { ...pause, seconds_left: null, services: null };
    expect(flat(await beside(statusAnswer({ paused })))).toContain(
      `paused: the daemon writes nothing (by alice, since ${formatClock(new Date(since), new Date())}, without an end: upgrade); ` +
        '`ipvstate resume` ends the pause',
    );
    const own = { ...paused, services: ['tcp://192.0.2.10:443'] };
    expect(flat(await beside(statusAnswer({ paused: own })))).toContain(
      'paused: the daemon leaves this service alone (',
    );
    const other = { ...paused, services: ['tcp://192.0.2.99:443'] };
    expect(flat(await beside(statusAnswer({ paused: other })))).not.toContain('paused');
    documentOf(await beside(statusAnswer({ paused }), '-o json'));
  });

  it('says that the kernel refuses the service, with the reason and the hint', async () => {
    const part = 'tcp://192.0.2.10:443';
    const refused = { part, reason: 'there is no scheduler x', hint: 'modprobe ip_vs_x' };
    const status = { health: 'refused', why: [`${part} is left out`], refused_parts: [refused] };
    const said = flat(await beside(statusAnswer(status as Parameters<typeof statusOf>[0])));
    expect(said).toContain(
      'refused: the kernel refuses this service, and the daemon leaves it out: ' +
        'there is no scheduler x (modprobe ip_vs_x)',
    );
    documentOf(await beside(statusAnswer({ refused_parts: [refused] }), '-o json'));
    const others = [{ ...refused, part: 'tcp://192.0.2.99:443' }];
    const other = flat(await beside(statusAnswer({ refused_parts: others })));
    expect(other).not.toContain('the kernel refuses');
  });

  it('has a line about a daemon that is not well, and none about one that is', async () => {
    const failed = { ...{ code: 'KERNEL', message: 'no memory', hint: null }, position: null };
    const error = { since: '2026-05-04T12:00:00.000Z', ...failed };
    expect(flat(await beside(statusAnswer({ health: 'failed', error })))).toContain(
      'daemon: failed: the live table is not as desired: no memory',
    );
    for (const health of ['in-sync', 'draining'] as const)
      expect(flat(await beside(statusAnswer({ health })))).not.toContain('daemon:');
  });

  it('explains without the answer of a daemon of another version', async () => {
    for (const answer of [{ nonsense: 1 }, { ok: true, exit_code: 0, status: { format: 'x' } }])
      expect(await beside(answer)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('explain refuses', () => {
  const files = {
    'none.save': '',
    'two.yaml': `version: 1
services:
  - { name: pair, address: "tcp://192.0.2.1:80", destinations: [10.0.0.1] }
  - name: pair
    address: tcp://192.0.2.2:80
    destinations: ["10.0.0.1:80", "10.0.0.1:81"]
  - { name: limits, address: "tcp://192.0.2.3:80", destinations: [10.0.0.1] }
  - { name: services.web, address: "tcp://192.0.2.4:80", destinations: [10.0.0.1] }
`,
  };

  it.each([
    ['pairs', 'no service has the name "pairs", and', 'Did you mean "pair"?'],
    ['nothing-near', 'no service has the name', 'The names are "pair", "limits"'],
    ['service', 'no service has the name "service"', 'Did you mean "services"?'],
    ['pair', '2 services have the name "pair"', 'tcp://192.0.2.1:80, tcp://192.0.2.2:80.'],
    ['tcp://192.0.2.1:81', 'there is no service tcp://192.0.2.1:81', 'Did you mean tcp://192.0.2'],
    ['tcp://nonsense', 'there is no service tcp://nonsense', 'The services are tcp://192.0.2.1:80'],
    ['fwmark:0', 'there is no service fwmark:0', 'The services are'],
    ['limits', '"limits" is the name of a service, and a key', 'or the key as config.limits.'],
    [
      'services.wieght',
      'services has no key "wieght"',
      'Did you mean services.destinations.weight?',
    ],
    ['config.servces', 'the configuration has no key "servces"', 'Did you mean services?'],
    ['services.scheduler.x', 'services.scheduler has no key "x"', 'It has no keys.'],
    ['pair 10.0.0.9', '2 services have the name "pair"', 'Name one by its whole address'],
    ['tcp://192.0.2.2:80 10.0.0.1', '2 destinations of tcp://192.0.2.2:80 have', '10.0.0.1:81.'],
    ['tcp://192.0.2.1:80 10.0.0.2', 'has no destination 10.0.0.2', 'Did you mean 10.0.0.1?'],
    ['tcp://192.0.2.1:80 web1', 'has no destination web1', 'It has 10.0.0.1:80.'],
    ['services 10.0.0.1', 'no service has the name "services"', 'The names are'],
    ['\u001b[31mred', 'no service has the name "\\u001b[31mred"', 'The names are'],
  ])('%j: %s', async (what, message, hint) => {
    const { run } = workspace(files);
    const words = `explain ${what} -f ./two.yaml --table ./none.save`;
    const { status, stdout, stderr } = await run(words);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it('tells a service whose name looks like a key from the key', async () => {
    const { run } = workspace(files);
    expect((await run('explain services.web -f ./two.yaml --table ./none.save')).stdout).toContain(
      'tcp://192.0.2.4:80 "services.web"',
    );
    expect((await run('explain config.limits -f ./two.yaml')).stdout).toMatch(/^limits\n/);
  });
});

describe('explain with a key', () => {
  it('shows type, range, default, option of ipvsadm and examples, and needs no files', async () => {
    const { status, stdout } = await workspace().run(
      'explain services[0].destinations.weight -f ./gone.yaml',
    );
    expect(status).toBe(0);
    expect(stdout).toBe(`services.destinations.weight
  Share of new connections. 0 takes none and keeps the ones it has. An absent
  weight is the default, 1.

  type      whole number
  range     0 to 2147483647
  default   1
  ipvsadm   -w, --weight
  example   weight: 1
  example   weight: 100
  example   weight: 0
`);
  });

  it('lists the keys of the whole file', async () => {
    const { stdout } = await workspace().run('explain config');
    const schema = JSON.parse(readFileSync('schemas/config.schema.json', 'utf8'));
    const keys = [...stdout.matchAll(/^ {2}(\w+) +\S/gm)].map(([, key]) => key);
    expect(keys).toEqual(expect.arrayContaining(Object.keys(schema.properties)));
  });

  it.each(['config', 'services', 'profiles.web.persistence', 'pools.eu', 'sync_daemons.ttl'])(
    'prints %s in at most 80 columns, and as JSON',
    async (key) => {
      const { stdout } = await workspace().run(`explain ${key}`);
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      const document = documentOf(await workspace().run(`explain ${key} -o json`));
      expect(document).toMatchObject({ subject: 'key', key: key === 'config' ? '' : key });
    },
  );
});

describe('explain with -o json', () => {
  it('says the same of a service', async () => {
    const result = await shop().run('explain shop -f ./shop.yaml --table ./live.save -o json');
    expect(documentOf(result)).toMatchObject({
      subject: 'service',
      name: 'shop',
      declared: true,
      live: 'there',
      action: 'edit',
      problem: null,
      influences: [{ kind: 'preserve' }, { kind: 'drain' }, { kind: 'protect' }],
      destinations: [
        { destination: '10.1.0.11:443', declared: true, live: 'there', action: null },
        { destination: '10.1.0.12:443', declared: true, live: 'missing', action: 'add' },
        { destination: '10.1.0.15:443', declared: true, live: 'missing', action: 'add' },
        { destination: '10.1.0.13:443', declared: false, position: null, action: 'edit' },
      ],
    });
    expect(documentOf(result).attributes).toContainEqual({
      name: 'persistence.timeout',
      declared: 600,
      origin: {
        kind: 'service',
        name: null,
        position: { file: 'shop.yaml', line: 11, column: 18 },
      },
      live: null,
      planned: 600,
    });
  });

  it('says the same of a destination', async () => {
    const result = await shop().run(
      'explain shop 10.1.0.11 -f ./shop.yaml --table ./live.save -o json',
    );
    expect(documentOf(result)).toMatchObject({ subject: 'destination', action: null });
    expect(documentOf(result).attributes).toContainEqual({
      name: 'weight',
      declared: 2,
      origin: {
        kind: 'defaults',
        name: null,
        position: { file: 'shop.yaml', line: 2, column: 36 },
      },
      live: 1,
      planned: 1,
    });
    expect(documentOf(result)).not.toHaveProperty('destinations');
  });

  it('says the same of an object that no file has', async () => {
    const result = await shop().run(
      'explain shop 10.1.0.13 -f ./shop.yaml --table ./live.save -o json',
    );
    const document = documentOf(result);
    expect(document).toMatchObject({ declared: false, position: null });
    expect(document.attributes).toContainEqual({ name: 'weight', live: 1, planned: 0 });
  });
});
