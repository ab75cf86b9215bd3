import { createSocket, type Socket as Dgram } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { withSysctls } from '../../src/kernel/sysctls.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { type State, systemState } from '../../src/recovery/state.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { ipvsadm } from './real-programs.ts';

const open = async (): Promise<Ipvs> => withSysctls(await openKernel());

let folder: string;
let state: State;
const run = (line: string, stdin: string, options: CliOptions = {}): Promise<CliResult> =>
  runCli(line.split(' '), { openKernel: open, state, stdin, ...options });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-policy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  const own = mkdtempSync(join(folder, 'state-'));
  state = systemState({
    IPVSTATE_RUNTIME_DIR: join(own, 'run'),
    IPVSTATE_STATE_DIR: join(own, 'lib'),
  });
  await ipvsadm('-C');
});
afterEach(() => ipvsadm('-C'));

describe('a sysctl', () => {
  const path = (name: string): string => join('/proc/sys/net/ipv4/vs', name);
  const read = (name: string): string =>
    readFileSync(path(name), 'utf8').trim().replace(/\s+/g, ' ');
  const NAMES = ['expire_nodest_conn', 'sync_threshold', 'drop_entry', 'sync_ports'];
  const config = (mode: string, values: string): string =>
    `version: 1\nsysctls: { mode: ${mode}, values: { ${values} } }\nservices: []\n`;
  let before: Map<string, string>;

  beforeEach(() => {
    before = new Map(NAMES.map((name) => [name, read(name)]));
  });
  afterEach(() => {
    for (const [name, value] of before) writeFileSync(path(name), `${value}\n`);
  });

  it('that is enforced is written, read back as the same, and rolled back', async () => {
    const file = config('enforce', 'expire_nodest_conn: true, sync_threshold: "5 100"');
    const plan = await run('plan -f -', file);
    expect(plan.stdout).toContain(
      '~ sysctl expire_nodest_conn  0 -> 1\n~ sysctl sync_threshold  3 50 -> 5 100\n',
    );
    expect(await run('apply -f -', file)).toMatchObject({ status: 0, stderr: '' });
    expect([read('expire_nodest_conn'), read('sync_threshold')]).toEqual(['1', '5 100']);
    expect(await run('check -f -', file)).toMatchObject({ status: 0 });
    expect(await run('rollback', '')).toMatchObject({ status: 0 });
    expect([read('expire_nodest_conn'), read('sync_threshold')]).toEqual(['0', '3 50']);
  });

  it('that is only checked is never written', async () => {
    const file = config('check', 'expire_nodest_conn: 1');
    expect(await run('apply -f -', file)).toMatchObject({ status: 0 });
    expect(read('expire_nodest_conn')).toBe('0');
    const check = await run('check -f -', file);
    expect(check.status).toBe(2);
    expect(check.stdout).toContain('sysctl net.ipv4.vs.expire_nodest_conn is 0; the file wants 1');
  });

  it('that the kernel changes by itself is in sync', async () => {
    const file = config('enforce', 'drop_entry: 1');
    expect(await run('apply -f -', file)).toMatchObject({ status: 0 });
    expect(['1', '2']).toContain(read('drop_entry'));
    writeFileSync(path('drop_entry'), '2\n');
    expect(await run('check -f -', file)).toMatchObject({ status: 0 });
  });

  it('that this kernel does not have is refused, and nothing is written', async () => {
    const result = await run(
      'apply -f -',
      config('enforce', 'expire_nodest_conn: 1, later_setting: 1'),
    );
    expect(result.status).toBe(69);
    expect(result.stderr).toContain('unsupported by this kernel: net.ipv4.vs.later_setting');
    expect(read('expire_nodest_conn')).toBe('0');
  });

  it('is refused by the kernel like any other operation', async () => {
    const ipvs = await open();
    const refused = await ipvs.execute([
      { kind: 'set-sysctl', name: 'sync_ports', value: '3' },
      { kind: 'set-sysctl', name: 'none', value: '3' },
      { kind: 'set-sysctl', name: 'sync_ports', value: '2' },
    ]);
    ipvs.close();
    expect([...refused]).toMatchObject([
      [0, { code: 'KERNEL', errno: 'EINVAL' }],
      [1, { errno: 'ENOENT' }],
    ]);
    expect(read('sync_ports')).toBe('2');
  });
});

