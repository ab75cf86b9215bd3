import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openProtectedStore } from '../../src/recovery/records/protected.ts';
import { keyOf } from '../support/tables.ts';
import { afterReboot, temporaryState } from '../support/temporary-state.ts';

const A = keyOf('tcp://192.0.2.1:80');
const B = keyOf('fwmark:7/ipv6');

function silent(message: string): void {
  throw new Error(message);
}

test('reads the protected services that another process wrote', async () => {
  const state = temporaryState();
  expect(await openProtectedStore(state, silent).read()).toEqual(new Set());
  await openProtectedStore(state, silent).write(new Set([A, B]));
  expect(await openProtectedStore(state, silent).read()).toEqual(new Set([A, B]));
  await openProtectedStore(state, silent).write(new Set([B]));
  expect(await openProtectedStore(state, silent).read()).toEqual(new Set([B]));
});

test('writes nothing when the protected services are the same', async () => {
  const state = temporaryState();
  await openProtectedStore(state, silent).write(new Set());
  expect(existsSync(join(state.runtime, 'protected.json'))).toBe(false);
});

test('reads no protected services of an earlier table', async () => {
  const state = temporaryState();
  await openProtectedStore(state, silent).write(new Set([A]));
  expect(await openProtectedStore(afterReboot(state), silent).read()).toEqual(new Set());
});

test.each([
  '',
  '{',
  '{"format":"ipvstate-protected","version":1,"boot":"x","netns":"y","services":[7]}',
  '{"format":"ipvstate-drains"}',
])('sets a damaged file aside and warns: %s', async (text) => {
  const state = temporaryState();
  const path = join(state.runtime, 'protected.json');
  await openProtectedStore(state, silent).write(new Set([A]));
  writeFileSync(path, text);
  const warnings: string[] = [];
  expect(await openProtectedStore(state, (message) => warnings.push(message)).read()).toEqual(
    new Set(),
  );
  expect(warnings).toEqual([expect.stringContaining('Only what the files protect is protected.')]);
  expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe(text);
});
