import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKernelTable } from '../../src/recovery/ipvs-stack.ts';
import { systemState } from '../../src/recovery/state.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { ipvsadm, output } from './real-programs.ts';

const VIP = '10.250.0.1';
const SERVERS = ['127.0.0.21', '127.0.0.22', '127.0.0.23'] as const;
const [S1, S2, S3] = SERVERS;
const PORT = 80;

let folder: string;
let daemons: DaemonInProcess[];

beforeAll(() => output(`ip address add ${VIP}/32 dev lo`));
afterAll(() => output(`ip address delete ${VIP}/32 dev lo`));
beforeEach(async () => {
  await ipvsadm('-C');
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-sync-'));
  daemons = [];
});
afterEach(async () => {
  for (const daemon of daemons) await daemon.stop();
  await ipvsadm('-C');
  for (const role of ['master', 'backup']) await ipvsadm(`--stop-daemon ${role}`).catch(() => '');
  rmSync(folder, { recursive: true, force: true });
});

const config = (servers: readonly string[], daemon = '') =>
  `version: 1\nservices: [{ address: "tcp://${VIP}:${PORT}", scheduler: rr, drain: 1m, destinations: [${servers
    .map((server) => `{ address: "${server}:8080", forward: masq }`)
    .join(', ')}] }]\n${daemon}`;
const masterOn = (name: string, syncId = 1) =>
  `sync_daemons: [{ role: master, interface: ${name}, sync_id: ${syncId} }]\n`;
const daemonLines = async () =>
  (await ipvsadm('-Ln --daemon')).split('\n').filter((line) => line !== '');

function run(verb: string, text: string) {
  const state = systemState({
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'state'),
  });
  return runCli([verb, '-f', '-'], { openKernel: openKernelTable, state, stdin: text });
}

async function startDaemon(file: string) {
  const words = ['-f', file, '--interval', '200ms', '--debounce', '60ms'];
  const daemon = new DaemonInProcess(join(folder, 'daemon'), words, openKernelTable);
  daemons.push(daemon);
  return daemon.start();
}

const journalOf = ({ state }: DaemonInProcess) =>
  readFileSync(join(state.folders.state, 'journal.jsonl'), 'utf8');

/** Six clients without pause, and the answers of each server. */
class Traffic {
  readonly answers = new Map<string, number>();
  failures = 0;
  readonly #servers: Server[] = [];
  #clients: Promise<void>[] = [];
  #isOver = false;

  async start(): Promise<void> {
    for (const address of SERVERS) {
      const server = createServer((socket) => socket.on('error', () => {}).end(address));
      server.listen(8080, address);
      await once(server, 'listening');
      this.#servers.push(server);
    }
    this.#clients = [1, 2, 3, 4, 5, 6].map(async () => {
      while (!this.#isOver) await this.#fetch();
    });
  }

  #fetch(): Promise<void> {
    return new Promise((resolve) => {
      let answer = '';
      const client = connect(PORT, VIP).setTimeout(5000, () => client.destroy());
      client.on('data', (chunk) => {
        answer += chunk;
      });
      client.on('error', () => {});
      client.on('close', () => {
        if (answer === '') this.failures++;
        else this.answers.set(answer, this.count(answer) + 1);
        resolve();
      });
    });
  }

  count(server: string): number {
    return this.answers.get(server) ?? 0;
  }

  /** Resolves after so many more answers. */
  more(answers: number): Promise<void> {
    const total = () => [...this.answers.values()].reduce((sum, count) => sum + count, 0);
    const end = total() + answers;
    return until(`${answers} more answers`, () => total() >= end);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    for (const server of this.#servers) server.close();
  }
}

describe('a change of destinations beside a sync daemon that cannot start', () => {
  let traffic: Traffic;

  beforeEach(async () => {
    traffic = new Traffic();
    expect(await run('apply', config([S1, S2], masterOn('lo')))).toMatchObject({ status: 0 });
    await traffic.start();
    await traffic.more(100);
  });
  afterEach(() => traffic.stop());

  it('is not made by apply, which sends no client anywhere else', async () => {
    const before = [await ipvsadm('-Sn'), await daemonLines()];
    const { status, stdout, stderr } = await run('apply', config([S2, S3], masterOn('gone0')));
    expect(status).toBe(5);
    expect(stdout + stderr).toContain('there is no network interface gone0');
    await traffic.more(300);
    expect([await ipvsadm('-Sn'), await daemonLines()]).toEqual(before);
    expect(traffic.count(S3)).toBe(0);
    expect(traffic.count(S1)).toBeGreaterThan(0);
    expect(traffic.failures).toBe(0);
  });

  it('is made once by watch, which says that the sync daemon is refused', async () => {
    const file = join(folder, 'ipvs.yaml');
    writeFileSync(file, config([S1, S2], masterOn('lo')));
    const daemon = await startDaemon(file);
    const running = await daemonLines();
    writeFileSync(file, config([S2, S3], masterOn('gone0')));
    await until('the new server has clients', () => traffic.count(S3) > 0);
    await until('the sync daemon is refused', async () => {
      const { health, why } = await daemon.status();
      return health === 'refused' && why.join().includes('no network interface gone0');
    });
    expect(await daemonLines()).toEqual(running);
    const answersOfOld = traffic.count(S1);
    await traffic.more(600);
    expect(traffic.failures).toBe(0);
    expect(traffic.count(S1)).toBe(answersOfOld);
    const journal = journalOf(daemon);
    expect(journal.match(/add-destination/g)).toHaveLength(1);
    expect(journal.match(/start-daemon/g)).toHaveLength(1);
    expect(await daemon.run('reload')).toMatchObject({
      stdout: expect.stringContaining('no network interface gone0'),
    });
    expect(await daemonLines()).toEqual(running);
  });
});

describe('a running sync daemon whose interface was deleted', () => {
  const add = async () => {
    await output('ip link add sync0 type dummy');
    await output('ip link set sync0 up');
    await output('ip address add 10.251.0.1/24 dev sync0');
  };
  const remove = () => output('ip link delete sync0');

  beforeEach(add);
  afterEach(() => remove().catch(() => ''));

  it('is a difference for check, and for apply one that the missing interface forbids', async () => {
    const text = config([S1], masterOn('sync0', 5));
    expect(await run('apply', text)).toMatchObject({ status: 0 });
    expect(await run('check', text)).toMatchObject({ status: 0 });
    await remove();
    const running = await daemonLines();
    const check = await run('check', text);
    expect(check.status).toBe(2);
    expect(check.stdout).toContain(
      'master sync daemon (stop and start)  state interface is gone -> running',
    );
    expect(await run('apply', text)).toMatchObject({
      status: 5,
      stdout: expect.stringContaining('there is no network interface sync0'),
    });
    expect(await daemonLines()).toEqual(running);
    expect(await run('check', config([S1]))).toMatchObject({ status: 0 });
  });

  it('is told by the daemon, and started again on the next interface of that name', async () => {
    const file = join(folder, 'ipvs.yaml');
    writeFileSync(file, config([S1], masterOn('sync0', 5)));
    const daemon = await startDaemon(file);
    await until('all is well', async () => (await daemon.status()).health === 'in-sync');
    await remove();
    await until('it is told', async () => {
      const { health, why } = await daemon.status();
      return health === 'refused' && why.join().includes('no network interface sync0');
    });
    expect((await daemon.get('/readyz')).status).toBe(503);
    await add();
    await until('it is started again', async () => (await daemon.status()).health === 'in-sync');
    expect(journalOf(daemon)).toContain('stop-daemon');
  });
});
