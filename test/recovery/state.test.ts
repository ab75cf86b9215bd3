import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatTime, SYSTEM_CLOCK } from '../../src/recovery/clock.ts';
import { isSameLife, systemState } from '../../src/recovery/state.ts';

describe('folders', () => {
  const netns = /\/(?:host|\d+)$/;

  test('are those of the system, one for each network namespace', () => {
    const { folders, life } = systemState({});
    expect(folders.runtime).toMatch(/^\/run\/ipvstate\/(?:host|\d+)$/);
    expect(folders.state).toMatch(/^\/var\/lib\/ipvstate\/(?:host|\d+)$/);
    expect(life.netns).toBe(String(statSync('/proc/self/ns/net').ino));
    expect(life.boot).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('can be others, and those of a systemd unit of ours win', () => {
    const env = { IPVSTATE_RUNTIME_DIR: '/tmp/r', IPVSTATE_STATE_DIR: '/tmp/s' };
    expect(systemState(env).folders.runtime.replace(netns, '')).toBe('/tmp/r');
    expect(systemState(env).folders.state.replace(netns, '')).toBe('/tmp/s');
    const unit = {
      ...env,
      RUNTIME_DIRECTORY: '/run/ipvstate-blue',
      STATE_DIRECTORY: '/var/lib/other:/var/lib/ipvstate',
    };
    expect(systemState(unit).folders.runtime.replace(netns, '')).toBe('/run/ipvstate-blue');
    expect(systemState(unit).folders.state.replace(netns, '')).toBe('/var/lib/ipvstate');
  });

  test('of another unit, which only calls this program, are not used: nobody else would look for a try there', () => {
    expect(
      systemState({ RUNTIME_DIRECTORY: '/run/deploy-agent' }).folders.runtime.replace(netns, ''),
    ).toBe('/run/ipvstate');
  });
});

test('another boot and another namespace are another table', () => {
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
