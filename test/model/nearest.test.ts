import { expect, test } from 'vitest';
import { nearest } from '../../src/model/nearest.ts';

test('the nearest names are those with a few letters more, less, other or swapped', () => {
  expect(nearest('shpo', ['shop', 'shops', 'mail', 'shoppers'])).toEqual(['shop']);
  expect(nearest('tcp://192.0.2.10:433', ['tcp://192.0.2.10:443', 'udp://192.0.2.10:53'])).toEqual([
    'tcp://192.0.2.10:443',
  ]);
});

test('at most three names are returned, the nearest first, each once', () => {
  expect(nearest('web-12', ['web-1', 'web-2', 'web-12', 'web-13', 'web-1'])).toEqual([
    'web-12',
    'web-1',
    'web-13',
  ]);
});

test('no name is returned when none is near', () => {
  expect(nearest('database', ['shop', 'mail'])).toEqual([]);
  expect(nearest('x', [])).toEqual([]);
});