describe('a foreign service', () => {
  it('is not changed beside managed services, and nor are preserved weights', async () => {
    await ipvsadm('-A -t 198.51.100.1:80 -s rr');
    await ipvsadm('-a -t 198.51.100.1:80 -r 127.0.0.9:80 -g -w 7');
    await ipvsadm('-A -f 7 -s sed');
    const foreign = await ipvsadm('-Sn');
    const file = (destinations: string): string =>
      `version: 1\nmanage: { include: [{ cidr: 192.0.2.0/24 }] }\nservices:\n  - address: tcp://192.0.2.1:80\n    scheduler: rr\n    preserve: [weight]\n    destinations: [${destinations}]\n`;
    expect(
      await run('apply -f -', file('127.0.0.1, { address: 127.0.0.2, weight: 3 }')),
    ).toMatchObject({ status: 0 });
    await ipvsadm('-e -t 192.0.2.1:80 -r 127.0.0.1:80 -g -w 42');
    const again = await run('apply -f -', file('127.0.0.1, { address: 127.0.0.3, weight: 3 }'));
    expect(again.stdout).toContain('2 foreign services left alone.');
    const lines = (await ipvsadm('-Sn')).split('\n');
    expect(lines.filter((line) => line.includes('192.0.2.1'))).toEqual([
      '-A -t 192.0.2.1:80 -s rr',
      '-a -t 192.0.2.1:80 -r 127.0.0.1:80 -g -w 42',
      '-a -t 192.0.2.1:80 -r 127.0.0.3:80 -g -w 3',
    ]);
    expect(lines.filter((line) => !line.includes('192.0.2.1')).sort()).toEqual(
      foreign.split('\n').sort(),
    );
    expect(
      (
        await run(
          'apply -f - --allow-empty',
          file('127.0.0.1').replace(/services:.*/s, 'services: []\n'),
        )
      ).status,
    ).toBe(0);
    expect(await ipvsadm('-Sn')).toBe(foreign);
  });
});

