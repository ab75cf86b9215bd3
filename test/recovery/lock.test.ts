import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeLock } from '../../src/recovery/lock.ts';
import { ManualClock } from '../support/temporary-state.ts';

/** A path in a folder that does not exist yet. */
function lockPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'run', 'lock');
}

test('a second writer is told who holds the lock and since when', async () => {
  const path = lockPath();
  const lock = await takeLock(path, { command: 'ipvstate apply', clock: new ManualClock() });
  await expect(
    takeLock(path, { command: 'ipvstate try', clock: new ManualClock() }),
  ).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringMatching(
      new RegExp(`held by pid ${process.pid} \\(ipvstate apply\\), since \\d\\d:\\d\\d:\\d\\d;`),
    ),
    hint: expect.stringContaining('--lock-timeout'),
  });
  await lock.release();
  await (await takeLock(path, { command: 'ipvstate try' })).release();
});

test('a writer beside the daemon is pointed to reload, because waiting would not help', async () => {
  const path = lockPath();
  const lock = await takeLock(path, { command: 'ipvstate watch' });
  await expect(takeLock(path, { command: 'ipvstate apply' })).rejects.toMatchObject({
    hint: expect.stringContaining('ipvstate reload'),
  });
  await lock.release();
});

test('a holder that started on another day is shown with the date', async () => {
  const path = lockPath();
  const lock = await takeLock(path, { command: 'ipvstate watch', clock: new ManualClock() });
  const clock = new ManualClock();
  clock.pass(48 * 3600);
  await expect(takeLock(path, { command: 'ipvstate apply', clock })).rejects.toThrow(
    'since 2026-05-04 12:00:00',
  );
  await lock.release();
});

test('a writer waits for the lock no longer than it was told to', async () => {
  const path = lockPath();
  const lock = await takeLock(path, { command: 'ipvstate apply' });
  const clock = new ManualClock();
  await expect(
    takeLock(path, { command: 'ipvstate apply', timeoutSeconds: 2, clock }),
  ).rejects.toMatchObject({ code: 'LOCKED' });
  expect(clock.seconds).toBeCloseTo(5002, 1);
  await lock.release();
});

test('a writer gets the lock when its holder lets go in time', async () => {
  const path = lockPath();
  const lock = await takeLock(path, { command: 'ipvstate apply' });
  const clock = new ManualClock();
  const sleep = clock.sleep.bind(clock);
  clock.sleep = async (milliseconds) => {
    if (clock.seconds > 5000.3) await lock.release();
    await sleep(milliseconds);
  };
  const second = await takeLock(path, { command: 'ipvstate apply', timeoutSeconds: 30, clock });
  expect(clock.seconds).toBeLessThan(5001);
  await second.release();
});

test.each([
  ['nothing', ''],
  ['something else', 'hello\n'],
  ['a number', '5\n'],
  [
    'a name that a terminal would obey',
    `${JSON.stringify({ pid: 1, started: '2026-05-04T12:00:00Z', command: '\u001b[2J' })}\n`,
  ],
  ['very much', 'x'.repeat(100_000)],
])('a holder whose lock file has %s is reported without a name', async (_, text) => {
  const path = lockPath();
  const lock = await takeLock(path, { command: 'ipvstate apply' });
  writeFileSync(path, text);
  await expect(takeLock(path, { command: 'ipvstate apply' })).rejects.toThrow(
    'held by a process that has not said yet who it is',
  );
  await lock.release();
});

test('the kernel frees the lock of a process that is killed', async () => {
  const path = lockPath();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  const child = spawn('flock', ['-n', path, 'sh', '-c', 'echo locked; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  await once(child.stdout, 'data');
  await expect(takeLock(path, { command: 'ipvstate apply' })).rejects.toMatchObject({
    code: 'LOCKED',
  });
  process.kill(-(child.pid as number), 'SIGKILL');
  // The killed processes of the group end one after the other.
  await (await takeLock(path, { command: 'ipvstate apply', timeoutSeconds: 20 })).release();
});

test('no other user can open the lock file or enter its folder', async () => {
  const path = lockPath();
  const lock = await takeLock(path, { command: 'ipvstate apply' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  await lock.release();
  expect(readFileSync(path, 'utf8')).toBe('');
});

test('a lock file that cannot be opened is an error, never a free lock', async () => {
  const path = lockPath();
  mkdirSync(path, { recursive: true });
  await expect(takeLock(path, { command: 'ipvstate apply' })).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('EISDIR'),
  });
});

test('a machine without flock is told which package has it', async () => {
  const { PATH } = process.env;
  process.env.PATH = '/nonexistent';
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
  await expect(takeLock(lockPath(), { command: 'ipvstate apply' })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    hint: expect.stringContaining('util-linux'),
  });
});
