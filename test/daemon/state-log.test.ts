import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/daemon/log/log.ts';
import { RepetitionLimit } from '../../src/daemon/log/repetition.ts';
import { StateLog } from '../../src/daemon/log/state-log.ts';
import type { Table } from '../../src/model/table.ts';
import { type Content, LoopWorld, tableWith, type WorldOptions } from '../support/loop-world.ts';
import { tableOf } from '../support/tables.ts';

const WANTED = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 1 } } });
const MOVED = tableWith({ 'tcp://192.0.2.2:80': { destinations: { '10.0.0.3:80': 5 } } });

interface Line {
  readonly level: string;
  readonly event: string;
  readonly msg: string;
}

/** Starts a loop whose states are logged. */
async function logged(
  live: Table,
  content: Content,
  options: WorldOptions = {},
): Promise<{ readonly world: LoopWorld; readonly lines: Line[] }> {
  const lines: Line[] = [];
  const log = createLog({
    format: 'json',
    level: 'info',
    write: (line) => lines.push(JSON.parse(line)),
  });
  let seconds = 0;
  const stateLog = new StateLog(log, new RepetitionLimit(() => seconds++), () => new Map());
  const world = new LoopWorld(live, content, {
    ...options,
    onState: (state, previous) => stateLog.changed(state, previous),
  });
  await world.begin();
  lines.length = 0;
  return { world, lines };
}

async function reverse(world: LoopWorld, times: number, table: Table): Promise<void> {
  for (let time = 0; time < times; time++) {
    await world.foreign(table);
    await world.clock.advance(5000);
  }
}

describe('the log of the states', () => {
  it('names a contested object once, and does not say that the table is in sync', async () => {
    const { world, lines } = await logged(WANTED, WANTED);
    await reverse(world, 3, MOVED);
    await world.clock.advance(20_000);
    expect(lines.map(({ level, event }) => `${level} ${event}`)).toEqual([
      'warn applied',
      'warn applied',
      'warn contested',
    ]);
    expect(lines.at(-1)?.msg).toContain('left alone for 1m');
  });

  it('has an error for drift that left a service without a usable server', async () => {
    const { world, lines } = await logged(WANTED, WANTED);
    await reverse(world, 1, tableWith({}));
    expect(lines).toMatchObject([
      {
        level: 'error',
        event: 'applied',
        msg: expect.stringContaining('without a usable server until then: tcp://192.0.2.2:80'),
      },
    ]);
  });

  it('says that a contested object is put back where clients would get no answer', async () => {
    const { world, lines } = await logged(WANTED, WANTED);
    await reverse(world, 8, tableWith({}));
    const contested = lines.filter(({ event }) => event === 'contested');
    expect(contested).toHaveLength(1);
    expect(contested[0]?.msg).toContain('put back each time');
    // The fight goes on, and is logged at growing intervals only.
    expect(lines.filter(({ event }) => event === 'applied').length).toBeLessThan(5);
  });

  it('has an error for a service that stays unserved, and a line when it is served again', async () => {
    const { world, lines } = await logged(WANTED, WANTED, { drift: 'report' });
    await reverse(world, 1, tableWith({}));
    await world.clock.advance(20_000);
    const unserved = lines.filter(({ event }) => event === 'unserved');
    expect(unserved).toMatchObject([
      { level: 'error', msg: expect.stringContaining('tcp://192.0.2.2:80') },
    ]);
    await reverse(world, 1, WANTED);
    expect(lines.at(-1)).toMatchObject({ level: 'info', event: 'served' });
  });

  it('says without an error that a pass was stopped before its first operation', async () => {
    const { world, lines } = await logged(WANTED, WANTED, {
      announce: async () => {
        void world.loop.stop();
      },
    });
    await world.write(MOVED);
    await world.loop.done;
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
    expect(lines.at(-1)?.msg).toBe('stopped between two operations: 0 operations done');
  });

  it('says that nothing is written when files are invalid and none were applied before', async () => {
    const { world, lines } = await logged(WANTED, tableOf({}));
    await world.write('nonsense');
    expect(lines.at(-1)).toMatchObject({
      event: 'config-invalid',
      msg: expect.stringContaining('nothing is written'),
    });
  });
});
