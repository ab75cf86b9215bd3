import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { LDIRECTORD } from '../../src/formats/ldirectord/ldirectord.ts';
import { ipvsadm, shell } from './real-programs.ts';

/** Every kind of service and server. Without checks, all servers are up at once. */
const FILE = `checkinterval=1
virtual=192.0.2.1:80
	real=10.0.0.1:80 gate
	real=10.0.0.2:8080 masq 5 l:5 u:9
	real=10.0.0.3->10.0.0.4:http ipip 0 "a.html","ok"
	scheduler=wlc
	persistent=600
	netmask=255.255.255.0
	checktype=on

virtual=192.0.2.1:53 # udp
    real=10.0.0.1:domain masq 3
    ops=yes
    checktype=on
virtual=7
    real=10.0.0.1 gate
    real=10.0.0.2:88 masq 2
    checktype=on
    ops=yes
virtual6=[2001:db8::80]:443
    real6=[2001:db8::2] masq
    schedflags=mh-port
    scheduler=mh
    persistent=9
    netmask=64
    checktype=on
virtual=192.0.2.1:81
    real=10.0.0.1:81 gate 7
    checktype=off
    quiescent=yes
`;

/** Thresholds are not in the output of the real ipvsadm. */
const withoutThresholds = (text: string): string => text.replace(/ -x \d+ -y \d+/g, '');

test('an ldirectord.cf is read as the table that ldirectord makes of it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ldirectord-')), 'ld.cf');
  writeFileSync(file, FILE);
  const { desired, issues } = await LDIRECTORD.parse(FILE, file);
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  const ours = desired && withoutThresholds(formatSave(desired));
  await ipvsadm('-C');
  // Its log is on a file system that cannot be written here.
  await shell.run('mount', ['-t', 'tmpfs', 'none', '/var/log']);
  await shell.run('sh', [
    '-c',
    `ldirectord -d ${file} start >/dev/null 2>&1 & echo $! >${file}.pid`,
  ]);
  await expect.poll(() => ipvsadm('-S -n'), { timeout: 120_000, interval: 1000 }).toBe(ours);
  // A signal that it can catch would make it remove its services, some time later.
  await shell.run('sh', ['-c', `kill -9 $(cat ${file}.pid)`]);
  await shell.run('umount', ['/var/log']);
  await ipvsadm('-C');
});
