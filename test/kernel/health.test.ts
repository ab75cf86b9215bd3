import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { layNetwork, SERVERS, takeNetworkAway, VIP } from '../bench/network.js';
import { DaemonProcess } from '../support/daemon.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

const [STOPPED = '', KILLED = '', ILL = '', GONE = '', ...GOOD] = SERVERS;
const BAD = [STOPPED, KILLED, ILL, GONE];
const REQUESTS = 100;

/** A program beside the benchmarks. */
const program = (name: string): string =>
  fileURLToPath(new URL(`../bench/programs/${name}`, import.meta.url));

let folder: string;
let daemon: DaemonProcess;
let client: ChildProcess;
const servers = new Map<string, ChildProcess>();

beforeAll(async () => {
  await ipvsadm('-C');
  layNetwork();
  await Promise.all([serve(STOPPED), serve(KILLED), serve(ILL, GONE, ...GOOD)]);
  folder = mkdtempSync('/run/health');
  const file = join(folder, 'shop.yaml');
  writeFileSync(
    file,
    [
      ...['version: 1', 'defaults: { forward: masq }', 'services:', '  - name: shop'],
      ...[`    address: tcp://${VIP}:80`, '    scheduler: rr'],
      '    health: { http: {}, interval: 1s, timeout: 2s, rise: 1, fall: 2, max_unhealthy: 4 }',
      `    destinations: [${SERVERS.map((server) => `"${server}:8080"`).join(', ')}]`,
    ].join('\n'),
  );
  daemon = new DaemonProcess(join(folder, 'daemon'), ['-f', file], openKernel);
  await daemon.start();
  client = spawn(
    'ip',
    ['netns', 'exec', 'client', process.execPath, program('health-client.js'), VIP],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
});

afterAll(async () => {
  client.kill();
  for (const server of servers.values()) server.kill('SIGKILL');
  await daemon.stop('SIGKILL');
  takeNetworkAway();
  await ipvsadm('-C');
  rmSync(folder, { recursive: true, force: true });
});

async function serve(...addresses: readonly string[]): Promise<void> {
  const args = [
    'netns',
    'exec',
    'servers',
    process.execPath,
    program('health-server.js'),
    ...addresses,
  ];
  const server = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.set(addresses[0] ?? '', server);
  await once(server.stdout, 'data');
}

/** Resolves when the bad servers have the weight, and the good ones have weight 1. */
function weightsBecome(weight: number): Promise<void> {
  return until(`weight ${weight} of the bad servers`, async () => {
    const table = await ipvsadm('-Sn');
    const has = (own: number) => (server: string) =>
      table.includes(`-r ${server}:8080 -m -w ${own}\n`);
    return BAD.every(has(weight)) && GOOD.every(has(1));
  });
}

async function counts(): Promise<[all: number, failed: number]> {
  const line = once(client.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  client.stdin?.write('\n');
  return JSON.parse(String((await line)[0]));
}

/** Expects that no request fails from now on. One that is under way may still be at the server. */
async function isServed(): Promise<void> {
  const [begun] = await counts();
  await until('the requests under way', async () => (await counts())[0] > begun + 2);
  const [first, before] = await counts();
  await until(`${REQUESTS} requests`, async () => (await counts())[0] >= first + REQUESTS);
  expect((await counts())[1] - before).toBe(0);
}

function lastReasonOf(server: string): unknown {
  const about = daemon.events('health').filter((line) => line.destination === `${server}:8080`);
  return about.findLast(({ healthy }) => healthy === false)?.reason;
}

it('takes servers out that stand still, die, answer 500 or are gone, and brings them back', async () => {
  const address = (verb: string): unknown =>
    execFileSync('ip', ['-n', 'servers', 'address', verb, `${GONE}/24`, 'dev', 'eth0']);
  servers.get(STOPPED)?.kill('SIGSTOP');
  servers.get(KILLED)?.kill('SIGKILL');
  servers.get(ILL)?.kill('SIGUSR2');
  address('delete');
  await weightsBecome(0);
  expect(BAD.map(lastReasonOf)).toEqual([
    'timeout after 2s',
    'connection refused',
    'HTTP 500',
    expect.stringMatching(/timeout after 2s|host unreachable/),
  ]);
  await isServed();

  servers.get(STOPPED)?.kill('SIGCONT');
  servers.get(ILL)?.kill('SIGUSR2');
  address('add');
  await serve(KILLED);
  await weightsBecome(1);
});
