import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { ipvsadm } from './real-programs.ts';

afterEach(async () => {
  await ipvsadm('-C');
});

test('the kernel has IPVS and its table is empty', async () => {
  expect(readFileSync('/proc/modules', 'utf8')).toMatch(/^ip_vs /m);
  expect(await ipvsadm('-S -n')).toBe('');
});

test('ipvsadm adds a service, and the kernel loads its scheduler', async () => {
  await ipvsadm('-A -t 192.0.2.10:80 -s mh');
  await ipvsadm('-a -t 192.0.2.10:80 -r 127.0.0.1:8080 -m -w 3');

  expect(readFileSync('/proc/modules', 'utf8')).toMatch(/^ip_vs_mh /m);
  expect(await ipvsadm('-S -n')).toBe(
    '-A -t 192.0.2.10:80 -s mh\n-a -t 192.0.2.10:80 -r 127.0.0.1:8080 -m -w 3\n',
  );
});
