import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settleOverrides, type TableOverrides } from '../../src/daemon/fleet/settle-overrides.ts';
import type { KnownFleetOverride, Override } from '../../src/model/override.ts';

const overrideOf = (server: number): Override => ({
  ...{ service: null, destination: `10.0.0.${server}`, weight: 0, owner: 'fleet' },
  ...{ by: 'alice', reason: '', since: '2026-11-30T12:00:00.000Z' },
});
const knownOf = (server: number): KnownFleetOverride => ({
  ...{ id: String(server), revision: '1', isInEffect: false, override: overrideOf(server) },
});

/**
 * The servers that are to be drained, those that are, and the services: a guard refuses to drain
 * the last server of one. What is drained already passed this guard.
 */
const worlds = fc
  .record({
    due: fc.uniqueArray(fc.nat(7), { maxLength: 8 }),
    drained: fc.uniqueArray(fc.nat(7), { maxLength: 4 }),
    services: fc.array(fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
  })
  .filter(({ drained, services }) => services.every((each) => !isUnserved(each, drained)));

function isUnserved(service: readonly number[], drained: readonly number[]): boolean {
  return service.every((server) => drained.includes(server));
}

type Settle = (due: readonly KnownFleetOverride[], table: TableOverrides) => Promise<unknown>;

/** Settles, and tells the servers that are drained then, and how each one that is not is held. */
async function settledBy(
  settle: Settle,
  { due, drained, services }: { due: number[]; drained: number[]; services: number[][] },
) {
  let stored = drained;
  const table: TableOverrides = {
    readFleet: async () => stored.map(overrideOf),
    replaceFleet: async (overrides) => {
      const servers = overrides.map(({ destination }) => Number(destination?.split('.').at(-1)));
      if (services.some((each) => isUnserved(each, servers))) return 'unserved';
      stored = servers;
      return undefined;
    },
  };
  const found = (await settle(due.map(knownOf), table)) as Partial<
    Awaited<ReturnType<typeof settleOverrides>>
  >;
  return { stored, ...found };
}

/** Each drain that is missing would leave a service unserved, and none is there that was ended. */
async function holds(settle: Settle): Promise<void> {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const { stored, held, inEffect, isDone } = await settledBy(settle, world);
      expect(world.due).toEqual(expect.arrayContaining([...stored]));
      for (const server of world.due.filter((each) => !stored.includes(each)))
        expect(world.services.some((each) => isUnserved(each, [...stored, server]))).toBe(true);
      if (!held || !inEffect) return;
      expect([...inEffect].sort()).toEqual(stored.map(String).sort());
      expect([...held.keys(), ...inEffect].sort()).toEqual(world.due.map(String).sort());
      expect(isDone).toBe(held.size === 0);
    }),
    { numRuns: 300 },
  );
}

describe('the drains of a fleet on a director', () => {
  it('are all in effect but for those that would leave a service unserved', async () => {
    await holds(settleOverrides);
  });

  it('would not be when one that is refused held back all', async () => {
    const allOrNothing: Settle = (due, table) =>
      table.replaceFleet(due.map(({ override }) => override));
    await expect(holds(allOrNothing)).rejects.toThrow('Property failed');
  });

  it('would not be when those that were ended stayed', async () => {
    const onlyAdded: Settle = async (due, table) => {
      for (const { override } of due)
        await table.replaceFleet([...(await table.readFleet()), override]);
    };
    await expect(holds(onlyAdded)).rejects.toThrow('Property failed');
  });
});
