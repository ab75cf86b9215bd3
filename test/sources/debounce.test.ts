import { expect, test } from 'vitest';
import { jittered } from '../../src/sources/files/clock.ts';
import { debounce } from '../../src/sources/files/debounce.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function start() {
  const clock = new VirtualClock();
  const calls: number[] = [];
  return {
    clock,
    calls,
    wait: debounce(clock, { quiet: 250, ceiling: 2000 }, () => calls.push(clock.now())),
  };
}

test('one event leads to one call after the quiet time', async () => {
  const { clock, calls, wait } = start();
  wait.touch();
  await clock.advance(249);
  expect(calls).toEqual([]);
  await clock.advance(10_000);
  expect(calls).toEqual([250]);
});

test('each event starts the quiet time again: the last of several writes is read', async () => {
  const { clock, calls, wait } = start();
  for (let write = 0; write < 4; write++) {
    wait.touch();
    await clock.advance(200);
  }
  expect(calls).toEqual([]);
  await clock.advance(10_000);
  expect(calls).toEqual([850]);
});

test('events that never cease lead to a call every two seconds', async () => {
  const { clock, calls, wait } = start();
  for (let write = 0; write < 100; write++) {
    wait.touch();
    await clock.advance(50);
  }
  expect(calls).toEqual([2000, 4000]);
});

test('the ceiling counts from the first event after a call', async () => {
  const { clock, calls, wait } = start();
  wait.touch();
  await clock.advance(5000);
  for (let write = 0; write < 41; write++) {
    wait.touch();
    await clock.advance(50);
  }
  expect(calls).toEqual([250, 7000]);
});

test('cancelled events are forgotten', async () => {
  const { clock, calls, wait } = start();
  wait.touch();
  wait.cancel();
  await clock.advance(10_000);
  expect(calls).toEqual([]);
  expect(clock.next).toBeUndefined();
});

test('jitter varies a time by a tenth in both directions', () => {
  expect([0, 0.5, 1].map((value) => jittered(5000, () => value))).toEqual([4500, 5000, 5500]);
});
