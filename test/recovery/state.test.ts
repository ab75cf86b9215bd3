import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatTime, SYSTEM_CLOCK } from '../../src/recovery/clock.ts';
import { isSameLife, systemState } from '../../src/recovery/state.ts';

describe('folders', () => {
  const inode = String(statSync('/proc/self/ns/net').ino);

  test('are named by the inode of the network namespace, which every process can read', () => {
    const { folders, life, lockPath } = systemState({});
    expect(folders).toEqual({
      runtime: `/run/ipvstate/${inode}`,
      state: `/var/lib/ipvstate/${inode}`,
    });
    expect(lockPath).toBe(`/run/ipvstate/${inode}/lock`);
    expect(life.netns).toBe(inode);
    expect(life.boot).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('can be moved by the variables of ipvstate', () => {
    const env = { IPVSTATE_RUNTIME_DIR: '/tmp/r', IPVSTATE_STATE_DIR: '/tmp/s' };
    expect(systemState(env).folders).toEqual({
      runtime: `/tmp/r/${inode}`,
      state: `/tmp/s/${inode}`,
    });
  });

  test('of a systemd unit are not used, because a root shell would not look there', () => {
    const unit = {
      RUNTIME_DIRECTORY: '/run/ipvstate-blue',
      STATE_DIRECTORY: '/var/lib/ipvstate-b',
    };
    expect(systemState(unit)).toEqual(systemState({}));
  });
});

test('takes another boot or another namespace for another table', () => {
  const life = { boot: 'a', netns: '1' };
  expect(isSameLife(life, { ...life })).toBe(true);
  expect(isSameLife(life, { ...life, boot: 'b' })).toBe(false);
  expect(isSameLife(life, { ...life, netns: '2' })).toBe(false);
});

test('the monotonic clock never goes back, and a sleep takes its time by it', async () => {
  const before = SYSTEM_CLOCK.monotonicSeconds();
  await SYSTEM_CLOCK.sleep(1);
  expect(SYSTEM_CLOCK.monotonicSeconds()).toBeGreaterThan(before);
});

test('a time is short today and has its date on any other day', () => {
  const noon = new Date(2026, 4, 4, 12, 3, 4);
  expect(formatTime(noon, new Date(2026, 4, 4, 23, 59, 59))).toBe('12:03:04');
  expect(formatTime(noon, new Date(2026, 4, 5, 0, 0, 1))).toBe('2026-05-04 12:03:04');
});
