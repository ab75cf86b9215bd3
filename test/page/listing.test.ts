import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countStates, FIRST_LISTING, listServices } from '../../src/daemon/page/listing.ts';
import { placeRows, rowsBetween } from '../../src/daemon/page/visible-rows.ts';
import { SITE, serviceOf } from './samples.ts';

const names = (listing: Partial<typeof FIRST_LISTING>): (string | null)[] =>
  listServices(SITE, { ...FIRST_LISTING, ...listing }).map(({ name }) => name);

describe('the list of services', () => {
  it('has those that contain each word, in any order and letter case', () => {
    expect(names({ text: 'SHOP 443' })).toEqual(['shop', 'shop6']);
    expect(names({ text: '2001:db8' })).toEqual(['dns6', 'shop6']);
    expect(names({ text: 'nothing' })).toEqual([]);
  });

  it('begins with the worst state, and then follows the names', () => {
    const services = [
      serviceOf({ service: 'tcp://192.0.2.1:1', name: 'b' }),
      serviceOf({ service: 'tcp://192.0.2.2:1', name: 'a' }),
      serviceOf({ service: 'tcp://192.0.2.3:1', rest: { state: 'draining' } }),
      serviceOf({ service: 'tcp://192.0.2.4:1', rest: { state: 'unserved' } }),
    ];
    expect(listServices(services, FIRST_LISTING).map(({ service }) => service.at(-3))).toEqual([
      ...['4', '3', '2', '1'],
    ]);
    expect(countStates(services)).toEqual([
      ['unserved', 1],
      ['draining', 1],
      ['ok', 2],
    ]);
  });

  it('compares numbers of addresses as numbers', () => {
    const services = [10, 9, 100].map((host) => serviceOf({ service: `tcp://192.0.2.${host}:80` }));
    const listed = listServices(services, { ...FIRST_LISTING, sort: 'address' });
    expect(listed.map(({ service }) => service)).toEqual([
      ...['tcp://192.0.2.9:80', 'tcp://192.0.2.10:80', 'tcp://192.0.2.100:80'],
    ]);
  });
});

describe('the rows on the screen', () => {
  const heights = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 200 });

  it('cover each place of the list', () => {
    fc.assert(
      fc.property(heights, fc.nat(50_000), fc.nat(2000), (all, from, length) => {
        const places = placeRows(all);
        const [first, end] = rowsBetween(places, from, from + length);
        const height = places.tops.at(-1) ?? 0;
        const to = Math.min(from + length, height);
        if (from >= height) return;
        expect(places.tops[first]).toBeLessThanOrEqual(from);
        expect(places.tops[end]).toBeGreaterThanOrEqual(to);
      }),
    );
  });

  it('are few, however long the list is', () => {
    const places = placeRows(Array.from({ length: 100_000 }, () => 34));
    const [first, end] = rowsBetween(places, 1_700_000, 1_701_000);
    expect(end - first).toBeLessThan(50);
  });

  it('are none in an empty list', () => {
    expect(rowsBetween(placeRows([]), 0, 1000)).toEqual([0, 0]);
  });
});
