import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { until } from '../support/until.ts';
import { ipvsadm, output } from './real-programs.ts';

let folder: string;
let daemon: DaemonInProcess | undefined;

beforeEach(async () => {
  await ipvsadm('-C');
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-overlay-'));
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'lower', 'ipvs.yaml'), config(1));
  const layers = ['lower', 'upper', 'work'].map((name) => `${name}dir=${join(folder, name)}`);
  await output(`mount -t overlay overlay -o ${layers.join(',')} ${join(folder, 'merged')}`);
});
afterEach(async () => {
  await daemon?.stop();
  await output(`umount ${join(folder, 'merged')}`);
  rmSync(folder, { recursive: true, force: true });
  await ipvsadm('-C');
});

const config = (weight: number) =>
  `version: 1\nservices: [{ address: "tcp://192.0.2.1:80", destinations: [{ address: 10.0.0.1, weight: ${weight} }] }]\n`;
const holds = (weight: number) =>
  until(`weight ${weight} is applied`, async () =>
    (await ipvsadm('-Sn')).includes(` -w ${weight}\n`),
  );

it('a file on overlayfs is watched, and reload finds a change below the merged folder', async () => {
  const file = join(folder, 'merged', 'ipvs.yaml');
  const words = ['-f', file, '--interval', '1s', '--debounce', '50ms'];
  daemon = await new DaemonInProcess(join(folder, 'daemon'), words, openKernel).start();
  await until(
    'the files are watched',
    async () => (await daemon?.status())?.watch.mode !== undefined,
  );
  expect((await daemon.status()).watch).toEqual({ mode: 'inotify', reason: null });
  writeFileSync(file, config(2));
  await holds(2);
  writeFileSync(`${file}.new`, config(3));
  renameSync(`${file}.new`, file);
  await holds(3);
  // The kernel tells no one of a change below. The daemon would find it within two minutes.
  writeFileSync(join(folder, 'upper', 'ipvs.yaml'), config(4));
  expect(await daemon.run('reload')).toMatchObject({ status: 0 });
  await holds(4);
});
