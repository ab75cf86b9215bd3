import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { SYSTEM_CLOCK } from '../../src/recovery/clock.ts';
import { takeLock } from '../../src/recovery/lock.ts';
import { type State, systemState } from '../../src/recovery/state.ts';
import { PROGRAM } from '../support/program.ts';
import { linesOf } from '../support/real-save.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { ipvsadm, output, shell } from './real-programs.ts';

function rules(weight: number, services: number): string {
  const lines = Array.from({ length: services }, (_, index) => {
    const service = `10.1.${index >> 8}.${index & 255}:80`;
    const servers = Array.from(
      { length: 8 },
      (_, server) => `-a -t ${service} -r 10.2.${weight}.${server}:80 -m -w ${weight}\n`,
    );
    return `-A -t ${service} -s wlc\n${servers.join('')}`;
  });
  const own = `192.0.2.${weight}:80`;
  return `${lines.join('')}-A -t ${own} -s rr\n-a -t ${own} -r 127.0.0.1:80 -m -w 1\n`;
}

const FEW = 2;
/** Enough operations that the test can kill a client in the middle of them. */
const MANY = 100;

const BEFORE = rules(1, FEW);
const AFTER = rules(2, FEW);

let folder: string;
let env: NodeJS.ProcessEnv;
let state: State;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-try-'));
  writeFileSync(join(folder, 'after.save'), AFTER);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  const own = mkdtempSync(join(folder, 'state-'));
  const folders = { IPVSTATE_RUNTIME_DIR: join(own, 'run'), IPVSTATE_STATE_DIR: join(own, 'lib') };
  env = { ...process.env, ...folders };
  state = systemState(env);
  await ipvsadm('-C');
  await ipvsadm('-R', BEFORE);
});
afterEach(() => ipvsadm('-C'));

const TRY = ['try', '-f', 'after.save', '--max-service-deletes', 'off', '--timeout', '4s', '-q'];

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(process.cwd(), 'dist/cli.cjs'), ...argv], {
    cwd: folder,
    env,
    stdio: 'ignore',
    detached: true,
  });
}

