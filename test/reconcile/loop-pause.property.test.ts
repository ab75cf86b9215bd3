import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Operation } from '../../src/model/operation.ts';
import { objectOf } from '../../src/reconcile/operation-object.ts';
import { LoopWorld } from '../support/loop-world.ts';
import { memoryPause } from '../support/memory-pause.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { smallTables } from '../support/small-tables.ts';
import { keyOf, tableOf } from '../support/tables.ts';

const PAUSED = keyOf('tcp://192.0.2.1:80');

const tables = smallTables({ services: 3, hosts: 2 });

/** Tells which of the operations of the loop a pause forbids. */
type Forbids = (operation: Operation) => boolean;

const onPaused: Forbids = (operation) => objectOf(operation).service === PAUSED;

const neverWrites = (only: readonly string[], forbids: Forbids) =>
  fc.asyncProperty(
    tables,
    fc.array(fc.record({ isFile: fc.boolean(), table: tables }), { minLength: 1, maxLength: 6 }),
    async (begun, steps) => {
      const pauses = memoryPause();
      const wanted = tableOf({ [PAUSED]: { destinations: { '10.0.0.1:80': 1 } } });
      const world = await new LoopWorld(begun, wanted, { pauses }).begin();
      const { length } = world.ipvs.waves;
      void world.loop.pause({ who: 'alice', reason: undefined, seconds: undefined, only });
      for (const { isFile, table } of steps) {
        if (isFile) await world.write(table);
        else await world.foreign(table);
        await world.clock.advance(6000);
      }
      void world.loop.reload();
      await world.clock.advance(400_000);
      return !world.ipvs.waves.slice(length).flat().some(forbids);
    },
  );

describe('a pause', () => {
  test('of the whole table keeps each operation away', () =>
    holds(
      neverWrites([], () => true),
      60,
    ));

  test('of a service keeps each operation on it away', () =>
    holds(neverWrites([PAUSED], onPaused), 30));

  test('of another service would not', () =>
    isBrokenBy(
      neverWrites([PAUSED], (operation) => !onPaused(operation)),
      500,
    ));
});
