import { expect, test } from 'vitest';
import { KernelError } from '../../src/errors.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { destinationOf, keyOf, serviceOf, tableOf } from '../support/tables.ts';

const first = serviceOf('tcp://192.0.2.1:80');
const TABLE = tableOf(
  { [first.key]: { destinations: { '10.0.0.1:80': 1 } }, 'tcp://192.0.2.2:80': {} },
  { timeouts: { udp: 9 } },
);

test('a read returns the whole table, or the given services and all settings', async () => {
  const ipvs = openEmbeddedTable(TABLE);
  expect((await ipvs.read()).table).toEqual(TABLE);
  const { table } = await ipvs.read({
    services: [keyOf('tcp://192.0.2.2:80'), keyOf('tcp://192.0.2.3:80')],
  });
  expect([...table.services.keys()]).toEqual(['tcp://192.0.2.2:80']);
  expect(table.timeouts).toEqual(TABLE.timeouts);
});

test('a wave goes on after a refusal, which carries its errno and names the request', async () => {
  const ipvs = openEmbeddedTable(TABLE);
  const refused = await ipvs.execute([
    { kind: 'add-service', service: first },
    { kind: 'add-destination', service: first.identity, destination: destinationOf('10.0.0.2:80') },
  ]);
  expect(refused.get(0)).toBeInstanceOf(KernelError);
  expect(refused.get(0)).toMatchObject({
    code: 'KERNEL',
    errno: 'EEXIST',
    request: 'add-service tcp://192.0.2.1:80',
  });
  expect(refused.has(1)).toBe(false);
  expect(ipvs.table().services.get(first.key)?.destinations.size).toBe(2);
});

test('a table in memory refuses schedulers that it was not given', async () => {
  const ipvs = openEmbeddedTable(TABLE, new Set(['wlc']));
  const refused = await ipvs.execute([
    { kind: 'edit-service', service: { ...first, scheduler: 'mh' } },
  ]);
  expect(refused.get(0)).toMatchObject({ errno: 'ENOENT' });
});

test('a snapshot does not change when the table does', async () => {
  const ipvs = openEmbeddedTable(TABLE);
  const snapshot = await ipvs.read();
  await ipvs.execute([{ kind: 'flush' }]);
  expect(snapshot.table.services.size).toBe(2);
  expect(ipvs.table().services.size).toBe(0);
});
