import { expect, test } from 'vitest';
import { SCHEDULER_FLAGS, SCHEDULERS, schedulerFlagNames } from '../../src/model/scheduler.ts';

test.each([
  ['sh', 0x18, ['sh-fallback', 'sh-port']],
  ['mh', 0x18, ['mh-fallback', 'mh-port']],
  ['mh', 0x38, ['mh-fallback', 'mh-port', 'flag-3']],
  ['rr', 0x28, ['flag-1', 'flag-3']],
  ['rr', 0x10, ['flag-2']],
  ['sh', 0, []],
  ['sh', 0x47, []],
])('flags of %s, %i, are named %j', (scheduler, bits, names) => {
  expect(schedulerFlagNames(scheduler, bits)).toEqual(names);
});

test('the names of flag bits read back as the same bits, for every scheduler', () => {
  for (const scheduler of [...SCHEDULERS, 'other']) {
    for (let bits = 0; bits <= 0x38; bits += 8) {
      const read = schedulerFlagNames(scheduler, bits).map((name) => {
        const flag = SCHEDULER_FLAGS.find((known) => known.name === name);
        expect(flag?.scheduler === undefined || flag.scheduler === scheduler).toBe(true);
        return flag?.bit ?? Number.NaN;
      });
      expect(read.reduce((sum, bit) => sum | bit, 0)).toBe(bits);
      expect(read.every(Number.isInteger)).toBe(true);
    }
  }
});
