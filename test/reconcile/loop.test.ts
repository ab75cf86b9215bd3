import { describe, expect, test } from 'vitest';
import { BEING_WRITTEN, LoopWorld, loaded, MISSING, tableWith } from '../support/loop-world.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { tableOf } from '../support/tables.ts';

const EMPTY = tableOf({});
const ONE = tableWith({});
const TWO = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } } });
const HEAVY = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 9, '10.0.0.2:80': 1 } },
});

describe('the start', () => {
  test('reads the files twice, for nothing says yet what they remove, and then applies them', async () => {
    const world = new LoopWorld(EMPTY, ONE);
    await world.clock.advance(249);
    expect(world.state).toMatchObject({
      phase: 'starting',
      config: { valid: true, good: undefined },
      lastPass: undefined,
    });
    expect(isSameTable(world.ipvs.table(), EMPTY)).toBe(true);
    await world.clock.advance(1);
    expect(world.state).toMatchObject({
      phase: 'waiting',
      lastPass: { outcome: 'applied', startedAt: 250 },
      failures: 0,
    });
    expect(world.state.applied).toBe(world.state.config.good?.digest);
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
    expect(world.loads).toBe(2);
  });

  test.each([
    ['missing', MISSING],
    ['nonsense', 'nonsense'],
  ] as const)('waits for files that are %s, and writes nothing', async (_, content) => {
    const world = new LoopWorld(ONE, content);
    await world.clock.advance(3_600_000);
    expect(world.state).toMatchObject({
      phase: 'starting',
      config: { valid: false, good: undefined },
      lastPass: undefined,
    });
    expect(world.ipvs.reads).toEqual([]);
    await world.write(TWO);
    await world.clock.advance(250);
    expect(world.state).toMatchObject({ phase: 'waiting', lastPass: { outcome: 'applied' } });
  });
});

describe('files', () => {
  test('that only add and edit are applied at once', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write(TWO);
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    expect(world.passes.map(({ outcome }) => outcome)).toEqual(['in-sync', 'applied']);
  });

  test('that are as before cost no look at the kernel', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    const { length } = world.ipvs.reads;
    for (let event = 0; event < 10; event++) await world.write(ONE);
    expect(world.ipvs.reads.length).toBe(length);
    expect(world.passes.length).toBe(1);
  });

  test('that remove something are applied when they were read a second time, a debounce later', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(ONE);
    await world.clock.advance(249);
    expect(world.state.config.held).toBeDefined();
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    await world.clock.advance(1);
    expect(world.state.config.held).toBeUndefined();
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('that are read often within the debounce are not taken for read twice', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    for (let event = 0; event < 5; event++) {
      await world.write(ONE);
      await world.clock.advance(40);
    }
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    await world.clock.advance(100);
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('that were cut off for a moment delete nothing, and the whole one is applied', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(tableOf({}));
    await world.clock.advance(200);
    const whole = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 7 } } });
    await world.write(whole);
    await world.clock.advance(60_000);
    expect(isSameTable(world.ipvs.table(), whole)).toBe(true);
    expect(world.ipvs.waves.flat().map(({ kind }) => kind)).toEqual(['edit-destination']);
  });

  test('that flap between two contents are never applied as far as they remove', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    for (let flap = 0; flap < 20; flap++) {
      await world.write(flap % 2 ? TWO : ONE);
      await world.clock.advance(200);
    }
    expect(world.ipvs.waves).toEqual([]);
  });

  test.each([
    ['nonsense', 'nonsense', { position: { line: 3, column: 7 } }],
    ['missing', MISSING, { error: { code: 'NO_INPUT' } }],
    ['being written', BEING_WRITTEN, { error: { code: 'UNSTABLE' } }],
  ] as const)(
    'that are %s change nothing; the last good ones stay in force, and coming back clear the error',
    async (_, content, problem) => {
      const world = await new LoopWorld(ONE, ONE).begin();
      await world.write(content);
      expect(world.state.config).toMatchObject({
        valid: false,
        good: { digest: world.state.applied },
        problem,
      });
      const since = world.state.config.problem?.since;
      await world.foreign(HEAVY);
      await world.clock.advance(5000);
      expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
      await world.write(content);
      expect(world.state.config.problem?.since).toBe(since);
      const passes = world.passes.length;
      await world.write(ONE);
      expect(world.state.config).toMatchObject({ valid: true, problem: undefined });
      expect(world.passes.length).toBe(passes);
    },
  );

  test('that are being written are read again without an event', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write(BEING_WRITTEN);
    world.content = TWO;
    await world.clock.advance(250);
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
  });

  test('of another kind of nonsense are another problem', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write('nonsense');
    const { problem } = world.state.config;
    await world.write('more nonsense');
    expect(world.state.config.problem).not.toBe(problem);
  });
});

