import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { KnownFleetOverride } from '../../src/model/override.ts';
import { openFleetOverrideStore } from '../../src/recovery/records/fleet-overrides.ts';

const ADDRESS = { hosts: ['etcd1:2379', 'etcd2:2379'], prefix: '/prod' };
const SINCE = '2026-11-30T12:00:00.000Z';

const known = (id: string, endSeconds?: number): KnownFleetOverride => ({
  ...{ id, revision: '7', isInEffect: true },
  override: {
    ...{ service: null, destination: '10.0.0.1', weight: 0, owner: 'fleet', by: 'alice' },
    ...{ reason: '', since: SINCE, ...(endSeconds !== undefined && { endSeconds }) },
  },
});

/** A folder of records, and the clocks of a machine. */
function machine() {
  const state = mkdtempSync(join(tmpdir(), 'ipvstate-fleet-'));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const warnings: string[] = [];
  const time = { monotonic: 1000, wall: Date.parse(SINCE), boot: 'a' };
  const clock = {
    monotonicSeconds: () => time.monotonic,
    now: () => new Date(time.wall),
    sleep: async () => {},
  };
  const open = (address = ADDRESS) => {
    const life = { boot: time.boot, netns: '1' };
    const folders = { state, runtime: state };
    return openFleetOverrideStore({ folders, life, clock }, address, (text) => warnings.push(text));
  };
  return { path: join(state, 'fleet-overrides.json'), open, warnings, time };
}

describe('the overrides of a fleet that are kept for a start without etcd', () => {
  it('are read back as they were, and by their owner only', async () => {
    const { path, open, warnings, time } = machine();
    expect(await open().read()).toBeUndefined();
    await open().write([known('a'), known('b', 1600)]);
    time.monotonic += 100;
    time.wall += 3_600_000;
    expect(await open().read()).toEqual([known('a'), known('b', 1600)]);
    expect(await open({ ...ADDRESS, hosts: ['etcd2:2379'] }).read()).toHaveLength(2);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(warnings).toEqual([]);
  });

  it('end at the same time on the wall clock after a boot, which begins another monotonic clock', async () => {
    const { open, time } = machine();
    await open().write([known('a'), known('b', 1600)]);
    Object.assign(time, { boot: 'b', monotonic: 5, wall: time.wall + 120_000 });
    expect(await open().read()).toEqual([known('a'), known('b', 485)]);
    await open().write([]);
    expect(await open().read()).toEqual([]);
  });

  it.each([
    { ...ADDRESS, hosts: ['etcd9:2379'] },
    { ...ADDRESS, prefix: '/test' },
  ])('are not those of another fleet, %j', async (other) => {
    const { open } = machine();
    await open().write([known('a')]);
    expect(await open(other).read()).toBeUndefined();
  });

  it.each(['', '{}', '{"format":"ipvstate-fleet-overrides","version":1,"overrides":[7]}'])(
    'are not used when the file has %j, and that is said',
    async (text) => {
      const { path, open, warnings } = machine();
      writeFileSync(path, text);
      expect(await open().read()).toBeUndefined();
      expect(warnings).toEqual([
        expect.stringContaining('Without etcd, drains of the fleet are not known.'),
      ]);
    },
  );

  it('are said to be unreadable or not written, and stop nothing', async () => {
    const { path, open, warnings } = machine();
    mkdirSync(path);
    expect(await open().read()).toBeUndefined();
    await open().write([known('a')]);
    expect(warnings).toEqual([
      expect.stringContaining('Without etcd'),
      expect.stringContaining('A start without etcd has older drains of the fleet, or none.'),
    ]);
  });
});
