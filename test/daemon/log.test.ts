import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/daemon/log/log.ts';
import type { LogFormat, LogLevel } from '../../src/daemon/log/log-options.ts';
import { Repetition } from '../../src/daemon/log/repetition.ts';

function logged(
  format: LogFormat,
  level: LogLevel = 'info',
): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  const log = createLog({
    format,
    level,
    write: (text) => lines.push(text),
    now: () => new Date('2026-05-04T12:00:00.125Z'),
  });
  return { lines, log };
}

describe('the log', () => {
  it('as text has the time, the level and the message, further lines indented', () => {
    const { log, lines } = logged('text');
    log.warn({ event: 'config-invalid' }, 'not valid\na.yaml:3:5: no such key\n');
    expect(lines.join('')).toBe(
      '2026-05-04T12:00:00Z warn  not valid\n    a.yaml:3:5: no such key\n',
    );
  });

  it('as JSON is one line per event with its fields', () => {
    const { log, lines } = logged('json');
    log.info({ event: 'applied', operations: 3 }, 'applied\n2 lines');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: '2026-05-04T12:00:00.125Z',
      event: 'applied',
      operations: 3,
      msg: 'applied\n2 lines',
    });
  });

  it('for the journal puts the priority before every line', () => {
    const { log, lines } = logged('journal', 'debug');
    log.error({ event: 'a' }, 'bad\nworse');
    log.warn({ event: 'b' }, 'odd');
    log.info({ event: 'c' }, 'fine');
    log.debug({ event: 'd' }, 'detail');
    expect(lines.join('')).toBe('<3>bad\n<3>worse\n<4>odd\n<6>fine\n<7>detail\n');
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = logged('text', 'warn');
    log.info({ event: 'a' }, 'fine');
    log.error({ event: 'b' }, 'bad');
    expect(lines).toHaveLength(1);
  });
});

describe('what stays the same', () => {
  it('is said again after 1, 2, 4 minutes and so on, with the number of times', () => {
    let now = 0;
    const repetition = new Repetition(() => now);
    const said: (readonly [number, number])[] = [];
    for (; now < 1000; now += 5) {
      const saying = repetition.check('config', 'bad file');
      if (saying) said.push([now, saying.repeated]);
    }
    expect(said).toEqual([
      [0, 0],
      [60, 12],
      [180, 24],
      [420, 48],
      [900, 96],
    ]);
  });

  it('is said at least every hour, however long it lasts', () => {
    let now = 0;
    const repetition = new Repetition(() => now);
    let last = 0;
    for (; now < 200_000; now += 60) {
      if (!repetition.check('config', 'bad file')) continue;
      expect(now - last).toBeLessThanOrEqual(3660);
      last = now;
    }
    expect(last).toBeGreaterThan(190_000);
  });

  it('is said at once when it is another thing, and anew once it was over', () => {
    const repetition = new Repetition(() => 0);
    expect(repetition.check('config', 'a')).toEqual({ repeated: 0, forSeconds: 0 });
    expect(repetition.check('config', 'a')).toBeUndefined();
    expect(repetition.check('kernel', 'a')).toBeDefined();
    expect(repetition.check('config', 'b')).toBeDefined();
    expect(repetition.clear('config')).toBe(true);
    expect(repetition.clear('config')).toBe(false);
    expect(repetition.check('config', 'b')).toEqual({ repeated: 0, forSeconds: 0 });
  });
});