describe('a drain with a real connection', () => {
  /** All of 127.0.0.0/8 is local, so that one server answers for every destination. */
  const VIP = '127.0.0.100';
  const PORT = 18_080;
  const PATIENCE = { timeout: 60_000, interval: 500 };
  let server: Server;
  const clients: Socket[] = [];

  beforeAll(async () => {
    server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
    server.listen(PORT, '0.0.0.0');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });

  async function dial(): Promise<Socket> {
    const client = connect(PORT, VIP);
    clients.push(client);
    await once(client, 'connect');
    return client;
  }

  async function echo(client: Socket, text: string): Promise<string> {
    client.write(text);
    const [answer] = await once(client, 'data');
    return String(answer);
  }

  const file = (destinations: string, drain = '{ timeout: 5m, linger: 3s }'): string =>
    `version: 1\nservices: [{ address: "tcp://${VIP}:${PORT}", scheduler: rr, drain: ${drain}, destinations: [${destinations}] }]\n`;
  const BOTH = '127.0.0.1, 127.0.0.2';

  /**
   * Weight and active connections of a destination, as ipvsadm shows them; undefined when it is
   * gone.
   */
  async function shown(destination: string): Promise<string | undefined> {
    return new RegExp(`${destination}:${PORT} +Route +(\\d+ +\\d+) `)
      .exec(await ipvsadm('-Ln'))?.[1]
      ?.replace(/ +/, ' ');
  }

  /** A client of each destination. */
  async function twoClients(): Promise<readonly [Socket, Socket]> {
    expect(await run('apply -f -', file(BOTH))).toMatchObject({ status: 0 });
    const pair = [await dial(), await dial()] as const;
    for (const client of pair) expect(await echo(client, 'hello')).toBe('hello');
    expect([await shown('127.0.0.1'), await shown('127.0.0.2')]).toEqual(['1 1', '1 1']);
    return pair;
  }

  it('keeps the connection, takes no new ones, and ends with an apply after the linger', async () => {
    const pair = await twoClients();
    const plan = await run('plan -f -', file('127.0.0.1'));
    expect(plan.stdout).toContain(
      'weight 1 -> 0  drains 1 active connection; deleted up to 3s after they are gone, or in 5m',
    );
    expect(await run('apply -f -', file('127.0.0.1'))).toMatchObject({ status: 0 });
    expect(await shown('127.0.0.2')).toBe('0 1');
    for (const client of pair) expect(await echo(client, 'still')).toBe('still');
    for (const _ of [1, 2, 3]) expect(await echo(await dial(), 'new')).toBe('new');
    expect([await shown('127.0.0.1'), await shown('127.0.0.2')]).toEqual(['1 4', '0 1']);
    expect((await run('apply -f -', file('127.0.0.1'))).stdout).toContain(
      '1 connection left, at most ',
    );
    expect(await shown('127.0.0.2')).toBe('0 1');

    for (const client of pair) client.end();
    await vi.waitFor(async () => expect(await shown('127.0.0.2')).toBe('0 0'), PATIENCE);
    expect((await run('apply -f -', file('127.0.0.1'))).stdout).toContain(
      'remembers 1 closed connection, at most 3s',
    );
    expect(await shown('127.0.0.2')).toBe('0 0');
    await vi.waitFor(async () => {
      await run('apply -f -', file('127.0.0.1'));
      expect(await shown('127.0.0.2')).toBeUndefined();
    }, PATIENCE);
  });

  it('is ended by an edit when the destination is wanted again', async () => {
    const pair = await twoClients();
    await run('apply -f -', file('127.0.0.1'));
    const back = await run('apply -f -', file(BOTH));
    expect(back.stdout).toContain('~ 127.0.0.2:18080  weight 0 -> 1');
    expect(await shown('127.0.0.2')).toBe('1 1');
    for (const client of pair) expect(await echo(client, 'still')).toBe('still');
  });

  it('is waited for, until the linger after the last connection is over', async () => {
    const pair = await twoClients();
    const waiting = run('apply -f - --wait', file('127.0.0.1'));
    await vi.waitFor(async () => expect(await shown('127.0.0.2')).toBe('0 1'), PATIENCE);
    for (const client of pair) client.end();
    const { status, stdout, stderr } = await waiting;
    expect(status).toBe(0);
    expect(stderr).toContain(
      `127.0.0.2:${PORT} of tcp://${VIP}:${PORT}: 1 connection left, at most 5m`,
    );
    expect(stdout).toContain('Drained and deleted: 1 destination.');
    expect(await shown('127.0.0.2')).toBeUndefined();
  });

  it('ends at its deadline, even with open connections', async () => {
    await twoClients();
    expect(await run('apply -f - --wait', file('127.0.0.1', '2s'))).toMatchObject({ status: 0 });
    expect(await shown('127.0.0.2')).toBeUndefined();
    expect(await shown('127.0.0.1')).toBe('1 1');
  });
});

