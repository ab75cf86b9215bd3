import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Pause } from '../../src/model/pause.ts';
import { openPauseStore } from '../../src/recovery/records/pause.ts';
import { keyOf } from '../support/tables.ts';
import { afterReboot, temporaryState } from '../support/temporary-state.ts';

const silent = (): void => {};

const WHOLE: Pause = {
  services: undefined,
  who: 'alice',
  reason: undefined,
  sinceSeconds: 5000,
  untilSeconds: undefined,
};
const OF_A_SERVICE: Pause = {
  services: [keyOf('tcp://[2001:db8::1]:80')],
  who: 'uid 1234',
  reason: 'kernel upgrade',
  sinceSeconds: 5000,
  untilSeconds: 6800.25,
};

test.each([
  ['of the whole table', WHOLE],
  ['of a service', OF_A_SERVICE],
])('reads a pause %s as it was stored', async (_, pause) => {
  const state = temporaryState();
  await openPauseStore(state, silent).write(pause);
  expect(await openPauseStore(state, silent).read()).toEqual(pause);
});

test('reads no pause when none was stored, and when it was cleared', async () => {
  const store = openPauseStore(temporaryState(), silent);
  expect(await store.read()).toBeUndefined();
  await store.write(WHOLE);
  await store.clear();
  expect(await store.read()).toBeUndefined();
});

test('reads no pause of an earlier boot or another network namespace', async () => {
  const state = temporaryState();
  await openPauseStore(state, silent).write(WHOLE);
  const elsewhere = { ...state, life: { ...state.life, netns: '1' } };
  expect(await openPauseStore(elsewhere, silent).read()).toBeUndefined();
  await openPauseStore(state, silent).write(WHOLE);
  expect(await openPauseStore(afterReboot(state), silent).read()).toBeUndefined();
});

test.each([
  ['cut off', /,"services".*/s, ''],
  ['of a later version', '"version":1', '"version":2'],
  ['with a time that is a text', '"untilSeconds":null', '"untilSeconds":"soon"'],
  ['without its end', '"untilSeconds":null', '"end":1'],
  ['with a reason that is too long', '"reason":null', `"reason":"${'x'.repeat(201)}"`],
])('sets a damaged pause aside, and the daemon is not paused: %s', async (_, part, damage) => {
  const state = temporaryState();
  const path = join(state.runtime, 'pause.json');
  await openPauseStore(state, silent).write(WHOLE);
  const damaged = readFileSync(path, 'utf8').replace(part, damage);
  writeFileSync(path, damaged);
  const warnings: string[] = [];
  expect(await openPauseStore(state, (text) => warnings.push(text)).read()).toBeUndefined();
  expect(warnings).toEqual([expect.stringMatching(/corrupt\. The daemon is not paused\.$/)]);
  expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe(damaged);
});

test('does not take a pause that cannot be read for none', async () => {
  const state = temporaryState();
  mkdirSync(join(state.runtime, 'pause.json'), { recursive: true });
  await expect(openPauseStore(state, silent).read()).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('pause.json cannot be read (EISDIR)'),
  });
});
