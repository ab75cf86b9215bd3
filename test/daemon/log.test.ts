import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/daemon/log/log.ts';
import type { LogFormat, LogLevel } from '../../src/daemon/log/log-options.ts';
import { RepetitionLimit } from '../../src/daemon/log/repetition.ts';

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
  it('writes text with the time, the level and the message, and indents further lines', () => {
    const { log, lines } = logged('text');
    log.warn({ event: 'config-invalid' }, 'not valid\na.yaml:3:5: no such key\n');
    expect(lines.join('')).toBe(
      '2026-05-04T12:00:00Z warn  not valid\n    a.yaml:3:5: no such key\n',
    );
  });

  it('writes one line of JSON with its fields for each entry', () => {
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

  it('writes the priority before every line for the journal', () => {
    const { log, lines } = logged('journal', 'debug');
    log.error({ event: 'a' }, 'bad\nworse');
    log.warn({ event: 'b' }, 'odd');
    log.info({ event: 'c' }, 'fine');
    log.debug({ event: 'd' }, 'detail');
    expect(lines.join('')).toBe('<3>bad\n<3>worse\n<4>odd\n<6>fine\n<7>detail\n');
  });

  it('leaves out entries below its level', () => {
    const { log, lines } = logged('text', 'warn');
    log.info({ event: 'a' }, 'fine');
    log.error({ event: 'b' }, 'bad');
    expect(lines).toHaveLength(1);
  });
});

describe('a lasting problem', () => {
  it('is logged again after 1, 2, 4 minutes and so on, with the number of repetitions', () => {
    let now = 0;
    const limit = new RepetitionLimit(() => now);
    const said: (readonly [number, number])[] = [];
    for (; now < 1000; now += 5) {
      const repetition = limit.note('config', 'bad file');
      if (repetition) said.push([now, repetition.repeated]);
    }
    expect(said).toEqual([
      [0, 0],
      [60, 12],
      [180, 24],
      [420, 48],
      [900, 96],
    ]);
  });

  it('is logged at least every hour, however long it lasts', () => {
    let now = 0;
    const limit = new RepetitionLimit(() => now);
    let last = 0;
    for (; now < 200_000; now += 60) {
      if (!limit.note('config', 'bad file')) continue;
      expect(now - last).toBeLessThanOrEqual(3660);
      last = now;
    }
    expect(last).toBeGreaterThan(190_000);
  });

  it('is logged at once when its text changes, and again after it had ended', () => {
    const limit = new RepetitionLimit(() => 0);
    expect(limit.note('config', 'a')).toEqual({ repeated: 0, forSeconds: 0 });
    expect(limit.note('config', 'a')).toBeUndefined();
    expect(limit.note('kernel', 'a')).toBeDefined();
    expect(limit.note('config', 'b')).toBeDefined();
    expect(limit.end('config')).toBe(true);
    expect(limit.end('config')).toBe(false);
    expect(limit.note('config', 'b')).toEqual({ repeated: 0, forSeconds: 0 });
  });
});
