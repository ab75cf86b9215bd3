import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/daemon/health/answer.ts';
import type { OnTurn } from '../../../src/daemon/health/check-command.ts';
import { HealthChecks } from '../../../src/daemon/health/health-checks.ts';
import { type DrainKey, drainKey } from '../../../src/model/drain.ts';
import type { DestinationHealth, HealthState } from '../../../src/model/health.ts';
import { CHECKED } from '../../support/checked.ts';
import { desiredOf, destinationKeyOf, keyOf, servicesOf } from '../../support/tables.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';

const WEB = keyOf('tcp://192.0.2.1:80');
const FIRST = drainKey(WEB, destinationKeyOf('10.0.0.1:80'));

const GOOD: Answer = { verdict: 'good', reason: 'connected' };
const BAD: Answer = { verdict: 'bad', reason: 'connection refused' };

/** Files with so many destinations, which are all checked in one way. */
function files(count: number, health: DestinationHealth = CHECKED) {
  const names = Array.from(
    { length: count },
    (_, index) => `10.0.${index >> 8}.${(index & 255) + 1}:80`,
  );
  const services = servicesOf({
    [WEB]: { destinations: Object.fromEntries(names.map((name) => [name, 5])) },
  });
  const destinations = new Map(names.map((name) => [destinationKeyOf(name), health]));
  const own = { maxUnhealthy: undefined, fallback: new Map(), destinations };
  const policy = { protect: false, drain: undefined, preserve: new Map(), health: own };
  return desiredOf(services, {
    policy: { manage: undefined, sysctls: undefined, services: new Map([[WEB, policy]]) },
  });
}

function checking(
  answer: (onTurn: OnTurn) => Answer | Promise<Answer> = () => GOOD,
  stored?: { readonly savedSeconds: number; readonly states: ReadonlyMap<DrainKey, HealthState> },
  random = () => 0.5,
) {
  const clock = new VirtualClock();
  const begun: { readonly key: string; readonly at: number }[] = [];
  const changes: string[] = [];
  const unknowns: string[] = [];
  let effects = 0;
  const checks = new HealthChecks(
    {
      clock,
      nowSeconds: () => 1000 + clock.now() / 1000,
      random,
      check: async (_, { key }, _service, onTurn) => {
        begun.push({ key, at: clock.now() });
        return answer(onTurn);
      },
      onAnswer: () => {},
      onChange: ({ isHealthy, reason }) => changes.push(`${isHealthy} ${reason}`),
      onUnknown: (service, reason) => unknowns.push(`${service} ${reason}`),
      onEffect: () => effects++,
    },
    stored,
  );
  return { checks, clock, begun, changes, unknowns, effects: () => effects };
}

