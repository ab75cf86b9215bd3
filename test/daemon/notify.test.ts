import { describe, expect, it } from 'vitest';
import { type NotifyPorts, openNotifier } from '../../src/daemon/notify.ts';

interface RecordingPorts extends NotifyPorts {
  readonly sent: string[];
}

function portsOf(rest: Partial<NotifyPorts> = {}): RecordingPorts {
  const sent: string[] = [];
  return {
    pid: 42,
    isSocket: () => true,
    write: async (fd, text) => void sent.push(`fd ${fd}: ${text}`),
    run: async (args) => void sent.push(`run ${args.join(' ')}`),
    ...rest,
    sent,
  };
}

const PASSED = {
  NOTIFY_SOCKET: '/run/systemd/notify',
  LISTEN_PID: '42',
  LISTEN_FDS: '2',
  LISTEN_FDNAMES: 'other:notify',
};

describe('the notifier', () => {
  it('writes one datagram per message to the socket that systemd passed as notify', async () => {
    const ports = portsOf();
    const notifier = openNotifier(PASSED, ports);
    await notifier.notify({ READY: '1', STATUS: 'in sync' });
    expect(ports.sent).toEqual(['fd 4: READY=1\nSTATUS=in sync']);
  });

  it.each([
    ['no socket was passed', { NOTIFY_SOCKET: '/run/systemd/notify' }, {}],
    ['the sockets are for another process', { ...PASSED, LISTEN_PID: '41' }, {}],
    ['none of the sockets has the name', { ...PASSED, LISTEN_FDNAMES: 'a:b' }, {}],
    ['there are fewer sockets than names', { ...PASSED, LISTEN_FDS: '1' }, {}],
    ['the passed file descriptor is no socket', PASSED, { isSocket: () => false }],
  ])('starts systemd-notify when %s', async (_, env, rest) => {
    const ports = portsOf(rest);
    await openNotifier(env, ports).notify({ WATCHDOG: '1' });
    expect(ports.sent).toEqual(['run --no-block WATCHDOG=1']);
  });

  it('starts systemd-notify for every message from the first failed write on', async () => {
    let writes = 0;
    const ports = portsOf({
      write: async () => {
        writes++;
        throw new Error('ENOTCONN');
      },
    });
    const notifier = openNotifier(PASSED, ports);
    await notifier.notify({ READY: '1' });
    await notifier.notify({ WATCHDOG: '1' });
    expect(ports.sent).toEqual(['run --no-block READY=1', 'run --no-block WATCHDOG=1']);
    expect(writes).toBe(1);
  });

  it('sends nothing and has no watchdog without NOTIFY_SOCKET', async () => {
    const ports = portsOf();
    const notifier = openNotifier({ WATCHDOG_USEC: '30000000' }, ports);
    await notifier.notify({ READY: '1' });
    expect(ports.sent).toEqual([]);
    expect(notifier.watchdogMilliseconds).toBeUndefined();
  });

  it('does not fail when the service manager cannot be reached', async () => {
    const ports = portsOf({ run: () => Promise.reject(new Error('ENOENT')) });
    await expect(
      openNotifier({ NOTIFY_SOCKET: 'x' }, ports).notify({ READY: '1' }),
    ).resolves.toBeUndefined();
  });

  it('keeps messages in their order, however long each takes', async () => {
    const sent: string[] = [];
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ports = portsOf({
      write: async (_fd, text) => {
        if (text === 'READY=1') await slow;
        sent.push(text);
      },
    });
    const notifier = openNotifier(PASSED, ports);
    const ready = notifier.notify({ READY: '1' });
    const stopping = notifier.notify({ STOPPING: '1' });
    release();
    await Promise.all([ready, stopping]);
    expect(sent).toEqual(['READY=1', 'STOPPING=1']);
  });

  it('removes line breaks from a status, which would set another variable', async () => {
    const ports = portsOf();
    await openNotifier(PASSED, ports).notify({ STATUS: 'bad file\nMAINPID=1' });
    expect(ports.sent).toEqual(['fd 4: STATUS=bad file MAINPID=1']);
  });

  it.each([
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 15_000],
    [{ WATCHDOG_USEC: '30000000' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{}, undefined],
  ])('with %j sends a sign of life every %s ms', (env, expected) => {
    expect(openNotifier({ ...PASSED, ...env }, portsOf()).watchdogMilliseconds).toBe(expected);
  });
});
