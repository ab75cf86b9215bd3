import { describe, expect, it } from 'vitest';
import { Activity } from '../../src/kernel/activity.ts';

describe('the activity of the loop', () => {
  it('is stuck while one call takes longer than a minute, and not after it has ended', async () => {
    let now = 0;
    const activity = new Activity(() => now);
    let finish = (): void => {};
    const work = activity.during(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    now = 59;
    expect(activity.isStuck).toBe(false);
    now = 61;
    expect(activity.isStuck).toBe(true);
    await activity.during(async () => {});
    expect(activity.isStuck).toBe(true);
    finish();
    await work;
    expect(activity.isStuck).toBe(false);
  });

  it('is never stuck by many short calls, failures included', async () => {
    let now = 0;
    const activity = new Activity(() => now);
    for (; now < 300; now += 30) {
      await activity
        .during(async () => Promise.reject(new Error('refused')))
        .catch(() => undefined);
      expect(activity.isStuck).toBe(false);
    }
  });
});
