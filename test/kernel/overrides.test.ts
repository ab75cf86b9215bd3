import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { DaemonInProcess, DaemonProcess, type Ran } from '../support/daemon.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

const live = (): Promise<string> => ipvsadm('-Sn');

/** A service of each kind, all with the server 10.0.0.1 where their family allows it. */
const FILE = `version: 1
defaults: { forward: masq }
services:
  - name: shop
    address: tcp://192.0.2.1:443
    destinations: [{ address: 10.0.0.1, weight: 3 }, { address: 10.0.0.2, weight: 5 }]
  - { address: "udp://192.0.2.1:53", destinations: [10.0.0.1, 10.0.0.2] }
  - address: "tcp://[2001:db8::1]:443"
    destinations: [{ address: "2001:db8::11", weight: 3 }, { address: "2001:db8::12", weight: 5 }]
  - { address: "fwmark:7", destinations: [10.0.0.1, 10.0.0.2] }
  - address: "sctp://192.0.2.1:5060"
    persistence: { timeout: 5m }
    destinations: [10.0.0.1, 10.0.0.2]
`;

/** A service, one of its destinations with its weight in the file, and the line that it is. */
const TARGETS = [
  ['shop', '10.0.0.1', 3, '-a -t 192.0.2.1:443 -r 10.0.0.1:443 -m -w'],
  ['udp://192.0.2.1:53', '10.0.0.1', 1, '-a -u 192.0.2.1:53 -r 10.0.0.1:53 -m -w'],
  [
    'tcp://[2001:db8::1]:443',
    '2001:db8::11',
    3,
    '-a -t [2001:db8::1]:443 -r [2001:db8::11]:443 -m -w',
  ],
  ['fwmark:7', '10.0.0.1:0', 1, '-a -f 7 -r 10.0.0.1:0 -m -w'],
  [
    ...(['sctp://192.0.2.1:5060', '10.0.0.1', 1] as const),
    '-a --sctp-service 192.0.2.1:5060 -r 10.0.0.1:5060 -m -w',
  ],
] as const;

let folder: string;
let file: string;
let daemons: (DaemonInProcess | DaemonProcess)[];

beforeEach(async () => {
  await ipvsadm('-C');
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-overrides-'));
  file = join(folder, 'ipvs.yaml');
  write(FILE);
  daemons = [];
  return async () => {
    for (const daemon of daemons) await daemon.stop();
    await ipvsadm('-C');
    rmSync(folder, { recursive: true, force: true });
  };
});

