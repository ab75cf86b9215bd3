import { describe, expect, it } from 'vitest';
import { type NotifyMeans, openNotifier } from '../../src/daemon/notify.ts';

interface Means extends NotifyMeans {
  readonly sent: string[];
}

function meansOf(rest: Partial<NotifyMeans> = {}): Means {
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
  it('writes one datagram per message to the socket that systemd passed under the name notify', async () => {
    const means = meansOf();
    const notifier = openNotifier(PASSED, means);
    await notifier.notify({ READY: '1', STATUS: 'in sync' });
    expect(means.sent).toEqual(['fd 4: READY=1\nSTATUS=in sync']);
  });

  it.each([
    ['no socket was passed', { NOTIFY_SOCKET: '/run/systemd/notify' }, {}],
    ['the sockets are for another process', { ...PASSED, LISTEN_PID: '41' }, {}],
    ['none of the sockets has the name', { ...PASSED, LISTEN_FDNAMES: 'a:b' }, {}],
    ['there are fewer sockets than names', { ...PASSED, LISTEN_FDS: '1' }, {}],
    ['what was passed is no socket', PASSED, { isSocket: () => false }],
  ])('starts systemd-notify when %s', async (_, env, rest) => {
    const means = meansOf(rest);
    await openNotifier(env, means).notify({ WATCHDOG: '1' });
    expect(means.sent).toEqual(['run --no-block WATCHDOG=1']);
  });

  it('starts systemd-notify from the first write that fails on', async () => {
    let writes = 0;
    const means = meansOf({
      write: async () => {
        writes++;
        throw new Error('ENOTCONN');
      },
    });
    const notifier = openNotifier(PASSED, means);
    await notifier.notify({ READY: '1' });
    await notifier.notify({ WATCHDOG: '1' });
    expect(means.sent).toEqual(['run --no-block READY=1', 'run --no-block WATCHDOG=1']);
    expect(writes).toBe(1);
  });

  it('says nothing where nobody listens, and nobody watches there', async () => {
    const means = meansOf();
    const notifier = openNotifier({ WATCHDOG_USEC: '30000000' }, means);
    await notifier.notify({ READY: '1' });
    expect(means.sent).toEqual([]);
    expect(notifier.watchdogMilliseconds).toBeUndefined();
  });

  it('a manager that cannot be told is no failure', async () => {
    const means = meansOf({ run: () => Promise.reject(new Error('ENOENT')) });
    await expect(
      openNotifier({ NOTIFY_SOCKET: 'x' }, means).notify({ READY: '1' }),
    ).resolves.toBeUndefined();
  });

  it('keeps messages in their order however long each takes', async () => {
    const sent: string[] = [];
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const means = meansOf({
      write: async (_fd, text) => {
        if (text === 'READY=1') await slow;
        sent.push(text);
      },
    });
    const notifier = openNotifier(PASSED, means);
    const ready = notifier.notify({ READY: '1' });
    const stopping = notifier.notify({ STOPPING: '1' });
    release();
    await Promise.all([ready, stopping]);
    expect(sent).toEqual(['READY=1', 'STOPPING=1']);
  });

  it('a status with line breaks stays one line and cannot smuggle in another variable', async () => {
    const means = meansOf();
    await openNotifier(PASSED, means).notify({ STATUS: 'bad file\nMAINPID=1' });
    expect(means.sent).toEqual(['fd 4: STATUS=bad file MAINPID=1']);
  });

  it.each([
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 15_000],
    [{ WATCHDOG_USEC: '30000000' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{}, undefined],
  ])('with %j a sign of life is due every %s ms', (env, expected) => {
    expect(openNotifier({ ...PASSED, ...env }, meansOf()).watchdogMilliseconds).toBe(expected);
  });
});
