import { describe, expect, test } from 'vitest';
import type { ServiceKey } from '../../src/model/service.ts';
import type { RefusedPlan } from '../../src/reconcile/loop/loop-state.ts';
import { BEING_WRITTEN, LoopWorld, MISSING } from '../support/loop-world.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { desiredOf, keyOf, tableOf } from '../support/tables.ts';

const many = (count: number, weight = 1) =>
  tableOf(
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `tcp://192.0.2.${index + 1}:80`,
        { destinations: { '10.0.0.1:80': weight } },
      ]),
    ),
  );

/** A table of ten services, and a file that asks for five of them. */
async function refusing(
  options: ConstructorParameters<typeof LoopWorld>[2] = {},
): Promise<{ world: LoopWorld; refused: RefusedPlan }> {
  const world = await new LoopWorld(many(10), many(10), options).begin();
  await world.write(many(5));
  await world.clock.advance(250);
  const { refused } = world.state;
  if (!refused) throw new Error('nothing was refused');
  return { world, refused };
}

describe('a plan that a guard refuses', () => {
  test('is in the state, and is never executed by itself', async () => {
    const { world, refused } = await refusing();
    expect(world.state).toMatchObject({
      phase: 'waiting',
      lastPass: { outcome: 'refused' },
      failures: 0,
      refused: { refusals: [{ guard: 'max_service_deletes' }] },
    });
    expect(refused.plan.changes).toHaveLength(5);
    await world.clock.advance(3_600_000);
    expect(world.ipvs.waves).toEqual([]);
    expect(world.state.refused).toMatchObject({
      fingerprint: refused.fingerprint,
      since: refused.since,
    });
  });

  test('leads to no further pass until the table or the file changes', async () => {
    const { world } = await refusing();
    const { length } = world.ipvs.reads;
    await world.clock.advance(200_000);
    expect(world.ipvs.reads.length).toBe(length);
  });

  test('is executed once when it is approved', async () => {
    const { world, refused } = await refusing();
    const approval = world.loop.approve(refused.fingerprint);
    await world.clock.advance(0);
    expect(await approval).toMatchObject({ outcome: 'applied', report: { done: 5 } });
    expect(world.state.refused).toBeUndefined();
    expect(isSameTable(world.ipvs.table(), many(5))).toBe(true);
    await world.foreign(many(10));
    await world.clock.advance(5000);
    expect(world.state).toMatchObject({ lastPass: { outcome: 'refused' } });
    expect(isSameTable(world.ipvs.table(), many(10))).toBe(true);
  });

  test('is not executed by an approval with another fingerprint', async () => {
    const { world, refused } = await refusing();
    const approval = world.loop.approve(`${refused.fingerprint}0`);
    await world.clock.advance(0);
    expect(await approval).toMatchObject({ outcome: 'refused' });
    expect(world.ipvs.waves).toEqual([]);
  });

  test('is not executed when the plan is another one because the table changed', async () => {
    const { world, refused } = await refusing();
    await world.foreign(many(12));
    const approval = world.loop.approve(refused.fingerprint);
    await world.clock.advance(0);
    expect(await approval).toMatchObject({ outcome: 'refused' });
    expect(world.ipvs.waves).toEqual([]);
    expect(world.state.refused?.fingerprint).not.toBe(refused.fingerprint);
  });

  test('has no second pass when the table changes during its execution', async () => {
    let isArmed = false;
    const { world, refused } = await refusing({
      misbehaviour: {
        beforeWave: (_, table) => {
          if (!isArmed) return [];
          const entry = table.services.get(keyOf('tcp://192.0.2.10:80'));
          return entry ? [{ kind: 'delete-service', service: entry.service.identity }] : [];
        },
      },
    });
    isArmed = true;
    const approval = world.loop.approve(refused.fingerprint);
    await world.clock.advance(0);
    expect(await approval).toMatchObject({
      report: { passes: 1, failures: [{ error: { errno: 'ESRCH' } }] },
    });
  });

  test.each([
    ['invalid', 'nonsense' as const],
    ['missing', MISSING],
    ['being written', BEING_WRITTEN],
  ])('is void when the files are %s, and an approval executes nothing', async (_, content) => {
    const { world, refused } = await refusing();
    expect(world.state.health.state).toBe('held');
    // Nothing tells the loop that the files are other ones.
    world.content = content;
    const approval = world.loop.approve(refused.fingerprint);
    await world.clock.advance(0);
    expect(await approval).not.toMatchObject({ outcome: 'applied' });
    expect(world.ipvs.waves).toEqual([]);
    expect(world.state).toMatchObject({ refused: undefined, health: { state: 'invalid' } });
    // The files that were applied last are in force again.
    await world.foreign(many(9));
    await world.clock.advance(5000);
    expect(isSameTable(world.ipvs.table(), many(10))).toBe(true);
  });

  test('is void when the files are other valid ones, before their second read too', async () => {
    const { world, refused } = await refusing();
    world.content = many(6);
    const approval = world.loop.approve(refused.fingerprint);
    await world.clock.advance(0);
    await approval;
    expect(world.ipvs.waves).toEqual([]);
    await world.clock.advance(250);
    expect(world.state.refused?.plan.changes).toHaveLength(4);
  });

  test('leaves no files in force when none were ever applied and the file is invalid', async () => {
    const world = await new LoopWorld(many(3), tableOf({})).begin();
    expect(world.state.health.state).toBe('held');
    await world.write('nonsense');
    expect(world.state).toMatchObject({ config: { good: undefined }, refused: undefined });
    await world.clock.advance(600_000);
    expect(isSameTable(world.ipvs.table(), many(3))).toBe(true);
  });

  test('is forgotten with the file that asked for it', async () => {
    const { world } = await refusing();
    await world.write(many(10));
    await world.write(many(10, 2));
    expect(world.state).toMatchObject({ refused: undefined, lastPass: { outcome: 'applied' } });
  });

  test('is refused for an empty file too', async () => {
    const world = await new LoopWorld(many(3), many(3)).begin();
    await world.write(tableOf({}));
    await world.clock.advance(250);
    expect(world.state).toMatchObject({ refused: { refusals: [{ guard: 'empty' }] } });
    expect(world.ipvs.waves).toEqual([]);
  });

  test('is refused for services that were protected when they were last applied', async () => {
    const key: ServiceKey = keyOf('tcp://192.0.2.10:80');
    const policy = {
      manage: undefined,
      sysctls: undefined,
      services: new Map([[key, { protect: true, drain: undefined, preserve: new Map() }]]),
    };
    const world = await new LoopWorld(many(9), desiredOf(many(10).services, { policy })).begin();
    expect(world.state.protectedServices).toEqual(new Set([key]));
    await world.write(desiredOf(many(9).services));
    await world.clock.advance(250);
    expect(world.state).toMatchObject({
      refused: { refusals: [{ guard: 'protect' }] },
      protectedServices: new Set([key]),
    });
    const restarted = await new LoopWorld(many(10), desiredOf(many(9).services), {
      protectedServices: new Set([key]),
    }).begin();
    expect(restarted.state).toMatchObject({ refused: { refusals: [{ guard: 'protect' }] } });
  });

  test('leaves a service protected that the file no longer manages', async () => {
    const key: ServiceKey = keyOf('tcp://192.0.2.10:80');
    const policy = {
      manage: { include: undefined, exclude: [{ service: key }] },
      sysctls: undefined,
      services: new Map(),
    };
    const others = new Map([...many(10).services].filter(([other]) => other !== key));
    const world = await new LoopWorld(many(10), desiredOf(others, { policy }), {
      protectedServices: new Set([key]),
    }).begin();
    await world.write(desiredOf(new Map([...others].slice(1)), { policy }));
    await world.clock.advance(5_000);
    expect(world.ipvs.waves).toHaveLength(1);
    expect(world.state.protectedServices).toEqual(new Set([key]));
  });
});