function write(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const FAST = ['--interval', '200ms', '--debounce', '60ms'];

async function start(): Promise<DaemonInProcess> {
  const daemon = new DaemonInProcess(join(folder, 'daemon'), ['-f', file, ...FAST], openKernel);
  daemons.push(daemon);
  return daemon.start();
}

/** A machine where no daemon runs. Its records are where those of the daemon would be. */
function byHand() {
  const daemon = new DaemonInProcess(join(folder, 'daemon'), [], openKernel);
  return (...argv: readonly string[]): Promise<Ran> =>
    runCli(argv, { env: daemon.env, state: daemon.state, openKernel });
}

const holds = (line: string): Promise<void> =>
  until(`the kernel has ${line}`, async () => (await live()).includes(`${line}\n`));

describe('beside a daemon', () => {
  it('a drain of each kind of service is in the kernel, and undrain gives its weight back', async () => {
    const daemon = await start();
    const before = await live();
    for (const [service, destination, weight, line] of TARGETS) {
      expect(await daemon.run('drain', service, destination)).toMatchObject({ status: 0 });
      expect(await live()).toContain(`${line} 0\n`);
      expect(await daemon.run('undrain', service, destination)).toMatchObject({ status: 0 });
      expect(await live()).toContain(`${line} ${weight}\n`);
    }
    expect(await live()).toBe(before);
  });

  it('a drain is kept when the files change or an owner asks for more, and ends in time', async () => {
    const daemon = await start();
    const line = TARGETS[0][3];
    await daemon.run('drain', 'shop', '10.0.0.1', '--for', '4s');
    write(FILE.replace('weight: 3', 'weight: 8'));
    await until('the new file', async () =>
      Boolean((await daemon.status()).overrides?.some(({ own_weight }) => own_weight === 8)),
    );
    expect(await live()).toContain(`${line} 0\n`);
    await daemon.run('weight', 'shop', '10.0.0.1', '2', '--owner', 'checker-1');
    expect(await live()).toContain(`${line} 0\n`);
    await holds(`${line} 2`);
    expect(
      (await daemon.run('weight', 'shop', '10.0.0.1', '9', '--owner', 'checker-1')).status,
    ).toBe(0);
    expect(await live()).toContain(`${line} 9\n`);
    await daemon.run('overrides', 'clear', '--owner', 'checker-1');
    expect(await live()).toContain(`${line} 8\n`);
    expect((await daemon.status()).health).toBe('in-sync');
  });

  it('--all-services takes a server out of each service that has it, and gives it back', async () => {
    const daemon = await start();
    const before = await live();
    expect((await daemon.run('drain', '--all-services', '10.0.0.1')).status).toBe(0);
    const lines = (await live()).split('\n').filter((line) => line.includes('-r 10.0.0.1:'));
    expect(lines).toHaveLength(4);
    expect(lines.every((line) => line.endsWith(' -w 0'))).toBe(true);
    expect((await daemon.run('undrain', '--all-services', '10.0.0.1')).status).toBe(0);
    expect(await live()).toBe(before);
  });

  it('a ramp goes on after kill -9 and a restart at each step, one way, and ends exactly', async () => {
    const folderOfDaemon = join(folder, 'daemon');
    const begin = async (): Promise<DaemonProcess> => {
      const daemon = new DaemonProcess(folderOfDaemon, ['-f', file, ...FAST], openKernel);
      daemons.push(daemon);
      return daemon.start();
    };
    let daemon = await begin();
    const line = TARGETS[0][3];
    const weightNow = async (): Promise<number> =>
      Number(
        (await live())
          .split('\n')
          .find((each) => each.startsWith(line))
          ?.split(' ')
          .at(-1),
      );
    const ramp = ['weight', 'shop', '10.0.0.1', '6', '--ramp', '9s'];
    expect(await daemon.run(...ramp)).toMatchObject({ status: 0 });
    const seen = [await weightNow()];
    for (const next of [4, 5, 6]) {
      await until(`a weight of ${next}`, async () => (await weightNow()) >= next);
      await daemon.stop('SIGKILL');
      seen.push(await weightNow());
      daemon = await begin();
    }
    await until('the end of the ramp', async () => {
      seen.push(await weightNow());
      return seen.at(-1) === 6;
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect((await daemon.run('overrides')).stdout).toContain('    weight 6, by ');
  });
});

describe('without a daemon', () => {
  it('a drain is kept by an apply, and ended by an apply after its time or undrain', async () => {
    const run = byHand();
    await run('apply', '-f', file);
    const before = await live();
    for (const [service, destination, , line] of TARGETS) {
      const drained = await run('drain', service, destination, '-f', file);
      expect(drained).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(/^No daemon runs/),
      });
      expect(await live()).toContain(`${line} 0\n`);
    }
    const applied = await run('apply', '-f', file);
    expect(applied).toMatchObject({ status: 0, stdout: expect.stringMatching(/^No changes/) });
    expect(applied.stdout.match(/^Overridden: /gm)).toHaveLength(TARGETS.length);
    expect((await run('check', '-f', file)).status).toBe(0);
    expect((await run('check', '-f', file, '--ignore-overrides')).status).toBe(2);
    expect((await run('overrides', 'clear', '-f', file)).status).toBe(0);
    expect(await live()).toBe(before);
  });

  it('a drain changes one weight, also where the files have another scheduler and servers', async () => {
    const run = byHand();
    await ipvsadm('-A -t 192.0.2.1:443 -s wrr');
    for (const [host, weight] of [
      ['1', 3],
      ['2', 9],
      ['3', 4],
    ])
      await ipvsadm(`-a -t 192.0.2.1:443 -r 10.0.0.${host}:443 -m -w ${weight}`);
    const before = await live();
    expect((await run('drain', 'shop', '10.0.0.1', '-f', file)).status).toBe(0);
    expect(await live()).toBe(before.replace('-w 3', '-w 0'));
    expect((await run('undrain', 'shop', '10.0.0.1', '-f', file)).status).toBe(0);
    expect(await live()).toBe(before);
  });

  it('and without files, a drain is on top of the live table, and comes back exactly', async () => {
    await ipvsadm('-A -t 192.0.2.9:80 -s mh -b mh-port');
    await ipvsadm('-a -t 192.0.2.9:80 -r 10.0.0.1:8080 -m -w 42 -x 100 -y 50');
    await ipvsadm('-a -t 192.0.2.9:80 -r 10.0.0.2:8080 -m -w 7');
    const run = byHand();
    const before = await live();
    expect((await run('drain', 'tcp://192.0.2.9:80', '10.0.0.1')).stdout).toContain('(before: 42)');
    expect(await live()).toBe(before.replace('-w 42', '-w 0'));
    expect((await run('drain', 'tcp://192.0.2.9:80')).status).toBe(3);
    expect((await run('undrain', 'tcp://192.0.2.9:80', '10.0.0.1')).status).toBe(0);
    expect(await live()).toBe(before);
  });
});
