import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type DrainKey,
  type DrainRecord,
  drainKey,
  NO_DRAINS,
  type PendingDrain,
} from '../../src/model/drain.ts';
import { openDrainStore } from '../../src/recovery/records/drains.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';
import { afterReboot, temporaryState } from '../support/temporary-state.ts';

const KEY = drainKey(keyOf('tcp://192.0.2.1:80'), destinationKeyOf('10.0.0.1:80'));
const OTHER = drainKey(keyOf('tcp://[2001:db8::1]:80'), destinationKeyOf('[2001:db8::2]:80'));
const silent = (): void => {};

function recordOf(...drains: (readonly [DrainKey, PendingDrain])[]): DrainRecord {
  return { drains: new Map(drains), policies: new Map() };
}

test('reads drains and policies as they were stored', async () => {
  const state = temporaryState();
  const record = {
    drains: new Map([
      [KEY, { deadlineSeconds: 5300.25, weight: 3, quietSinceSeconds: 5100 }],
      [OTHER, { deadlineSeconds: 5400, weight: 0, leaving: true }],
    ]),
    policies: new Map([[keyOf('tcp://192.0.2.1:80'), { timeoutSeconds: 300, lingerSeconds: 120 }]]),
  };
  await openDrainStore(state, silent).write(record);
  expect(await openDrainStore(state, silent).read()).toEqual(record);
});

test('reads no drains when none were stored', async () => {
  expect(await openDrainStore(temporaryState(), silent).read()).toEqual(NO_DRAINS);
});

test('keeps the time when a drain began', async () => {
  const state = temporaryState();
  const store = openDrainStore(state, silent);
  const first = state.clock.now().toISOString();
  await store.write(recordOf([KEY, { deadlineSeconds: 5300, weight: 3 }]));
  state.clock.pass(60);
  await store.write(
    recordOf(
      [KEY, { deadlineSeconds: 5300, weight: 3 }],
      [OTHER, { deadlineSeconds: 5360, weight: 1 }],
    ),
  );
  const file = JSON.parse(readFileSync(join(state.runtime, 'drains.json'), 'utf8'));
  expect(file.drains[KEY].started).toBe(first);
  expect(file.drains[OTHER].started).toBe(state.clock.now().toISOString());
});

test('reads no drains of an earlier boot or another network namespace', async () => {
  const state = temporaryState();
  await openDrainStore(state, silent).write(recordOf([KEY, { deadlineSeconds: 5300, weight: 3 }]));
  expect(await openDrainStore(afterReboot(state), silent).read()).toEqual(NO_DRAINS);
  expect(
    await openDrainStore({ ...state, life: { ...state.life, netns: '1' } }, silent).read(),
  ).toEqual(NO_DRAINS);
});

test('does not move a deadline when the wall clock is set', async () => {
  const state = temporaryState();
  const store = openDrainStore(state, silent);
  await store.write(recordOf([KEY, { deadlineSeconds: store.now() + 300, weight: 3 }]));
  state.clock.wall += 365 * 24 * 3600 * 1000;
  expect((await store.read()).drains.get(KEY)?.deadlineSeconds).toBe(store.now() + 300);
});

test('reads the record of an earlier release, which has no policies and no quiet times', async () => {
  const state = temporaryState();
  await openDrainStore(state, silent).write(recordOf([KEY, { deadlineSeconds: 5300, weight: 3 }]));
  const path = join(state.runtime, 'drains.json');
  const { policies, ...earlier } = JSON.parse(readFileSync(path, 'utf8'));
  expect(policies).toEqual({});
  writeFileSync(path, JSON.stringify(earlier));
  expect(await openDrainStore(state, silent).read()).toEqual(
    recordOf([KEY, { deadlineSeconds: 5300, weight: 3 }]),
  );
});

test.each([
  '{"format":"ipvstate-drains","version":1,"boot":"b"',
  '{"format":"ipvstate-drains","version":9,"boot":"b","netns":"n","drains":{}}',
  '{"format":"ipvstate-drains","version":1,"boot":"b","netns":"n","drains":{"k":{"deadlineSeconds":"soon","weight":1,"started":""}}}',
  '{"format":"ipvstate-drains","version":1,"boot":"b","netns":"n","drains":{},"policies":{"s":{"timeoutSeconds":5}}}',
])('sets a damaged file aside and warns: %s', async (text) => {
  const state = temporaryState();
  mkdirSync(state.runtime, { recursive: true });
  writeFileSync(join(state.runtime, 'drains.json'), text);
  const said: string[] = [];
  expect(await openDrainStore(state, (message) => said.push(message)).read()).toEqual(NO_DRAINS);
  expect(said).toEqual([expect.stringContaining('drains.json.corrupt')]);
  expect(readFileSync(join(state.runtime, 'drains.json.corrupt'), 'utf8')).toBe(text);
});