describe('the health checks', () => {
  it('check each destination once in an interval, evenly spread', async () => {
    const { checks, clock, begun } = checking();
    checks.follow(files(100));
    await clock.advance(20_000);
    const first = begun.filter(({ key }) => key === '10.0.0.1:80').map(({ at }) => at);
    expect(first.length).toBe(11);
    expect(new Set(first.map((at, index) => at - (first[index - 1] ?? at - 2000)))).toEqual(
      new Set([2000]),
    );
    // There are 50 checks a second: 5 in each tenth of a second.
    for (let from = 0; from < 2000; from += 100) {
      const count = begun.filter(({ at }) => at >= from && at < from + 100).length;
      expect(count).toBeGreaterThanOrEqual(3);
      expect(count).toBeLessThanOrEqual(7);
    }
    checks.stop();
    expect(clock.next).toBeUndefined();
  });

  it('make each interval longer or shorter by the jitter, and keep its mean', async () => {
    const numbers = [0, 0.5, 0.75, 0.25];
    let taken = 0;
    const random = () => numbers[taken++ % numbers.length] ?? 0;
    const { checks, clock, begun } = checking(() => GOOD, undefined, random);
    checks.follow(files(1, { ...CHECKED, jitter: 0.2 }));
    await clock.advance(20_000);
    const times = begun.map(({ at }) => at);
    expect(times.slice(0, 5).map((at, index) => (times[index + 1] ?? 0) - at)).toEqual([
      1600, 2000, 2200, 1800, 1600,
    ]);
  });

  it('never check a destination that a check of is under way', async () => {
    let finish: (answer: Answer) => void = () => {};
    const { checks, clock, begun } = checking(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    checks.follow(files(1));
    await clock.advance(60_000);
    expect(begun.length).toBe(1);
    finish(GOOD);
    await clock.advance(1);
    expect(begun.length).toBe(2);
  });

  it('tell when a destination could not be checked fall times in a row', async () => {
    let answer: Answer = { verdict: 'unknown', reason: 'too many open files' };
    const { checks, clock, changes, unknowns } = checking(() => answer);
    checks.follow(files(1));
    await clock.advance(3000);
    expect(unknowns).toEqual([]);
    await clock.advance(20_000);
    expect(unknowns).toEqual([`${WEB} too many open files`]);
    answer = GOOD;
    await clock.advance(2000);
    answer = { verdict: 'unknown', reason: 'no memory' };
    await clock.advance(20_000);
    expect(unknowns).toEqual([`${WEB} too many open files`, `${WEB} no memory`]);
    expect(changes).toEqual([]);
  });

  it('count the wait for a turn not as latency, and let no former check begin', async () => {
    let turn: OnTurn = () => false;
    let finish: (answer: Answer) => void = () => {};
    const { checks, clock, begun } = checking(
      (onTurn) =>
        new Promise((resolve) => {
          turn = onTurn;
          finish = resolve;
        }),
    );
    checks.follow(files(1));
    await clock.advance(2000);
    await clock.advance(3000);
    const waited = clock.now() - (begun[0]?.at ?? 0);
    expect(turn(waited / 1000)).toBe(true);
    await clock.advance(250);
    finish(GOOD);
    await settle();
    expect(checks.destinations[0]?.last?.latencySeconds).toBeCloseTo(0.25);
    await clock.advance(2000);
    checks.follow(files(1, { ...CHECKED, port: 81 }));
    expect(turn(1)).toBe(false);
  });

  it('find a destination unhealthy after fall bad answers, and healthy after rise good ones', async () => {
    let answer = BAD;
    const { checks, clock, changes, effects } = checking(() => answer);
    checks.follow(files(1));
    await clock.advance(3000);
    expect(checks.states.get(FIRST)?.isHealthy).toBe(true);
    await clock.advance(2000);
    expect(checks.states.get(FIRST)).toEqual({
      ...{ isHealthy: false, sinceSeconds: 1004, reason: 'connection refused' },
    });
    expect([...checks.notable.keys()]).toEqual([FIRST]);
    answer = GOOD;
    await clock.advance(4000);
    expect(changes).toEqual(['false connection refused', 'true connected']);
    expect(effects()).toBe(2);
    expect(checks.notable.size).toBe(0);
  });

  it('learn nothing from a check that this machine could not make', async () => {
    const { checks, clock, changes } = checking(() => ({
      verdict: 'unknown',
      reason: 'no memory',
    }));
    checks.follow(files(1));
    await clock.advance(60_000);
    expect(changes).toEqual([]);
    expect(checks.destinations[0]?.last?.reason).toBe('no memory');
  });

  it('learn nothing from a check with a bug', async () => {
    const { checks, clock, changes } = checking(() => {
      throw new Error('a bug');
    });
    checks.follow(files(1));
    await clock.advance(10_000);
    expect(changes).toEqual([]);
    expect(checks.destinations[0]?.last?.reason).toContain('a bug');
  });

  it('keep the states of unchanged checks when files are reloaded', async () => {
    const { checks, clock } = checking(() => BAD);
    checks.follow(files(1));
    await clock.advance(10_000);
    checks.follow(files(2, { ...CHECKED, intervalSeconds: 5 }));
    expect(checks.states.get(FIRST)?.isHealthy).toBe(false);
    expect(checks.states.size).toBe(2);
    checks.follow(files(1, { ...CHECKED, port: 8080 }));
    expect(checks.states.get(FIRST)?.isHealthy).toBe(true);
    checks.follow(files(0));
    expect(checks.states.size).toBe(0);
    await settle();
    expect(clock.next).toBeUndefined();
  });

  it('make plans again every second while a weight rises', async () => {
    let answer = BAD;
    const { checks, clock, effects } = checking(() => answer);
    checks.follow(files(1, { ...CHECKED, fall: 1, rise: 1, slowStartSeconds: 10 }));
    await clock.advance(1);
    answer = GOOD;
    await clock.advance(2000);
    expect(checks.states.get(FIRST)).toMatchObject({ isHealthy: true, rampEndSeconds: 1012 });
    expect([...checks.notable.keys()]).toEqual([FIRST]);
    const before = effects();
    await clock.advance(10_000);
    expect(effects() - before).toBe(10);
    await clock.advance(60_000);
    expect(effects() - before).toBe(10);
    expect(checks.states.get(FIRST)).not.toHaveProperty('rampEndSeconds');
  });

  it.each([
    { age: 50, interval: 5, isTrusted: true },
    { age: 51, interval: 5, isTrusted: false },
    { age: 30, interval: 1, isTrusted: true },
    { age: 31, interval: 1, isTrusted: false },
  ])(
    'trust a stored state after a restart for ten intervals, and 30 s at least: $age s of $interval s',
    ({ age, interval, isTrusted }) => {
      const states = new Map([
        [FIRST, { isHealthy: false, sinceSeconds: 900, reason: 'HTTP 503' }],
      ]);
      const { checks } = checking(() => GOOD, { savedSeconds: 1000 - age, states });
      checks.follow(files(1, { ...CHECKED, intervalSeconds: interval }));
      expect(checks.states.get(FIRST)?.isHealthy).toBe(!isTrusted);
      checks.stop();
    },
  );
});
