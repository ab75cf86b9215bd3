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

describe('the start of a loop', () => {
  test('applies the first files only after it has read them twice', async () => {
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
  ] as const)('waits and writes nothing while the files are %s', async (_, content) => {
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

describe('changed files', () => {
  test('are applied at once when they only add and edit', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write(TWO);
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    expect(world.passes.map(({ outcome }) => outcome)).toEqual(['in-sync', 'applied']);
  });

  test('lead to no read of the table when their content is as before', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    const { length } = world.ipvs.reads;
    for (let event = 0; event < 10; event++) await world.write(ONE);
    expect(world.ipvs.reads.length).toBe(length);
    expect(world.passes.length).toBe(1);
  });

  test('that remove something are applied after a second read, one debounce later', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(ONE);
    await world.clock.advance(249);
    expect(world.state.config.held).toBeDefined();
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    await world.clock.advance(1);
    expect(world.state.config.held).toBeUndefined();
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('that remove something are not applied by many reads within one debounce', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    for (let event = 0; event < 5; event++) {
      await world.write(ONE);
      await world.clock.advance(40);
    }
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
    await world.clock.advance(100);
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('delete nothing while they are cut off, and are applied when they are whole', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(tableOf({}));
    await world.clock.advance(200);
    const whole = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 7 } } });
    await world.write(whole);
    await world.clock.advance(60_000);
    expect(isSameTable(world.ipvs.table(), whole)).toBe(true);
    expect(world.ipvs.waves.flat().map(({ kind }) => kind)).toEqual(['edit-destination']);
  });

  test('that flap between two contents never delete anything', async () => {
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
    'that are %s leave the last valid ones in force, which clear the error when they return',
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

  test('are read again without an event when they were being written', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write(BEING_WRITTEN);
    world.content = TWO;
    await world.clock.advance(250);
    expect(isSameTable(world.ipvs.table(), TWO)).toBe(true);
  });

  test('that are invalid for another reason are another problem', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write('nonsense');
    const { problem } = world.state.config;
    await world.write('more nonsense');
    expect(world.state.config.problem).not.toBe(problem);
  });
});

describe('a pass', () => {
  test('never runs beside another one, and all requests meanwhile lead to one more', async () => {
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

  test('is the result of the reload that asked for it', async () => {
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

  test('answers a reload only after the second read of files that remove something', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    world.content = ONE;
    const reload = world.loop.reload();
    await world.clock.advance(250);
    expect(await reload).toMatchObject({ triggers: ['reload'], outcome: 'applied' });
    expect(isSameTable(world.ipvs.table(), ONE)).toBe(true);
  });

  test('tells a reload when no valid files have been read yet', async () => {
    const world = new LoopWorld(ONE, MISSING);
    const reload = world.loop.reload();
    await world.clock.advance(0);
    expect(await reload).toMatchObject({ outcome: 'unconfigured' });
  });
});

describe('the triggers of a pass', () => {
  const causes = (world: LoopWorld): readonly (readonly string[])[] =>
    world.passes.map(({ triggers }) => triggers);

  test('are the start when the first files needed a second read', async () => {
    expect(causes(await new LoopWorld(EMPTY, ONE).begin())).toEqual([['start']]);
  });

  test('are the file when a timer began the second read of files that remove something', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(ONE);
    await world.clock.advance(250);
    expect(causes(world)).toEqual([['start'], ['file']]);
  });

  test('are the file when it was being written at the first read', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    await world.write(BEING_WRITTEN);
    await world.clock.advance(100);
    world.content = TWO;
    await world.clock.advance(1000);
    expect(causes(world)).toEqual([['start'], ['file']]);
  });

  test('are the file when the second read finds another content', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    await world.write(ONE);
    world.content = HEAVY;
    await world.clock.advance(1000);
    expect(isSameTable(world.ipvs.table(), HEAVY)).toBe(true);
    expect(causes(world)).toEqual([['start'], ['file']]);
  });

  test('name the first read before an event that reads the same content again', async () => {
    const world = await new LoopWorld(TWO, TWO).begin();
    world.content = ONE;
    const reload = world.loop.reload();
    await world.clock.advance(100);
    await world.write(ONE);
    await world.clock.advance(150);
    expect(await reload).toMatchObject({ triggers: ['reload', 'file'], outcome: 'applied' });
  });

  test('are the new event alone when another content replaces one that awaited its second read', async () => {
    const world = await new LoopWorld(ONE, ONE).begin();
    world.content = tableOf({});
    void world.loop.reload();
    await world.clock.advance(100);
    await world.write(TWO);
    expect(causes(world)).toEqual([['start'], ['reload'], ['file']]);
  });

  test('are the new event when an earlier event already led to the second read', async () => {
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

describe('the end of a loop', () => {
  test('leaves the table as it is, answers every caller, and stops every timer', async () => {
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

  test('comes between two waves of a pass, and rolls nothing back', async () => {
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

test('the state says how the files are watched', async () => {
  const world = await new LoopWorld(ONE, ONE).begin();
  world.loop.setWatchMode('poll', 'inotify is exhausted');
  expect(world.state.watch).toEqual({ mode: 'poll', reason: 'inotify is exhausted' });
});
