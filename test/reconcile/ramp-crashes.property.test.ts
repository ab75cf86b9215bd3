import fc from 'fast-check';
import { test } from 'vitest';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { NO_OVERRIDES, type OverrideRecord, type OverrideStore } from '../../src/model/override.ts';
import type { SetOverrides } from '../../src/plan/overrides/override-request.ts';
import { runOverride } from '../../src/reconcile/override.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { destinationKeyOf, keyOf, tableOf, wholly } from '../support/tables.ts';

const WEB = keyOf('tcp://192.0.2.1:80');
const SERVER = destinationKeyOf('10.0.0.1:80');
const FILE_WEIGHT = 4;

/** The places in which `kill -9` can meet a pass. */
const CRASHES = ['none', 'before-record', 'after-record', 'before-wave', 'after-wave'] as const;

class Crash extends Error {}

/** A pass of the daemon, so many seconds after the last one, and the place where it is killed. */
const visit = fc.record({
  seconds: fc.constantFrom(0, 0.05, 0.4, 1, 2.3, 7),
  isWhole: fc.boolean(),
  crash: fc.constantFrom(...CRASHES),
});

const story = fc.record({
  weight: fc.nat(12).filter((weight) => weight !== FILE_WEIGHT),
  rampSeconds: fc.integer({ min: 1, max: 30 }),
  /** How long the override lasts after its ramp. null: until it is ended. */
  rest: fc.option(fc.integer({ min: 0, max: 20 })),
  visits: fc.array(visit, { maxLength: 30 }),
});

/** Returns true when a ramp does what it promises, whenever the daemon is killed. */
const isKept = (atRestart: (record: OverrideRecord, now: number) => OverrideRecord) =>
  fc.asyncProperty(story, async ({ weight, rampSeconds, rest, visits }) => {
    const desired = wholly(
      tableOf({ [WEB]: { destinations: { '10.0.0.1:80': FILE_WEIGHT, '10.0.0.2:80': 1 } } }),
    );
    const table = openMisbehavingTable(tableOf({ [WEB]: {} }));
    let [now, crash, record]: [number, (typeof CRASHES)[number], OverrideRecord] = [
      1000,
      'none',
      NO_OVERRIDES,
    ];
    const dying = async <T>(place: 'record' | 'wave', act: () => Promise<T>): Promise<T> => {
      if (crash === `before-${place}`) throw new Crash();
      const result = await act();
      if (crash === `after-${place}`) throw new Crash();
      return result;
    };
    const overrides: OverrideStore = {
      now: () => now,
      date: () => new Date(0),
      read: async () => record,
      write: (next) =>
        dying('record', async () => {
          record = next;
        }),
    };
    const edits: { readonly time: number; readonly weight: number }[] = [];
    const weightNow = (): number =>
      table.table().services.get(WEB)?.destinations.get(SERVER)?.weight ?? -1;
    const ipvs: Ipvs = {
      ...table,
      execute: (wave) =>
        dying('wave', async () => {
          const before = weightNow();
          const result = await table.execute(wave);
          if (weightNow() !== before) edits.push({ time: now, weight: weightNow() });
          return result;
        }),
    };
    const pass = async (isWhole: boolean): Promise<void> => {
      const run = isWhole
        ? reconcile(ipvs, desired, { overrides })
        : runOverride(ipvs, desired, undefined, { overrides });
      await run.catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
        record = atRestart(record, now);
      });
    };
    await pass(true);
    edits.length = 0;
    const request: SetOverrides = {
      ...{ kind: 'set', selector: { service: WEB, destinations: ['10.0.0.1'] }, weight },
      ...{ rampSeconds, lastsSeconds: rest === null ? null : rampSeconds + rest },
      ...{ reason: '', owner: null, by: 'alice' },
    };
    await runOverride(ipvs, desired, request, { overrides });
    const begin = now;
    for (const { seconds, isWhole, crash: place } of visits) {
      now += seconds;
      crash = place;
      await pass(isWhole);
    }
    crash = 'none';
    now = Math.max(now, begin + rampSeconds);
    await pass(false);
    const isOver = rest !== null && now >= begin + rampSeconds + rest;
    const ofRamp = edits.filter(({ time }) => rest === null || time < begin + rampSeconds + rest);
    const direction = Math.sign(weight - FILE_WEIGHT);
    const stepSeconds = Math.max(1, rampSeconds / Math.abs(weight - FILE_WEIGHT));
    const steps = ofRamp.map(({ time }) => Math.floor((time - begin) / stepSeconds + 1e-6));
    return (
      weightNow() === (isOver ? FILE_WEIGHT : weight) &&
      new Set(steps).size === steps.length &&
      ofRamp.every((edit, index) => {
        const last = ofRamp[index - 1]?.weight ?? FILE_WEIGHT;
        return Math.sign(edit.weight - last) === direction;
      })
    );
  });

test('a ramp goes one way, with one edit for each step, and ends exactly, wherever a pass is killed', async () => {
  await holds(isKept((record) => record));
});

test('it is found when a ramp begins anew after a restart', async () => {
  await isBrokenBy(
    isKept((record, now) => ({
      ...record,
      overrides: record.overrides.map(({ ramp, ...rest }) => ({
        ...rest,
        ...(ramp && { ramp: { ...ramp, sinceSeconds: now } }),
      })),
    })),
  );
});

test('it is found when the overrides are lost with the daemon', async () => {
  await isBrokenBy(isKept(() => NO_OVERRIDES));
});