describe('a drain with a real UDP flow', () => {
  const VIP = '127.0.0.100';
  /**
   * Each test has its own: the kernel remembers the flows of a deleted destination, and counts them
   * when it is added again.
   */
  let port = 18_080;
  const NODEST = '/proc/sys/net/ipv4/vs/expire_nodest_conn';
  let server: Dgram;
  let client: Dgram;

  beforeEach(async () => {
    port++;
    server = createSocket('udp4');
    server.on('message', (text, from) => server.send(text, from.port, from.address));
    // The client keeps its port, and so its flow.
    client = createSocket('udp4');
    for (const socket of [server, client]) {
      socket.bind(socket === server ? port : 0);
      await once(socket, 'listening');
    }
    expect(await run('apply -f -', file('127.0.0.1, 127.0.0.2', '5m'))).toMatchObject({
      status: 0,
    });
    expect(await isAnswered()).toBe(true);
  });
  afterEach(async () => {
    server.close();
    client.close();
    writeFileSync(NODEST, '0\n');
    await ipvsadm('--set 0 0 300');
  });

  const file = (destinations: string, drain: string, udp = '5m'): string =>
    `version: 1\ntimeouts: { udp: ${udp} }\nservices: [{ address: "udp://${VIP}:${port}", scheduler: rr, drain: ${drain}, destinations: [${destinations}] }]\n`;

  /** Tells whether a datagram of the client is answered. */
  async function isAnswered(): Promise<boolean> {
    let isHere = false;
    client.once('message', () => {
      isHere = true;
    });
    client.send('hello', port, VIP);
    // Looks are counted, and not seconds: this process, which also answers, may have to wait.
    for (let look = 0; look < 75 && !isHere; look++) await sleep(20);
    client.removeAllListeners('message');
    return isHere;
  }

  /** Weight and flows of each destination, by its address. */
  async function shown(): Promise<Record<string, string>> {
    const lines = (await ipvsadm('-Ln')).matchAll(
      /-> (127\.0\.0\.\d):\d+ +Route +(\d+) +0 +(\d+)/g,
    );
    return Object.fromEntries(
      [...lines].map(([, address, weight, flows]) => [address, `${weight} ${flows}`]),
    );
  }

  /** The destination that has the flow, and the other one. */
  async function servers(): Promise<readonly [string, string]> {
    const busy = Object.entries(await shown()).find(([, counted]) => counted === '1 1')?.[0];
    expect(busy).toBeDefined();
    return busy === '127.0.0.1' ? ['127.0.0.1', '127.0.0.2'] : ['127.0.0.2', '127.0.0.1'];
  }

  it('keeps the flow until the kernel has forgotten it', async () => {
    const [busy, other] = await servers();
    const first = await run('apply -f -', file(other, '5m', '3s'));
    expect(first.stdout).toContain(
      'weight 1 -> 0  drains 1 flow; deleted when they are gone, or in 5m',
    );
    expect(await shown()).toEqual({ [busy]: '0 1', [other]: '1 0' });
    expect(await isAnswered()).toBe(true);
    await vi.waitFor(async () => expect((await shown())[busy]).toBe('0 0'), {
      timeout: 60_000,
      interval: 500,
    });
    expect(await run('apply -f -', file(other, '5m', '3s'))).toMatchObject({ status: 0 });
    expect(await shown()).toEqual({ [other]: '1 0' });
  });

  it.each([
    ['0', false],
    ['1', true],
  ])(
    'with expire_nodest_conn %s, a flow that is left at the limit is answered afterwards: %s',
    async (value, answered) => {
      writeFileSync(NODEST, `${value}\n`);
      const [, other] = await servers();
      const { status, stdout, stderr } = await run('apply -f - --wait', file(other, '2s'));
      expect(status).toBe(0);
      expect(`${stdout}${stderr}`.includes('get no answer for up to 5m')).toBe(!answered);
      expect(Object.keys(await shown())).toEqual([other]);
      expect(await isAnswered()).toBe(answered);
    },
  );

  it('keeps a removed service with its flow, beside the service at its new address', async () => {
    const [busy, other] = await servers();
    const moved = file(`${busy}, ${other}`, '5m').replace(VIP, '127.0.0.101');
    // The drain of the removed service is the one that was last applied.
    await run('apply -f -', file(`${busy}, ${other}`, '4m'));
    const first = await run('apply -f -', moved);
    expect(first).toMatchObject({ status: 0 });
    expect(first.stdout).toContain('deleted when they are gone, or in 4m');
    expect(await ipvsadm('-Sn')).toContain(`-a -u ${VIP}:${port} -r ${busy}:${port} -g -w 0\n`);
    expect(await ipvsadm('-Sn')).toContain(`-A -u 127.0.0.101:${port}`);
    // With its next datagram, the flow gets the timeout of that moment.
    await ipvsadm('--set 0 0 1');
    expect(await isAnswered()).toBe(true);
    expect(await run('apply -f - --wait', moved)).toMatchObject({ status: 0 });
    expect(await ipvsadm('-Sn')).not.toContain(`${VIP}:`);
  });
});