function pending(): { phase: string; deadlineSeconds: number } | undefined {
  try {
    return JSON.parse(readFileSync(join(state.folders.runtime, 'try.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Matches from the first destination of the new rules on, in hexadecimal as the kernel prints it.
 */
function isUnderWay(): boolean {
  return readFileSync('/proc/net/ip_vs', 'utf8').includes('-> 0A0202');
}

/** Kills a client with all processes of its terminal. */
async function kill(client: ChildProcess): Promise<void> {
  process.kill(-(client.pid ?? 0), 'SIGKILL');
  if (client.exitCode === null && client.signalCode === null) await once(client, 'exit');
}

const run = (argv: readonly string[]) =>
  runCli(argv, { openKernel, state, env: { IPVSTATE_TRACE: '1' } });
const table = async (): Promise<string[]> => linesOf(await ipvsadm('-Sn'));

describe('a client that is killed with SIGKILL', () => {
  const isUndone = expect.objectContaining({
    status: 3,
    stderr: expect.stringMatching(
      /was not confirmed in time; it was rolled back .* and the table was verified/,
    ),
  });

  it('in the middle of its operations is rolled back after the timeout, and verified', async () => {
    const [before, after] = [rules(1, MANY), rules(2, MANY)];
    await ipvsadm('-C');
    await ipvsadm('-R', before);
    writeFileSync(join(folder, 'many.save'), after);
    const client = start(TRY.with(2, 'many.save'));
    await until('it is under way', isUnderWay);
    await kill(client);

    await until('the try is over', () => pending() === undefined);
    expect(await table()).toEqual(linesOf(before));
    expect(await run(['rollback'])).toEqual(isUndone);
  });

  it('while it waits is rolled back after the timeout, and verified', async () => {
    const client = start(TRY);
    await until('it waits', () => pending()?.phase === 'waiting');
    signalGuards('SIGSTOP');
    await kill(client);
    expect(await table()).toEqual(linesOf(AFTER));

    signalGuards('SIGCONT');
    await until('the try is over', () => pending() === undefined);
    expect(await table()).toEqual(linesOf(BEFORE));
    expect(await run(['rollback'])).toEqual(isUndone);
  });

  it('right after its start has changed nothing, or is rolled back', async () => {
    const client = start(TRY);
    await sleep(400);
    await kill(client);
    await until('the try is over', () => pending() === undefined);
    expect(await table()).toEqual(linesOf(BEFORE));
  });

  it('together with its guard is rolled back by the next command that writes', async () => {
    const client = start(TRY);
    await until('it waits', () => pending()?.phase === 'waiting');
    signalGuards('SIGKILL');
    await kill(client);
    expect(await table()).toEqual(linesOf(AFTER));
    const deadlineSeconds = pending()?.deadlineSeconds ?? 0;
    await until('its time is over', () => SYSTEM_CLOCK.monotonicSeconds() > deadlineSeconds);

    expect(await run(['confirm'])).toMatchObject({
      status: 8,
      stderr: expect.stringContaining('too late'),
    });
    expect(await table()).toEqual(linesOf(BEFORE));
  });
});

describe('a try', () => {
  it('continues after every signal to its guard but SIGKILL, and can be rolled back', async () => {
    const client = start([...TRY.with(TRY.indexOf('4s'), '1m'), '--no-wait']);
    expect(await once(client, 'exit')).toEqual([0, null]);
    const [guard = 0] = guards();
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.kill(guard, signal);
    expect(await table()).toEqual(linesOf(AFTER));
    expect(guards()).toEqual([guard]);

    expect(await run(['confirm'])).toMatchObject({ status: 0 });
    await until('no guard is left', () => guards().length === 0);
    expect(await table()).toEqual(linesOf(AFTER));
    expect(await run(['rollback'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Applied and verified'),
    });
    expect(await table()).toEqual(linesOf(BEFORE));
  });

  it('is rolled back by a guard that could not open any file at the deadline', async () => {
    const client = start(TRY);
    await until('it waits', () => pending()?.phase === 'waiting');
    signalGuards('SIGSTOP');
    await kill(client);
    const [guard = 0] = guards();
    const limit = (files: string) => output(`prlimit --pid ${guard} --nofile=${files}`);
    const { deadlineSeconds = 0 } = pending() ?? {};
    await limit('3:');
    signalGuards('SIGCONT');
    const isLongOver = () => SYSTEM_CLOCK.monotonicSeconds() > deadlineSeconds + 1.5;
    await until('its time is long over', isLongOver);
    expect(guards()).toEqual([guard]);
    expect(await table()).toEqual(linesOf(AFTER));
    await limit('1024:');
    await until('no guard is left', () => guards().length === 0);
    expect(pending()).toBeUndefined();
    expect(await table()).toEqual(linesOf(BEFORE));
  });

  it('that is rolled back exits 8 for its caller, and leaves no process behind', async () => {
    const client = start(TRY);
    expect(await once(client, 'exit')).toEqual([8, null]);
    expect(await table()).toEqual(linesOf(BEFORE));
    await until('no guard is left', () => guards().length === 0);
  });
});

function signalGuards(signal: NodeJS.Signals): void {
  for (const pid of guards()) process.kill(pid, signal);
}

/** The processes that guard a try. */
function guards(): number[] {
  const isGuard = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0guard-try\0');
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isGuard(name))
    .map(Number);
}

describe('the environment of a run:', () => {
  it('a second writer exits 75 and names the first, or waits for it', async () => {
    const lock = await takeLock(state.lockPath, { command: 'ipvstate watch' });
    const refused = await run(['apply', '-f', join(folder, 'after.save')]);
    expect(refused).toMatchObject({
      status: 75,
      stdout: '',
      stderr: expect.stringContaining(`held by pid ${process.pid} (ipvstate watch)`),
    });
    const waiting = run([
      'apply',
      '-f',
      join(folder, 'after.save'),
      '--max-service-deletes',
      'off',
      '--lock-timeout',
      '10s',
    ]);
    await sleep(300);
    expect(await table()).toEqual(linesOf(BEFORE));
    await lock.release();
    expect(await waiting).toMatchObject({ status: 0 });
  });

  it('each network namespace has a lock', async () => {
    const lock = await takeLock(state.lockPath, { command: 'ipvstate watch' });
    writeFileSync(join(folder, 'empty.save'), '-A -t 192.0.2.9:80 -s rr\n');
    const apply = [process.execPath, PROGRAM, 'apply', '-f', join(folder, 'empty.save')];
    const { IPVSTATE_RUNTIME_DIR = '', IPVSTATE_STATE_DIR = '' } = env;
    expect(
      await shell.run('unshare', ['--net', ...apply], {
        env: { IPVSTATE_RUNTIME_DIR, IPVSTATE_STATE_DIR },
      }),
    ).toMatchObject({ status: 0 });
    await lock.release();
  });

  it('a full disk gives an apply one warning, and a try changes nothing', async () => {
    const full = join(folder, 'full');
    mkdirSync(full);
    await output(`mount -t tmpfs -o size=8k tmpfs ${full}`);
    try {
      writeFileSync(join(full, 'ballast'), Buffer.alloc(4096));
      mkdirSync(join(full, 'run'));
      mkdirSync(join(full, 'lib'));
      const crowded = {
        ...state,
        folders: { runtime: join(full, 'run'), state: join(full, 'lib') },
      };
      const options = { openKernel, state: crowded, env: { IPVSTATE_TRACE: '1' } };
      const refused = await runCli(
        ['try', '-f', join(folder, 'after.save'), '--max-service-deletes', 'off'],
        options,
      );
      expect(refused).toMatchObject({
        status: 74,
        stderr: expect.stringContaining('the disk is full'),
      });
      expect(await table()).toEqual(linesOf(BEFORE));

      writeFileSync(join(full, 'more ballast'), Buffer.alloc(4096));
      const { status, stderr } = await runCli(
        ['apply', '-f', join(folder, 'after.save'), '--max-service-deletes', 'off'],
        options,
      );
      expect(status).toBe(0);
      expect(stderr.match(/is not recorded/g)).toHaveLength(1);
      expect(stderr.match(/cannot be rolled back with/g)).toHaveLength(1);
      expect(await table()).toEqual(linesOf(AFTER));
      expect(await runCli(['rollback'], options)).toMatchObject({
        status: 3,
        stderr: expect.stringContaining('nothing to roll back'),
      });
    } finally {
      await output(`umount ${full}`);
    }
  });
});
