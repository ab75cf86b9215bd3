import { expect, test } from 'vitest';
import { assertTableIsExpendable, isUserModeLinux } from './this-kernel.ts';

test('User-Mode Linux is recognised by the vendor of its processor', () => {
  expect(isUserModeLinux('processor\t: 0\nvendor_id\t: User Mode Linux\nmodel name\t: UML\n')).toBe(
    true,
  );
  expect(isUserModeLinux('processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\n')).toBe(
    false,
  );
});

test('the kernel tests refuse a kernel that is not User-Mode Linux, except with consent', () => {
  expect(() => assertTableIsExpendable(false, undefined)).toThrow(
    'IPVSTATE_TEST_WIPES_THIS_HOST=yes',
  );
  expect(() => assertTableIsExpendable(false, 'no')).toThrow();
  expect(() => assertTableIsExpendable(false, 'yes')).not.toThrow();
});

test('the kernel tests accept User-Mode Linux', () => {
  expect(() => assertTableIsExpendable(true, undefined)).not.toThrow();
});
