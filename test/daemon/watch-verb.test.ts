import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { askDaemon } from '../../src/daemon/control/client.ts';
import { runDaemon } from '../../src/daemon/daemon.ts';
import { createLog } from '../../src/daemon/log/log.ts';
import type { NotifyState } from '../../src/daemon/notify.ts';
import type { Status } from '../../src/daemon/status/status.ts';
import { IpvstateError } from '../../src/errors.ts';
import { openRecords } from '../../src/recovery/records/records.ts';
import { followConfiguration } from '../../src/sources/follow.ts';
import {
  type MisbehavingTable,
  type Misbehaviour,
  openMisbehavingTable,
} from '../support/misbehaving-ipvs.ts';
import { runCli } from '../support/run-cli.ts';
import { keyOf, tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { until } from '../support/until.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-daemon-'));
  file = join(folder, 'conf', 'ipvs.yaml');
  mkdirSync(join(folder, 'conf'));
  return () => rmSync(folder, { recursive: true, force: true });
});

function write(weight: number, rest = ''): void {
  writeFileSync(
    `${file}.new`,
    `version: 1\nservices: [{ address: "tcp://192.0.2.1:80", destinations: [{ address: 10.0.0.1, weight: ${weight} }] }]\n${rest}`,
  );
  renameSync(`${file}.new`, file);
}

/** Starts a daemon in this process, on a table in memory. */
function startDaemon(misbehaviour: Misbehaviour = {}, watchdogMilliseconds = 10) {
  const kernel: MisbehavingTable = openMisbehavingTable(tableOf({}), misbehaviour);
  const state = temporaryState();
  const told: NotifyState[] = [];
  const logged: { readonly event: string; readonly level: string; readonly msg: string }[] = [];
  const stopping = new AbortController();
  const controlSocket = join(folder, 'control.sock');
  const httpSocket = join(folder, 'http.sock');
  let hangup = (): void => {};
  const done = runDaemon(
    {
      version: '0.0.0-test',
      configuration: followConfiguration([file]),
      timing: { interval: 20, resync: 60_000, debounce: 20 },
      drift: 'correct',
      allowances: {},
      allowsCommands: false,
      listen: { path: httpSocket },
      controlSocket,
      stats: false,
    },
    {
      session: {
        state,
        records: openRecords(state, () => {}),
        warn: () => {},
        pending: undefined,
        lock: { take: async () => {}, release: async () => {} },
      },
      openKernel: async () => kernel,
      look: { examine: async () => [], history: async () => ({}) },
      log: createLog({
        format: 'json',
        level: 'info',
        write: (line) => logged.push(JSON.parse(line)),
      }),
      notifier: { watchdogMilliseconds, notify: async (message) => void told.push(message) },
      signal: stopping.signal,
      onHangup: (reload) => {
        hangup = reload;
        return () => {
          hangup = () => {};
        };
      },
    },
  );
  done.catch(() => undefined);
  const status = async (): Promise<Status> => {
    const answer = await askDaemon(controlSocket, { command: 'status' });
    return (answer.ok ? answer.status : undefined) as unknown as Status;
  };
  const weight = (): number | undefined =>
    kernel.table().services.get(keyOf('tcp://192.0.2.1:80'))?.destinations.values().next().value
      ?.weight;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await done;
  };
  return { kernel, told, logged, done, status, weight, stop, httpSocket, hangup: () => hangup() };
}

/** Asks for a page. Resolves with the answer, whose text grows when it is a stream. */
async function ask(socketPath: string, path: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, path, agent: false }, resolve).on('error', reject).end();
  });
  const answer = { status: response.statusCode, text: '', hasEnded: false };
  response.setEncoding('utf8').on('data', (part: string) => {
    answer.text += part;
  });
  response
    .on('error', () => {})
    .on('close', () => {
      answer.hasEnded = true;
    });
  return answer;
}

