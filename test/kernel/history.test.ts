import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { withSysctls } from '../../src/kernel/sysctls.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { State } from '../../src/recovery/state.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { type CliResult, runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

const open = async (): Promise<Ipvs> => withSysctls(await openKernel());
const SYSCTL = '/proc/sys/net/ipv4/vs/expire_nodest_conn';

let folder: string;
let file: string;
let daemon: DaemonInProcess;
let state: State;

beforeEach(async () => {
  await ipvsadm('-C');
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-history-'));
  file = join(folder, 'ipvs.yaml');
  daemon = new DaemonInProcess(
    join(folder, 'daemon'),
    ['-f', file, '--interval', '200ms', '--debounce', '60ms'],
    open,
  );
  ({ state } = daemon);
  return async () => {
    await daemon.stop();
    await ipvsadm('-C');
    rmSync(folder, { recursive: true, force: true });
  };
});

const run = (line: string): Promise<CliResult> =>
  runCli(line.split(' '), { openKernel: open, state });

async function apply(text: string): Promise<void> {
  writeFileSync(file, text);
  const result = await run(`apply -f ${file} --yes --max-service-deletes off`);
  expect(result).toMatchObject({ status: 0 });
}

interface Run {
  readonly id: string;
  readonly verb: string;
  readonly trigger: string;
}

async function history(): Promise<readonly Run[]> {
  return JSON.parse((await run('history -o json')).stdout).runs;
}

const web = (weight: number): string => `version: 1
defaults: { forward: masq, scheduler: rr }
services:
  - name: web
    address: tcp://192.0.2.1:80
    destinations: [{ address: 10.0.0.1, weight: ${weight} }, { address: 10.0.0.2, weight: ${weight} }]
`;

it('has commands, the front end and passes of the daemon, and leads back over all of them', async () => {
  for (const weight of [1, 2, 3]) await apply(web(weight));
  await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 77');
  await daemon.start();
  const corrected = '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 3\n';
  await until('the daemon corrects', async () => (await ipvsadm('-Sn')).includes(corrected));
  await daemon.stop();
  await run('ipvsadm -A -u 192.0.2.2:53 -s rr');
  await ipvsadm('-A -t 192.0.2.66:80 -s wlc');

  const runs = await history();
  expect(runs.map(({ verb, trigger }) => `${verb} ${trigger}`)).toEqual([
    'ipvsadm command',
    'watch start',
    'apply command',
    'apply command',
    'apply command',
  ]);
  const [, watch, , second] = runs;
  const { stdout } = await run(`history show ${watch?.id}`);
  expect(stdout).toMatch(/^watch, run /);
  expect(stdout).toContain('  tcp://192.0.2.1:80 "web"\n    ~ 10.0.0.1:80  weight 77 -> 3\n');

  // The value that ipvsadm gave to one server comes between two of our runs, and stays.
  const back = await run(`rollback --to ${second?.id} --yes`);
  expect(back.status).toBe(6);
  expect(back.stdout).toContain('left alone: tcp://192.0.2.1:80 10.0.0.1:80.');
  expect((await ipvsadm('-Sn')).split('\n').sort()).toEqual([
    '',
    '-A -t 192.0.2.1:80 -s rr',
    '-A -t 192.0.2.66:80 -s wlc',
    '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 77',
    '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 1',
  ]);
});

it('leads back to exactly the table of before: all protocols, timeouts, daemons and sysctls', async () => {
  const before = `-A -t 192.0.2.1:80 -s wlc -p 300
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 5 -x 100 -y 50
-A -u [2001:db8::1]:53 -s mh -b mh-port -o
-a -u [2001:db8::1]:53 -r [2001:db8::a]:53 -g -w 1
-A --sctp-service 192.0.2.1:9 -s sh
-a --sctp-service 192.0.2.1:9 -r 10.0.0.9:9 -i -w 3
-A -f 7 -s lc
-a -f 7 -r 10.0.0.7:0 -i --tun-type gue --tun-port 6080 -w 2
`;
  await ipvsadm('-R', before);
  await ipvsadm('--set 800 100 200');
  const sysctl = readFileSync(SYSCTL, 'utf8');
  const look = async (): Promise<string> =>
    [await ipvsadm('-Sn'), await ipvsadm('-L --timeout'), await ipvsadm('-L --daemon')].join();
  const table = await look();

  await apply(`version: 1
timeouts: { tcp: 10m, udp: 30s }
sync_daemons: [{ role: master, interface: lo, sync_id: 7 }]
sysctls: { mode: enforce, values: { expire_nodest_conn: ${sysctl.trim() === '0'} } }
services:
  - { address: "tcp://192.0.2.1:80", scheduler: rr, destinations: [10.0.0.1, 10.0.0.2] }
  - { address: "fwmark:8", family: ipv6, destinations: ["[2001:db8::b]:0"] }
`);
  await apply(
    'version: 1\nsync_daemons: []\nservices:\n  - { address: "fwmark:9", destinations: [] }\n',
  );
  await run('ipvsadm -C');
  expect(await ipvsadm('-Sn')).toBe('');

  const first = (await history()).at(-1);
  const dry = await run(`rollback --dry-run --to ${first?.id} --detailed-exitcode`);
  expect(dry).toMatchObject({ status: 2 });
  expect(await run(`rollback --to ${first?.id} --yes`)).toMatchObject({ status: 0 });
  expect((await look()).split('\n').sort()).toEqual(table.split('\n').sort());
  expect(readFileSync(SYSCTL, 'utf8')).toBe(sysctl);
});
