import { describe, expect, it } from 'vitest';
import { awaitPendingTry } from '../../src/daemon/await-pending-try.ts';
import type { NotifyState } from '../../src/daemon/notify.ts';
import { openRecords, type PendingTry } from '../../src/recovery/records/records.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';

const TRY = {
  ...{ id: 'a-1', verb: 'try', started: '2026-05-04T12:00:00.000Z', pid: 1 },
  ...{ timeoutSeconds: 120, phase: 'waiting' as const, passes: [] },
};

async function begin(state: TemporaryState, rest: Partial<PendingTry> = {}): Promise<void> {
  const deadlineSeconds = state.clock.monotonicSeconds() + TRY.timeoutSeconds;
  await openRecords(state, () => {}).pending.write({
    ...{ ...state.life, ...TRY, deadlineSeconds },
    ...rest,
  });
}

/** Waits with a service manager that expects a sign of life every 30 seconds. */
async function wait(
  state: TemporaryState,
  { signal = new AbortController().signal, hasWatchdog = true } = {},
) {
  const told: (NotifyState & { readonly at: number })[] = [];
  const logged: unknown[] = [];
  const start = state.clock.monotonicSeconds();
  await awaitPendingTry(state, {
    log: { warn: (fields: unknown) => void logged.push(fields) } as never,
    notifier: {
      watchdogMilliseconds: hasWatchdog ? 15_000 : undefined,
      notify: async (message) =>
        void told.push({ ...message, at: state.clock.monotonicSeconds() - start }),
    },
    signal,
  });
  return { told, logged, seconds: state.clock.monotonicSeconds() - start };
}

describe('a daemon that starts while a try is pending', () => {
  it('is ready at once, says so once, and waits until the deadline of the try', async () => {
    const state = temporaryState();
    await begin(state);
    const { told, logged, seconds } = await wait(state);
    expect(seconds).toBe(120);
    expect(told[0]).toMatchObject({
      at: 0,
      READY: '1',
      STATUS: expect.stringContaining('a try is pending'),
    });
    expect(logged).toEqual([{ event: 'pending-try', try: 'a-1' }]);
  });

  it('gives signs of life as often as the service manager wants them', async () => {
    const state = temporaryState();
    await begin(state);
    const { told } = await wait(state);
    const signs = told.filter(({ WATCHDOG }) => WATCHDOG === '1').map(({ at }) => at);
    expect(signs).toEqual([15, 30, 45, 60, 75, 90, 105]);
  });

  it('gives none where the service manager wants none', async () => {
    const state = temporaryState();
    await begin(state);
    const { told, seconds } = await wait(state, { hasWatchdog: false });
    expect({ seconds, told: told.length }).toEqual({ seconds: 120, told: 1 });
  });

  it('begins as soon as the try is confirmed or rolled back by another process', async () => {
    const state = temporaryState();
    await begin(state);
    const { sleep } = state.clock;
    state.clock.sleep = async (milliseconds) => {
      await sleep.call(state.clock, milliseconds);
      if (state.clock.monotonicSeconds() >= 5040)
        await openRecords(state, () => {}).pending.clear();
    };
    expect((await wait(state)).seconds).toBe(40);
  });

  it('stops waiting when it is stopped', async () => {
    const state = temporaryState();
    await begin(state);
    const { told, seconds } = await wait(state, { signal: AbortSignal.abort() });
    expect({ told, seconds }).toEqual({ told: [], seconds: 0 });
  });

  it('waits for no try of an earlier boot, and for none that is overdue', async () => {
    const state = temporaryState();
    await begin(state, { boot: 'another' });
    expect((await wait(state)).seconds).toBe(0);
    await begin(state, { deadlineSeconds: state.clock.monotonicSeconds() });
    expect((await wait(state)).told).toEqual([]);
  });
});
