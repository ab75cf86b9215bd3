import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drainKey } from '../../src/model/drain.ts';
import { NO_OVERRIDES, type Override, type OverrideRecord } from '../../src/model/override.ts';
import { openOverrideStore } from '../../src/recovery/records/overrides.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';
import { afterReboot, temporaryState } from '../support/temporary-state.ts';

const SERVICE = keyOf('tcp://192.0.2.1:80');
const DRAINED: Override = {
  service: SERVICE,
  destination: '10.0.0.1:80',
  weight: 0,
  by: 'alice',
  reason: 'kernel upgrade',
  since: '2026-05-04T12:00:00.000Z',
  endSeconds: 8600.5,
};
const RAMPED: Override = {
  service: null,
  destination: '10.0.0.2',
  weight: 10,
  ramp: { from: 0, sinceSeconds: 5000, seconds: 600 },
  allowsUnserved: true,
  owner: 'checker-1',
  by: 'root',
  reason: '',
  since: '2026-05-04T12:00:00.000Z',
};
const RECORD: OverrideRecord = {
  overrides: [DRAINED, RAMPED],
  held: new Map([[drainKey(SERVICE, destinationKeyOf('10.0.0.1:80')), 3]]),
};
const silent = (): void => {};

test('reads overrides and the weights from before as they were stored', async () => {
  const state = temporaryState();
  await openOverrideStore(state, silent).write(RECORD);
  expect(await openOverrideStore(state, silent).read()).toEqual(RECORD);
});

test('reads no overrides when none were stored, of an earlier boot, or of another table', async () => {
  const state = temporaryState();
  expect(await openOverrideStore(state, silent).read()).toEqual(NO_OVERRIDES);
  await openOverrideStore(state, silent).write(RECORD);
  expect(await openOverrideStore(afterReboot(state), silent).read()).toEqual(NO_OVERRIDES);
  const other = { ...state, life: { ...state.life, netns: '1' } };
  expect(await openOverrideStore(other, silent).read()).toEqual(NO_OVERRIDES);
});

test('writes no file when nothing differs from what is stored', async () => {
  const state = temporaryState();
  const store = openOverrideStore(state, silent);
  await store.write(NO_OVERRIDES);
  await store.write(RECORD);
  const path = join(state.runtime, 'overrides.json');
  const text = `${readFileSync(path, 'utf8')}  `;
  writeFileSync(path, text);
  await store.write({ ...RECORD, overrides: [...RECORD.overrides] });
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('does not move the end of an override when the wall clock is set', async () => {
  const state = temporaryState();
  const store = openOverrideStore(state, silent);
  await store.write({ ...RECORD, overrides: [{ ...DRAINED, endSeconds: store.now() + 60 }] });
  state.clock.wall += 365 * 24 * 3600 * 1000;
  expect((await store.read()).overrides[0]?.endSeconds).toBe(store.now() + 60);
});

const life = '"boot":"b","netns":"n"';
const stored = (override: object): string =>
  `{"format":"ipvstate-overrides","version":1,${life},"overrides":[${JSON.stringify(override)}],"held":{}}`;

test.each([
  `{"format":"ipvstate-overrides","version":1,${life}`,
  `{"format":"ipvstate-overrides","version":9,${life},"overrides":[],"held":{}}`,
  `{"format":"ipvstate-overrides","version":1,${life},"overrides":[],"held":{"k":"3"}}`,
  stored({ ...DRAINED, weight: -1 }),
  stored({ ...DRAINED, weight: 2 ** 31 }),
  stored({ ...DRAINED, service: null, destination: null }),
  stored({ ...DRAINED, endSeconds: 'soon' }),
  stored({ ...DRAINED, since: 'now' }),
  stored({ ...RAMPED, ramp: { from: 0, sinceSeconds: 1, seconds: 1.5 } }),
  '[]',
  '\u0000\u0001',
])('sets a damaged file aside and warns: %s', async (text) => {
  const state = temporaryState();
  mkdirSync(state.runtime, { recursive: true });
  writeFileSync(join(state.runtime, 'overrides.json'), text);
  const said: string[] = [];
  const store = openOverrideStore(state, (message) => said.push(message));
  expect(await store.read()).toEqual(NO_OVERRIDES);
  expect(said).toEqual([expect.stringContaining('overrides.json.corrupt')]);
  expect(readFileSync(join(state.runtime, 'overrides.json.corrupt'), 'utf8')).toBe(text);
});

test('keeps the weights from before where only an override is damaged', async () => {
  const state = temporaryState();
  const path = join(state.runtime, 'overrides.json');
  mkdirSync(state.runtime, { recursive: true });
  const { boot, netns } = state.life;
  const held = { 'tcp://192.0.2.1:80 10.0.0.1:80': 7 };
  const text = JSON.stringify({
    ...{ format: 'ipvstate-overrides', version: 1, boot, netns, held },
    overrides: [{ ...DRAINED, weight: -1 }],
  });
  writeFileSync(path, text);
  const record = { overrides: [], held: new Map(Object.entries(held)) };
  expect(await openOverrideStore(state, silent, 'read').read()).toEqual(record);
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(await openOverrideStore(state, silent).read()).toEqual(record);
  expect(await openOverrideStore(state, silent, 'read').read()).toEqual(record);
});

test('throws for a file that cannot be read: that is not "no overrides"', async () => {
  const state = temporaryState();
  mkdirSync(join(state.runtime, 'overrides.json'), { recursive: true });
  await expect(openOverrideStore(state, silent).read()).rejects.toMatchObject({ code: 'IO' });
});
