import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drainKey } from '../../src/model/drain.ts';
import { openDrainStore } from '../../src/recovery/records/drains.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';
import { afterReboot, temporaryState } from '../support/temporary-state.ts';

const KEY = drainKey(keyOf('tcp://192.0.2.1:80'), destinationKeyOf('10.0.0.1:80'));
const OTHER = drainKey(keyOf('tcp://[2001:db8::1]:80'), destinationKeyOf('[2001:db8::2]:80'));
const silent = (): void => {};

test('reads deadlines and weights as they were stored', async () => {
  const state = temporaryState();
  const drains = new Map([
    [KEY, { deadlineSeconds: 5300.25, weight: 3 }],
    [OTHER, { deadlineSeconds: 5400, weight: 0 }],
  ]);
  await openDrainStore(state, silent).write(drains);
  expect(await openDrainStore(state, silent).read()).toEqual(drains);
});

test('reads no drains when none were stored', async () => {
  expect(await openDrainStore(temporaryState(), silent).read()).toEqual(new Map());
});

test('keeps the time when a drain began', async () => {
  const state = temporaryState();
  const store = openDrainStore(state, silent);
  await store.write(new Map([[KEY, { deadlineSeconds: 5300, weight: 3 }]]));
  state.clock.pass(60);
  await store.write(
    new Map([
      [KEY, { deadlineSeconds: 5300, weight: 3 }],
      [OTHER, { deadlineSeconds: 5360, weight: 1 }],
    ]),
  );
  const file = JSON.parse(readFileSync(join(state.runtime, 'drains.json'), 'utf8'));
  expect(file.drains[KEY].started).toBe('2026-05-04T12:00:00.000Z');
  expect(file.drains[OTHER].started).toBe('2026-05-04T12:01:00.000Z');
});

test('reads no drains of an earlier boot or another network namespace', async () => {
  const state = temporaryState();
  await openDrainStore(state, silent).write(new Map([[KEY, { deadlineSeconds: 5300, weight: 3 }]]));
  expect(await openDrainStore(afterReboot(state), silent).read()).toEqual(new Map());
  expect(
    await openDrainStore({ ...state, life: { ...state.life, netns: '1' } }, silent).read(),
  ).toEqual(new Map());
});

test('does not move a deadline when the wall clock is set', async () => {
  const state = temporaryState();
  const store = openDrainStore(state, silent);
  await store.write(new Map([[KEY, { deadlineSeconds: store.now() + 300, weight: 3 }]]));
  state.clock.wall += 365 * 24 * 3600 * 1000;
  expect((await store.read()).get(KEY)?.deadlineSeconds).toBe(store.now() + 300);
});

test.each([
  '{"format":"ipvstate-drains","version":1,"boot":"b"',
  '{"format":"ipvstate-drains","version":9,"boot":"b","netns":"n","drains":{}}',
  '{"format":"ipvstate-drains","version":1,"boot":"b","netns":"n","drains":{"k":{"deadlineSeconds":"soon","weight":1,"started":""}}}',
])('sets a damaged file aside and warns: %s', async (text) => {
  const state = temporaryState();
  mkdirSync(state.runtime, { recursive: true });
  writeFileSync(join(state.runtime, 'drains.json'), text);
  const said: string[] = [];
  expect(await openDrainStore(state, (message) => said.push(message)).read()).toEqual(new Map());
  expect(said).toEqual([expect.stringContaining('drains.json.corrupt')]);
  expect(readFileSync(join(state.runtime, 'drains.json.corrupt'), 'utf8')).toBe(text);
});
