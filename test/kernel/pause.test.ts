import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { DaemonProcess } from '../support/daemon.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

const live = (): Promise<string> => ipvsadm('-Sn');

let folder: string;
let file: string;
let daemon: DaemonProcess;

beforeEach(async () => {
  await ipvsadm('-C');
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-pause-'));
  file = join(folder, 'ipvs.yaml');
  write(1, file);
  const words = ['-f', file, '--interval', '200ms', '--debounce', '60ms'];
  daemon = new DaemonProcess(join(folder, 'daemon'), words, openKernel);
  await daemon.start();
  return async () => {
    await daemon.stop('SIGKILL');
    await ipvsadm('-C');
    rmSync(folder, { recursive: true, force: true });
  };
});

/** Writes a file with services of each kind, whose destinations have the same weight. */
function write(weight: number, path: string): void {
  const services = [
    `{ name: web, address: "tcp://192.0.2.1:80", destinations: [{ address: 10.0.0.1, weight: ${weight} }] }`,
    `{ name: dns, address: "udp://[2001:db8::1]:53", destinations: [{ address: "2001:db8::2", weight: ${weight} }] }`,
    `{ name: mark, address: "fwmark:7", destinations: [{ address: 10.0.0.3, weight: ${weight} }] }`,
  ];
  writeFileSync(`${path}.new`, `version: 1\nservices: [${services.join(', ')}]\n`);
  renameSync(`${path}.new`, path);
}

const WEB = '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w';
const DNS = '-a -u [2001:db8::1]:53 -r [2001:db8::2]:53 -g -w';
const MARK = '-a -f 7 -r 10.0.0.3:0 -g -w';

/** Another program gives these weights to the destinations. */
async function drift(web: number, dns: number, mark: number): Promise<void> {
  await ipvsadm(`-e -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w ${web}`);
  await ipvsadm(`-e -u [2001:db8::1]:53 -r [2001:db8::2]:53 -g -w ${dns}`);
  await ipvsadm(`-e -f 7 -r 10.0.0.3:0 -g -w ${mark}`);
}

const becomes = (web: number, dns: number, mark: number): Promise<void> =>
  until(`the weights ${web}, ${dns} and ${mark}`, async () => {
    const table = await live();
    return [`${WEB} ${web}\n`, `${DNS} ${dns}\n`, `${MARK} ${mark}\n`].every((line) =>
      table.includes(line),
    );
  });

const counted = async (): Promise<number> =>
  Number(/^ipvstate_drift_total (\d+)$/m.exec((await daemon.get('/metrics')).body)?.[1]);

describe('a paused daemon', () => {
  it('sees, counts and leaves drift, also when it is killed, and ends its pause by itself', async () => {
    expect(await daemon.run('pause', '--for', 'ever', '--reason', 'a test')).toMatchObject({
      status: 0,
    });
    await drift(5, 6, 7);
    await until('the drift is counted', async () => (await counted()) === 3);
    expect((await daemon.status()).differences).toHaveLength(3);
    expect((await daemon.get('/readyz')).status).toBe(503);
    await daemon.stop('SIGKILL');
    await ipvsadm('-d -f 7 -r 10.0.0.3:0');
    await daemon.start();
    const status = await daemon.status();
    expect(status).toMatchObject({
      health: 'unserved',
      paused: { reason: 'a test', until: null, services: null },
    });
    expect((await daemon.run('reload')).status).toBe(3);
    expect(await live()).toContain(`${WEB} 5\n`);
    expect(await live()).not.toContain('10.0.0.3');
    expect((await daemon.run('pause', '--for', '1s')).status).toBe(0);
    await becomes(1, 1, 1);
    expect((await daemon.status()).paused).toBeNull();
  });

  it('lets commands by hand write, and takes the lock again at the end', async () => {
    const other = join(folder, 'other.yaml');
    write(9, other);
    expect(daemon.runProcess('apply', '-f', other, '--yes').status).toBe(75);
    await daemon.run('pause');
    expect((await daemon.run('apply', '-f', other, '--yes')).status).toBe(0);
    await becomes(9, 9, 9);
    expect(await daemon.run('resume')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Applied and verified: 3 operations.'),
    });
    await becomes(1, 1, 1);
    expect((await daemon.run('apply', '-f', other, '--yes')).status).toBe(75);
  });

  it('corrects all but the services that it was paused for, by name and by address', async () => {
    expect((await daemon.run('pause', '--only', 'web', '--only', 'fwmark:7')).status).toBe(0);
    await drift(5, 6, 7);
    await becomes(5, 1, 7);
    await until('all drift is counted', async () => (await counted()) === 3);
    write(3, file);
    await becomes(5, 3, 7);
    await ipvsadm('-C');
    await until('the other service is back', async () => (await live()).includes(`${DNS} 3\n`));
    expect(await live()).not.toContain('-t 192.0.2.1:80');
    expect((await daemon.run('resume')).status).toBe(0);
    await becomes(3, 3, 3);
  });
});
