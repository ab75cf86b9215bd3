import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askHolder, takeLock } from '../../src/recovery/lock.ts';
import { ManualClock, uniqueLockName } from '../support/temporary-state.ts';

async function listenOn(name: string, onConnection: (socket: Socket) => void): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(name);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}

test('who comes second is told who holds the lock, and since when', async () => {
  const name = uniqueLockName();
  const lock = await takeLock(name, { command: 'ipvstate apply', clock: new ManualClock() });
  await expect(
    takeLock(name, { command: 'ipvstate try', clock: new ManualClock() }),
  ).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringMatching(
      new RegExp(`held by pid ${process.pid} \\(ipvstate apply\\), since \\d\\d:\\d\\d:\\d\\d;`),
    ),
  });
  await lock.release();
  await (await takeLock(name, { command: 'ipvstate try' })).release();
});

test('a start on another day is shown with its date', async () => {
  const name = uniqueLockName();
  const lock = await takeLock(name, { command: 'ipvstate watch', clock: new ManualClock() });
  const clock = new ManualClock();
  clock.pass(48 * 3600);
  await expect(takeLock(name, { command: 'ipvstate apply', clock })).rejects.toThrow(
    /since 2026-05-04 \d\d:\d\d:\d\d/,
  );
  await lock.release();
});

test('waits for the lock no longer than it was told to', async () => {
  const name = uniqueLockName();
  const lock = await takeLock(name, { command: 'ipvstate apply' });
  const clock = new ManualClock();
  await expect(
    takeLock(name, { command: 'ipvstate apply', timeoutSeconds: 30, clock }),
  ).rejects.toMatchObject({ code: 'LOCKED' });
  expect(clock.seconds).toBeCloseTo(5030, 1);
  await lock.release();
});

test('gets the lock when its holder lets go in time', async () => {
  const name = uniqueLockName();
  const lock = await takeLock(name, { command: 'ipvstate apply' });
  const clock = new ManualClock();
  const sleep = clock.sleep.bind(clock);
  clock.sleep = async (milliseconds) => {
    if (clock.seconds > 5001) await lock.release();
    await sleep(milliseconds);
  };
  const second = await takeLock(name, { command: 'ipvstate apply', timeoutSeconds: 30, clock });
  expect(clock.seconds).toBeLessThan(5002);
  await second.release();
});

test.each([
  ['says nothing', () => {}],
  ['hangs up', (socket: Socket) => socket.destroy()],
  ['says something else', (socket: Socket) => socket.end('hello\n')],
  ['says a number', (socket: Socket) => socket.end('5\n')],
  [
    'names itself with what a terminal would obey',
    (socket: Socket) =>
      socket.end(
        `${JSON.stringify({ pid: 1, started: '2026-05-04T12:00:00Z', command: '\u001b[2J' })}\n`,
      ),
  ],
  ['does not stop talking', (socket: Socket) => socket.end('x'.repeat(100_000))],
])('a holder that %s is another process', async (_, answer) => {
  const name = uniqueLockName();
  await listenOn(name, answer);
  await expect(takeLock(name, { command: 'ipvstate apply' })).rejects.toThrow(
    'held by another process',
  );
});

test('the kernel frees the lock of a process that is killed', async () => {
  const name = uniqueLockName();
  const script = `require('net').createServer().listen(${JSON.stringify(name)}, () => console.log('locked'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await expect(takeLock(name, { command: 'ipvstate apply' })).rejects.toMatchObject({
    code: 'LOCKED',
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await takeLock(name, { command: 'ipvstate apply' })).release();
});

test('nobody answers for a lock that nobody holds', async () => {
  expect(await askHolder(uniqueLockName())).toBeUndefined();
});

test('releasing does not wait for somebody who asked and never listened', async () => {
  const name = uniqueLockName();
  const lock = await takeLock(name, { command: 'ipvstate apply' });
  const { connect } = await import('node:net');
  const curious = connect({ path: name, allowHalfOpen: true });
  await once(curious, 'connect');
  await lock.release();
  curious.destroy();
  await (await takeLock(name, { command: 'ipvstate apply' })).release();
});
