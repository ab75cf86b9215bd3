import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DestinationPlots, withReading } from '../../src/daemon/page/destination-plots.ts';
import { FIRST_STATE, follow } from '../../src/daemon/page/page-state.ts';
import { holds } from '../support/properties.ts';
import { serviceOf, servicesDocumentOf } from './samples.ts';

const SHOP = 'tcp://192.0.2.10:443';
const FIRST = '10.1.0.11:8443';
const SECOND = '10.1.0.12:8443';

/** The service with so many destinations, which have these connections per second. */
const shop = (destinations: number, connections: number, live = true) =>
  serviceOf({
    ...{ service: SHOP, name: 'shop', destinations, level: 0 },
    change: (row) => ({ live, rates: { ...row.rates, connections } }),
  });

const timeOf = (seconds: number): string =>
  new Date(1_800_000_000_000 + seconds * 1000).toISOString();

/** The plots after readings at these seconds, each with as many connections as its number. */
const plotsAfter = (...seconds: readonly number[]): DestinationPlots | undefined =>
  seconds.reduce<DestinationPlots | undefined>(
    (before, second, index) => withReading(before, shop(1, index), timeOf(second)),
    undefined,
  );

const connectionsOf = (plots: DestinationPlots | undefined, destination = FIRST) =>
  plots?.plots.get(destination)?.connections;

describe('the plots of the destinations of an open service', () => {
  it('have the first reading of each interval of 10 seconds', () => {
    expect(connectionsOf(plotsAfter(0, 2, 4, 10, 12, 21))).toEqual([0, 3, 5]);
  });

  it('have gaps while nobody looked, and begin anew after 15 minutes or an earlier time', () => {
    expect(connectionsOf(plotsAfter(0, 30))).toEqual([0, null, null, 1]);
    expect(connectionsOf(plotsAfter(0, 900))).toEqual([1]);
    expect(connectionsOf(plotsAfter(60, 0))).toEqual([1]);
  });

  it('begin later for a destination that was added, and forget one that is gone', () => {
    const two = withReading(plotsAfter(0, 10), shop(2, 7), timeOf(20));
    expect(connectionsOf(two)).toEqual([0, 1, 7]);
    expect(connectionsOf(two, SECOND)).toEqual([null, null, 7]);
    expect(withReading(two, shop(1, 8), timeOf(30)).plots.has(SECOND)).toBe(false);
  });

  it('have no value for a destination that the kernel does not have', () => {
    expect(connectionsOf(withReading(plotsAfter(0), shop(1, 5, false), timeOf(10)))).toEqual([
      0,
      null,
    ]);
  });

  it('are as long as the time since the first reading, and 90 values at most', () =>
    holds(
      fc.property(fc.array(fc.nat(2000), { minLength: 1, maxLength: 40 }), (steps) => {
        let second = 0;
        let first = 0;
        let plots: DestinationPlots | undefined;
        for (const step of [0, ...steps]) {
          second += step;
          const intervals = Math.floor(second / 10) - (plots ? plots.interval - ORIGIN : 0);
          if (intervals >= 90) first = second;
          plots = withReading(plots, shop(1, 1), timeOf(second));
        }
        const length = Math.floor(second / 10) - Math.floor(first / 10) + 1;
        expect(connectionsOf(plots)).toHaveLength(Math.min(90, length));
      }),
    ));

  it('are part of the state of the page, and not of a snapshot without a reading', () => {
    const document = servicesDocumentOf([shop(1, 3)]);
    const state = follow(FIRST_STATE, { kind: 'service', document });
    expect(connectionsOf(state.details.get(SHOP)?.plots)).toEqual([3]);
    const unread = { ...document, at: null };
    const other = follow(FIRST_STATE, { kind: 'service', document: unread });
    expect(other.details.get(SHOP)?.plots).toBeUndefined();
  });
});

/** The interval of the second 0. */
const ORIGIN = 1_800_000_000 / 10;