describe('a turn', () => {
  test('is one at a time, and whatever is asked for meanwhile is one more', async () => {
    const world: LoopWorld = await new LoopWorld(ONE, ONE, {
      misbehaviour: {
        beforeRead: (read) => {
          if (read === 1) for (let burst = 0; burst < 50; burst++) world.loop.look();
          return [];
        },
      },
    }).begin();
    const { loads } = world;
    world.content = TWO;
    const asked = [world.loop.reload(), world.loop.reload(), world.loop.reload()];
    await world.clock.advance(0);
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(world.overlaps).toBe(0);
    expect(world.loads - loads).toBe(2);
  });

  test('that a reload asked for is what it returns', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    world.content = TWO;
    const reload = world.loop.reload();
    await world.clock.advance(0);
    expect(await reload).toMatchObject({
      triggers: ['reload'],
      outcome: 'applied',
      report: { done: 3 },
    });
  });

  test('that a reload asked for is the one after files that remove something were read twice', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    world.content = ONE;
    const reload = world.loop.reload();
    await world.clock.advance(250);
    expect(await reload).toMatchObject({ triggers: ['reload'], outcome: 'applied' });
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('of a reload says when there are no good files yet', async () => {
    const world = new LoopWorld(ONE, MISSING);
    const reload = world.loop.reload();
    await world.clock.advance(0);
    expect(await reload).toMatchObject({ outcome: 'unconfigured' });
  });
});

describe('the cause of a pass', () => {
  const causes = (world: LoopWorld): readonly (readonly string[])[] =>
    world.passes.map(({ triggers }) => triggers);

  test('is the start for files that are read a second time before they are first applied', async () => {
    expect(causes(await new LoopWorld(EMPTY, ONE).begin())).toEqual([['start']]);
  });

  test('is the file for files that removed something and were read a second time by the clock', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(ONE);
    await world.clock.advance(250);
    expect(causes(world)).toEqual([['start'], ['file']]);
  });

  test('is the file for files that were being written when they were first read', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write(BEING_WRITTEN);
    await world.clock.advance(100);
    world.content = TWO;
    await world.clock.advance(1000);
    expect(causes(world)).toEqual([['start'], ['file']]);
  });

  test('is the file for another content that the second read finds', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(ONE);
    world.content = HEAVY;
    await world.clock.advance(1000);
    expect(isSameTable(world.ipvs.table(), HEAVY)).toBe(true);
    expect(causes(world)).toEqual([['start'], ['file']]);
  });

  test('is told with the first sighting before an event that happens to read the same content again', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    world.content = ONE;
    const reload = world.loop.reload();
    await world.clock.advance(100);
    await world.write(ONE);
    await world.clock.advance(150);
    expect(await reload).toMatchObject({ triggers: ['reload', 'file'], outcome: 'applied' });
  });

  test('is the new event alone when another content replaces one that awaited its second read', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    world.content = tableOf({});
    void world.loop.reload();
    await world.clock.advance(100);
    await world.write(TWO);
    expect(causes(world)).toEqual([['start'], ['reload'], ['file']]);
  });

  test('is the new event although the clock asked for a second read that an event had already brought about', async () => {
    const world: LoopWorld = new LoopWorld(EMPTY, ONE, {
      load: async () => {
        await new Promise<void>((resolve) => world.clock.after(20, resolve));
        return loaded(world.content);
      },
    });
    // The first read ends at 20, so the clock asks for the second one at 270. The event's read
    // lasts from 255 to 275, and is enough.
    await world.clock.advance(255);
    world.loop.look();
    await world.clock.advance(25);
    world.content = TWO;
    await world.clock.advance(20);
    world.loop.look();
    await world.clock.advance(300);
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    expect(causes(world)).toEqual([['start', 'file'], ['file']]);
  });
});

describe('the end', () => {
  test('leaves the table as it is, answers who waits, and nothing happens any more', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(ONE);
    const reload = world.loop.reload();
    await world.loop.stop();
    expect(await reload).toMatchObject({ outcome: 'stopped' });
    await world.loop.done;
    await world.clock.advance(3_600_000);
    expect(world.state.phase).toBe('stopped');
    expect(world.clock.next).toBeUndefined();
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    expect(await world.loop.reload()).toMatchObject({ outcome: 'stopped' });
  });

  test('comes between two waves of a pass, and takes nothing back', async () => {
    const more = tableWith({
      'tcp://192.0.2.1:80': { destinations: { '10.0.0.9:80': 1, '10.0.0.1:80': 1 } },
    });
    const world: LoopWorld = await new LoopWorld(ONE, ONE, {
      misbehaviour: {
        beforeWave: () => {
          void world.loop.stop();
          return [];
        },
      },
    }).begin();
    await world.write(more);
    await world.clock.advance(250);
    await world.loop.done;
    expect(world.ipvs.waves.flat().map(({ kind }) => kind)).toEqual(['add-destination']);
    expect(world.state).toMatchObject({
      phase: 'stopped',
      lastPass: { outcome: 'partial', error: { code: 'ABORTED' } },
    });
  });
});

test('how the files are watched is part of the state', async () => {
  const world = await new LoopWorld(ONE, ONE).begin();
  world.loop.setWatchMode('poll', 'inotify is exhausted');
  expect(world.state.watch).toEqual({ mode: 'poll', reason: 'inotify is exhausted' });
});
