import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';

const ipvsadm = (...args: string[]) => execFileSync('ipvsadm', args, { encoding: 'utf8' });

afterEach(() => {
  ipvsadm('-C');
});

test('the kernel has IPVS and its table is empty', () => {
  expect(readFileSync('/proc/modules', 'utf8')).toMatch(/^ip_vs /m);
  expect(ipvsadm('-S', '-n')).toBe('');
});

test('ipvsadm writes to the table and the kernel loads the scheduler that was asked for', () => {
  ipvsadm('-A', '-t', '192.0.2.10:80', '-s', 'mh');
  ipvsadm('-a', '-t', '192.0.2.10:80', '-r', '127.0.0.1:8080', '-m', '-w', '3');

  expect(readFileSync('/proc/modules', 'utf8')).toMatch(/^ip_vs_mh /m);
  expect(ipvsadm('-S', '-n')).toBe('-A -t 192.0.2.10:80 -s mh\n-a -t 192.0.2.10:80 -r 127.0.0.1:8080 -m -w 3\n');
});