describe('the daemon', () => {
  it('follows the file, notifies the service manager, and leaves the table at its end', async () => {
    write(1);
    const daemon = startDaemon();
    await until('weight 1', () => daemon.weight() === 1);
    write(5);
    await until('weight 5', () => daemon.weight() === 5);
    await until('a sign of life', () => daemon.told.some(({ WATCHDOG }) => WATCHDOG === '1'));
    daemon.hangup();
    await until('a reload', () =>
      daemon.told.some(
        ({ RELOADING, MONOTONIC_USEC }) => RELOADING === '1' && /^\d+$/.test(MONOTONIC_USEC ?? ''),
      ),
    );
    await daemon.stop();
    expect(daemon.weight()).toBe(5);
    const news = daemon.told.filter(({ WATCHDOG }) => !WATCHDOG);
    expect(news[0]).toEqual({ READY: '1', STATUS: 'in sync: the live table is as desired' });
    expect(news.at(-1)).toMatchObject({ STOPPING: '1' });
  });

  it('gives a sign of life at its start, because it may have waited for a try before', async () => {
    write(1);
    const daemon = startDaemon({}, 3_600_000);
    await until('READY', () => daemon.told.some(({ READY }) => READY === '1'));
    await daemon.stop();
    expect(daemon.told[0]).toEqual({ WATCHDOG: '1' });
  });

  it('starts with an invalid file, and tells log, status and service manager', async () => {
    write(1, 'nonsense: true\n');
    const daemon = startDaemon();
    await until('READY with the place of the error', () =>
      daemon.told.some(({ READY, STATUS }) => READY === '1' && STATUS?.includes('ipvs.yaml:3:1: ')),
    );
    expect(await daemon.status()).toMatchObject({
      health: 'invalid',
      config: { valid: false, last_success: null },
    });
    expect(daemon.kernel.waves).toEqual([]);
    write(3);
    await until(
      'weight 3',
      () => daemon.weight() === 3 && daemon.logged.some(({ event }) => event === 'applied'),
    );
    await daemon.stop();
    expect(daemon.logged.map(({ event }) => event)).toEqual([
      'listening',
      'config-invalid',
      'config-valid',
      'config-read',
      'applied',
      'stopping',
    ]);
  });

  it('retries while the kernel has no IPVS, and logs the failure once', async () => {
    write(1);
    let isMissing = true;
    const daemon = startDaemon({
      failRead: () => (isMissing ? new IpvstateError('UNAVAILABLE', 'no IPVS') : undefined),
    });
    await until('a failed pass', async () => (await daemon.status()).error?.code === 'UNAVAILABLE');
    expect(await daemon.status()).toMatchObject({
      health: 'failed',
      last_pass: { outcome: 'failed', exit_code: 69 },
    });
    isMissing = false;
    await until('weight 1', () => daemon.weight() === 1);
    await daemon.stop();
    expect(daemon.logged.filter(({ event }) => event === 'failed')).toHaveLength(1);
  });

  it('outlives a bug in a pass, says so, and applies the files with the next pass', async () => {
    write(1);
    let isBroken = false;
    const daemon = startDaemon({
      failRead: () => (isBroken ? new TypeError('x is not a function') : undefined),
    });
    await until('weight 1', () => daemon.weight() === 1);
    isBroken = true;
    write(2);
    await until('a failed pass', async () => (await daemon.status()).error?.code === 'INTERNAL');
    expect(await daemon.status()).toMatchObject({
      health: 'failed',
      last_pass: { outcome: 'failed', exit_code: 1 },
    });
    isBroken = false;
    await until('weight 2', () => daemon.weight() === 2);
    await until('all is well', async () => (await daemon.status()).health === 'in-sync');
    await daemon.stop();
    expect(daemon.logged.filter(({ event }) => event === 'failed')).toHaveLength(1);
  });

  it('says the same time of an event each time that it is asked', async () => {
    write(1);
    const daemon = startDaemon();
    await until('in sync', async () => (await daemon.status()).health === 'in-sync');
    const times = new Set<string | null>();
    for (let asked = 0; asked < 50; asked++) times.add((await daemon.status()).config.last_success);
    expect(times.size).toBe(1);
    await daemon.stop();
  });

  it('reads the kernel for the pages while somebody looks, and ends their streams at its end', async () => {
    write(1);
    const daemon = startDaemon();
    await until('weight 1', () => daemon.weight() === 1);
    const readsOfPages = (): number =>
      daemon.kernel.reads.filter(({ stats }) => stats === true).length;
    const text = await ask(daemon.httpSocket, '/');
    await until('the state as text', () => text.text.startsWith('State:      '));
    expect(readsOfPages()).toBe(0);
    const events = await ask(daemon.httpSocket, '/events?service=tcp://192.0.2.1:80');
    await until('the first events', () => events.text.includes('event: service\n'));
    await until('a comparison', () => events.text.includes('"state":"ok"'));
    expect(readsOfPages()).toBeGreaterThan(0);
    write(5);
    await until('events about the change', () => events.text.includes('"weight":{"live":5,'));
    expect(events.hasEnded).toBe(false);
    await daemon.stop();
    await until('the end of the stream', () => events.hasEnded);
  });

  it('ends when it lacks the permission to use the kernel', async () => {
    write(1);
    const daemon = startDaemon({ failRead: () => new IpvstateError('PERMISSION', 'not root') });
    await expect(daemon.done).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});

describe('the verbs for the daemon', () => {
  it.each([['status'], ['reload'], ['approve']])(
    '%s exits 69 when no daemon runs',
    async (verb) => {
      const { status, stderr, stdout } = await runCli([
        verb,
        '--control-socket',
        join(folder, 'none.sock'),
      ]);
      expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
      expect(stderr).toContain('no daemon runs here');
    },
  );

  it.each([
    [['-f', '-'], 'stdin cannot be read again'],
    [['-f', 'a', '-f', 'a'], 'given twice'],
    [['-f', 'a', '--listen', '0.0.0.0:1'], 'every network'],
    [['-f', 'a', '--interval', '1ms'], 'Expected a time'],
    [['-f', 'a', '--drift', 'sometimes'], 'Allowed choices'],
  ])('watch %j is refused as a wrong command line', async (args, message) => {
    const { status, stderr } = await runCli(['watch', ...args]);
    expect(status).toBe(64);
    expect(stderr).toContain(message);
  });

  it('reload names the way to execute a plan that a guard holds back', async () => {
    write(1);
    const daemon = startDaemon();
    await until('in sync', async () => (await daemon.status()).health === 'in-sync');
    writeFileSync(file, 'version: 1\nservices: []\n');
    await until('a guard', async () => (await daemon.status()).health === 'held');
    const plan = (await daemon.status()).waiting?.plan;
    const { status, stdout } = await runCli([
      ...['reload', '--control-socket', join(folder, 'control.sock')],
    ]);
    expect(status).toBe(3);
    expect(stdout).toMatch(/^refused by guard empty: the plan leaves no service at all/);
    expect(stdout).toContain(`    If that is what you want: ipvstate approve ${plan}\n`);
    expect(stdout).not.toContain('--allow-empty');
    const [held] = daemon.logged.filter(({ msg }) => msg.includes('holds the plan back'));
    expect(held?.msg).toContain(`ipvstate approve ${plan}`);
    expect(held?.msg).not.toContain('--allow-empty');
    await daemon.stop();
  });

  it('print the status as text and as JSON, reload, and find no plan to approve', async () => {
    write(1);
    const daemon = startDaemon();
    await until('in sync', async () => (await daemon.status()).health === 'in-sync');
    const socket = ['--control-socket', join(folder, 'control.sock')];
    expect(await runCli(['status', ...socket])).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('State:      in sync'),
    });
    expect(JSON.parse((await runCli(['status', '-o', 'json', ...socket])).stdout)).toMatchObject({
      format: 'ipvstate-status',
      health: 'in-sync',
    });
    expect(await runCli(['reload', ...socket])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('No changes'),
    });
    expect(await runCli(['approve', ...socket])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('nothing is held back'),
    });
    await daemon.stop();
  });
});
