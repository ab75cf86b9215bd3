import { expect, test } from 'vitest';
import { newestOfEachSeries } from '../../.ci/debian-kernels.js';

test('the kernels are the newest of each series, by number and not by letter', () => {
  const versions = ['6.12.9+deb13', '6.1.0-9', '6.12.117+deb13', '6.1.0-53', '7.3.4+deb13'];
  expect(newestOfEachSeries(versions)).toEqual(['6.1.0-53', '6.12.117+deb13', '7.3.4+deb13']);
  expect(newestOfEachSeries([])).toEqual([]);
});
