import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withSysctls } from '../../src/kernel/sysctls.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Operation } from '../../src/model/operation.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { desiredOf, serviceOf, tableOf, wholly } from '../support/tables.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ipvstate-sysctls-'));
  await writeFile(join(folder, 'conntrack'), '0\n');
  await writeFile(join(folder, 'sync_threshold'), '3\t50\n');
});
afterEach(() => rm(folder, { recursive: true }));

const set = (name: string, value: string): Operation => ({ kind: 'set-sysctl', name, value });
const add: Operation = { kind: 'add-service', service: serviceOf('fwmark:1') };

test('a read that asks for sysctls has them without surrounding blanks', async () => {
  const ipvs = withSysctls(openEmbeddedTable(tableOf({})), folder);
  expect((await ipvs.read()).table).not.toHaveProperty('sysctls');
  expect((await ipvs.read({ sysctls: true })).table.sysctls).toEqual(
    new Map([
      ['conntrack', '0'],
      ['sync_threshold', '3 50'],
    ]),
  );
});

test('a read of a kernel without sysctls has an empty set of them', async () => {
  const ipvs = withSysctls(openEmbeddedTable(tableOf({})), join(folder, 'absent'));
  expect((await ipvs.read({ sysctls: true })).table.sysctls).toEqual(new Map());
});

test('a read fails when a sysctl exists and cannot be read', async () => {
  await mkdir(join(folder, 'odd'));
  const ipvs = withSysctls(openEmbeddedTable(tableOf({})), folder);
  await expect(ipvs.read({ sysctls: true })).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('odd'),
  });
});

test('sysctls are written in the order of the wave, and a refusal has its operation', async () => {
  const inner = openEmbeddedTable(tableOf({}));
  const waves: Operation[][] = [];
  const spy: Ipvs = {
    ...inner,
    execute: (wave) => {
      waves.push([...wave]);
      return inner.execute(wave);
    },
  };
  const refused = await withSysctls(spy, folder).execute([
    add,
    set('conntrack', '1'),
    set('none', '1'),
    add,
    add,
  ]);
  expect(waves).toEqual([[add], [add, add]]);
  expect([...refused].map(([index, { errno }]) => `${index} ${errno}`)).toEqual([
    '2 ENOENT',
    '3 EEXIST',
    '4 EEXIST',
  ]);
  expect(refused.get(2)).toMatchObject({ code: 'KERNEL', request: 'set-sysctl none=1' });
  expect(await readFile(join(folder, 'conntrack'), 'utf8')).toBe('1\n');
});

test('a wave without sysctls is executed as it is', async () => {
  const refused = await withSysctls(openEmbeddedTable(tableOf({})), folder).execute([add, add]);
  expect([...refused]).toMatchObject([[1, { errno: 'EEXIST' }]]);
});

test('a reconciliation rolls back its sysctls when a later operation fails', async () => {
  const table = tableOf({ 'fwmark:1': {} });
  const policy = {
    manage: undefined,
    services: new Map(),
    sysctls: { mode: 'enforce' as const, values: new Map([['conntrack', '1']]) },
  };
  const ipvs = withSysctls(openEmbeddedTable(table, new Set(['wlc'])), folder);
  expect(await reconcile(ipvs, wholly(table, { policy }))).toMatchObject({
    outcome: 'applied',
    done: 1,
    differences: [],
  });
  expect(await readFile(join(folder, 'conntrack'), 'utf8')).toBe('1\n');
  expect(await reconcile(ipvs, wholly(table, { policy }))).toMatchObject({ outcome: 'in-sync' });

  const back = { ...policy, sysctls: { ...policy.sysctls, values: new Map([['conntrack', '0']]) } };
  const failing = tableOf({ 'fwmark:1': {}, 'fwmark:2': { scheduler: 'absent' } });
  expect(await reconcile(ipvs, desiredOf(failing.services, { policy: back }))).toMatchObject({
    outcome: 'rolled-back',
    done: 1,
  });
  expect(await readFile(join(folder, 'conntrack'), 'utf8')).toBe('1\n');
});
