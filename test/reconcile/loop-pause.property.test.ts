import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Operation } from '../../src/model/operation.ts';
import { objectOf } from '../../src/reconcile/operation-object.ts';
import { LoopWorld } from '../support/loop-world.ts';
import { memoryPause } from '../support/memory-pause.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { keyOf, tableOf } from '../support/tables.ts';

const PAUSED = keyOf('tcp://192.0.2.1:80');

const tables = fc
  .dictionary(
    fc.constantFrom('1', '2', '3'),
    fc.dictionary(fc.constantFrom('7', '8'), fc.integer({ min: 0, max: 2 })),
  )
  .map((found) =>
    tableOf(
      Object.fromEntries(
        Object.entries(found).map(([service, pool]) => [
          `tcp://192.0.2.${service}:80`,
          {
            destinations: Object.fromEntries(
              Object.entries(pool).map(([host, weight]) => [`10.0.0.${host}:80`, weight]),
            ),
          },
        ]),
      ),
    ),
  );

/** Tells which of the operations of the loop a pause forbids. */
type Forbids = (operation: Operation) => boolean;

const onPaused: Forbids = (operation) => objectOf(operation).service === PAUSED;

const neverWrites = (only: readonly string[], forbids: Forbids) =>
  fc.asyncProperty(
    tables,
    fc.array(fc.record({ isFile: fc.boolean(), table: tables }), { minLength: 1, maxLength: 6 }),
    async (begun, steps) => {
      const pauses = memoryPause();
      const wanted = tableOf({ [PAUSED]: { destinations: { '10.0.0.7:80': 1 } } });
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
