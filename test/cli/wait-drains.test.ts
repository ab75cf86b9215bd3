import { expect, test, vi } from 'vitest';
import { waitForDrains } from '../../src/cli/wait-drains.ts';
import { IpvstateError } from '../../src/errors.ts';
import type { Drain } from '../../src/plan/drain/drain.ts';
import { plan } from '../../src/plan/plan.ts';
import type { Report } from '../../src/plan/report.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { ManualClock } from '../support/temporary-state.ts';

const drainOf = (destination: string, connections: number, secondsLeft = 60): Drain => ({
  service: keyOf('tcp://192.0.2.1:80'),
  destination: destinationKeyOf(destination),
  connections,
  remembered: connections,
  secondsLeft,
  lingerSeconds: 120,
  deadlineSeconds: 100,
  weight: 1,
});

function report(drains: readonly Drain[], rest: Partial<Report> = {}): Report {
  const nothing = {
    passes: 1,
    failures: [],
    error: undefined,
    refusals: [],
    differences: [],
    contested: [],
    overrides: [],
    health: [],
    warnings: [],
  };
  return {
    outcome: 'applied',
    plan: plan(tableOf({}), tableOf({})),
    done: 1,
    drains,
    ...nothing,
    ...rest,
  };
}

async function wait(first: Report, later: readonly (Report | Error)[]) {
  const lines: string[] = [];
  const rounds = [...later];
  const waited = await waitForDrains(first, {
    clock: new ManualClock(),
    signal: new AbortController().signal,
    note: (line) => lines.push(line),
    reconcileAgain: async () => {
      const next = rounds.shift();
      if (!next) throw new Error('it looked once more');
      if (next instanceof Error) throw next;
      return next;
    },
  });
  return { ...waited, lines, left: rounds.length };
}

test('prints a drain when its connections change, and every ten seconds', async () => {
  const rounds = [
    ...Array.from({ length: 12 }, () =>
      report([drainOf('10.0.0.1:80', 2)], { outcome: 'in-sync', done: 0 }),
    ),
    report([]),
  ];
  const {
    lines,
    report: last,
    deletedCount,
  } = await wait(report([drainOf('10.0.0.1:80', 3)]), rounds);
  expect(lines.map((line) => /\d+ connections/.exec(line)?.[0])).toEqual([
    '3 connections',
    '2 connections',
    '2 connections',
  ]);
  expect(last).toMatchObject({ outcome: 'applied', done: 2, drains: [] });
  expect(deletedCount).toBe(1);
});

test('notes a warning of a later pass once', async () => {
  const warnings = ['flows get no answer'];
  const rounds = [report([drainOf('10.0.0.1:80', 2)], { warnings }), report([], { warnings })];
  const { lines } = await wait(report([drainOf('10.0.0.1:80', 2)]), rounds);
  expect(lines.slice(1)).toEqual(['warning: flows get no answer']);
});

test('waits until the last of several drains has ended', async () => {
  const both = [drainOf('10.0.0.1:80', 1), drainOf('10.0.0.2:80', 1)];
  const { deletedCount, left } = await wait(report(both), [report(both.slice(1)), report([])]);
  expect([deletedCount, left]).toEqual([2, 0]);
});

test('ends with the report of a refused delete', async () => {
  const both = [drainOf('10.0.0.1:80', 1), drainOf('10.0.0.2:80', 1)];
  const refused = report(both.slice(1), { outcome: 'refused', done: 0 });
  const { report: last, deletedCount } = await wait(report(both), [refused]);
  expect(last).toMatchObject({ outcome: 'refused', done: 1, drains: both });
  expect(deletedCount).toBe(0);
});

test('ends with the error of a table that cannot be read', async () => {
  const error = new IpvstateError('UNSTABLE', 'the live table changed');
  const { report: last } = await wait(report([drainOf('10.0.0.1:80', 1)]), [error]);
  expect(last).toMatchObject({ outcome: 'partial', error, done: 1, drains: [{ connections: 1 }] });
});

test('throws the error of a bug', async () => {
  await expect(wait(report([drainOf('10.0.0.1:80', 1)]), [new TypeError('bug')])).rejects.toThrow(
    'bug',
  );
});

test('adds one listener to the signal, however long it waits', async () => {
  const { signal } = new AbortController();
  const listen = vi.spyOn(signal, 'addEventListener');
  let rounds = 0;
  const still = report([drainOf('10.0.0.1:80', 1)]);
  await waitForDrains(still, {
    clock: new ManualClock(),
    signal,
    note: () => {},
    reconcileAgain: async () => (++rounds < 20 ? still : report([])),
  });
  expect(listen).toHaveBeenCalledTimes(1);
});
