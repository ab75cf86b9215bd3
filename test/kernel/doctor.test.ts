import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Machine, thisMachine } from '../../src/kernel/facts/machine.ts';
import { SYSTEM_FILES } from '../../src/kernel/facts/machine-files.ts';
import { takeLock } from '../../src/recovery/lock.ts';
import { type State, systemState } from '../../src/recovery/state.ts';
import { PROGRAM } from '../support/program.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { removeIpvsModules } from './ipvs-modules.ts';
import { ipvsadm, output, shell } from './real-programs.ts';

const NOBODY = 65_534;

const CONFIG = `version: 1
defaults: { scheduler: rr, drain: 5m }
sync_daemons: [{ role: master, interface: north }]
services:
  - { address: "tcp://192.0.2.10:80", persistence: 10m,
      destinations: [{ address: 10.1.0.11, forward: masq }] }
  - { address: "tcp://192.0.2.10:81", destinations: [{ address: 10.1.0.12, forward: tunnel }] }
  - { address: "udp://192.0.2.10:53", destinations: [{ address: 10.2.0.12, forward: route }] }
  - { address: "tcp://192.0.2.10:21", scheduler: mh,
      destinations: [{ address: 10.1.0.11, forward: masq }] }
  - { address: "sctp://192.0.2.10:90", destinations: [{ address: 10.1.0.11, forward: masq }] }
  - { address: "fwmark:7", destinations: [{ address: "10.1.0.11:0", forward: masq }] }
  - { address: "tcp://[2001:db8::1]:80",
      destinations: [{ address: "2001:db8:1::11", forward: masq }] }
`;

/** Sysctls with which every check is well. */
const WELL = {
  'net.ipv4.ip_forward': 1,
  'net.ipv4.conf.all.rp_filter': 0,
  'net.ipv4.conf.north.rp_filter': 0,
  'net.ipv4.conf.south.rp_filter': 0,
  'net.ipv6.conf.all.disable_ipv6': 0,
  'net.ipv6.conf.all.forwarding': 1,
  'net.ipv4.vs.conn_reuse_mode': 1,
  'net.ipv4.vs.drop_entry': 0,
  'net.ipv4.vs.expire_nodest_conn': 1,
  'net.ipv4.vs.expire_quiescent_template': 1,
  'net.ipv4.vs.run_estimation': 1,
  'net.ipv4.vs.sloppy_tcp': 0,
  'fs.inotify.max_user_instances': 128,
};

/** Commands that break what the doctor then corrects, by the check that says so. */
const BROKEN: Readonly<Record<string, readonly string[]>> = {
  forwarding: ['sysctl -w net.ipv4.ip_forward=0', 'sysctl -w net.ipv6.conf.all.forwarding=0'],
  FTP: ['rmmod ip_vs_ftp'],
  tunnels: ['ip link set dev north mtu 1500'],
  'reverse path': [
    'sysctl -w net.ipv4.conf.north.rp_filter=1',
    'sysctl -w net.ipv4.conf.south.rp_filter=1',
  ],
  'reused ports': ['sysctl -w net.ipv4.vs.conn_reuse_mode=0'],
  drains: [
    'sysctl -w net.ipv4.vs.expire_quiescent_template=0',
    'sysctl -w net.ipv4.vs.expire_nodest_conn=0',
  ],
  defences: ['sysctl -w net.ipv4.vs.drop_entry=3'],
  counters: ['sysctl -w net.ipv4.vs.run_estimation=0'],
  'packets out of order': ['sysctl -w net.ipv4.vs.sloppy_tcp=1'],
  'sync daemons': ['ip link set dev north multicast off'],
  inotify: ['sysctl -w fs.inotify.max_user_instances=0'],
  'runtime folder': ['chown 33 RUNTIME', 'chmod 0777 RUNTIME'],
  'state folder': ['chmod 0777 STATE'],
  files: ['chmod 0666 FILE'],
};

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly seen: string;
  readonly commands: readonly string[];
}

let folder: string;
let file: string;
let state: State;
const own = (command: string): string =>
  command
    .replace('RUNTIME', state.folders.runtime)
    .replace('STATE', state.folders.state)
    .replace('FILE', file);

const env = () => ({
  IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
  IPVSTATE_STATE_DIR: join(folder, 'lib'),
});

/**
 * This machine, with the list of its modules where a machine usually has it. `release` is the
 * folder of the modules that is shown in its place.
 */
function machine(release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()): Machine {
  const read = (path: string): Promise<string> => {
    const [, name] = /^\/lib\/modules\/[^/]*\/(.*)$/.exec(path) ?? [];
    return SYSTEM_FILES.read(
      name === undefined ? path : `/run/boot/modules/lib/modules/${release}/${name}`,
    );
  };
  // A version that gets fixes, whatever version runs the tests.
  return { ...thisMachine(), files: { ...SYSTEM_FILES, read }, nodeVersion: '24.11.0' };
}

async function doctor(on: Machine = machine()) {
  const { status, stdout, stderr } = await runCli(['doctor', '-f', file, '-o', 'json'], {
    machine: on,
    state,
  });
  expect(stderr).toBe('');
  const findings: readonly Finding[] = JSON.parse(stdout).findings;
  /** Findings that another machine than a test's can do something about. */
  const troubles = findings.filter(
    ({ check, level }) => level !== 'ok' && check !== 'clock' && check !== 'servers',
  );
  return { status, findings, troubles };
}

const of = (check: string, { findings }: { readonly findings: readonly Finding[] }): Finding[] =>
  findings.filter((finding) => finding.check === check);

const modules = (): string[] =>
  readFileSync('/proc/modules', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .sort();

/** The value of every sysctl of the network and of what the doctor reads besides. */
function sysctls(path = '/proc/sys/net'): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const below = join(path, entry.name);
    if (entry.isDirectory()) return sysctls(below);
    // The kernel itself counts connections.
    if (entry.name === 'nf_conntrack_count') return [];
    try {
      return [`${below} ${readFileSync(below, 'utf8')}`];
    } catch {
      return [`${below} cannot be read`];
    }
  });
}

/** All that the doctor could change. */
async function world(): Promise<unknown> {
  return {
    modules: modules(),
    sysctls: [...sysctls(), ...sysctls('/proc/sys/fs/inotify'), ...sysctls('/proc/sys/kernel')]
      // These count, or are random.
      .filter((line) => !/\/(random|ns_last_pid|pty|entropy)/.test(line)),
    table: modules().includes('ip_vs') ? await ipvsadm('-Sn') : '',
    files: readdirSync(folder, { recursive: true }).sort(),
    links: await output('ip -o link'),
    routes: (await output('ip route show table all')) + (await output('ip -6 route')),
  };
}

/** Starts a program that has this name until the test ends. */
async function start(name: string, netns?: string): Promise<ChildProcess> {
  const script = join(folder, name);
  writeFileSync(script, '#!/bin/sh\necho started\nread line\n');
  chmodSync(script, 0o755);
  const words = netns === undefined ? [script] : ['ip', 'netns', 'exec', netns, script];
  const [command = '', ...argv] = words;
  const child = spawn(command, argv, { stdio: 'pipe' });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  await once(child.stdout, 'data');
  return child;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-doctor-'));
  chmodSync(folder, 0o755);
  file = join(folder, 'ipvs.yaml');
  state = systemState(env());
  await output('ip netns add blue');
  for (const [name, number] of [
    ['north', 1],
    ['south', 2],
  ] as const) {
    await output(`ip link add ${name} type dummy`);
    await output(`ip address add 10.${number}.0.1/24 dev ${name}`);
    await output(`ip -6 address add 2001:db8:${number}::1/64 dev ${name} nodad`);
  }
});
afterAll(async () => {
  await output('ip netns delete blue');
  for (const name of ['north', 'south']) await output(`ip link delete ${name}`);
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o755 });
  for (const each of [state.folders.runtime, state.folders.state])
    mkdirSync(each, { recursive: true, mode: 0o700 });
  writeFileSync(file, CONFIG, { mode: 0o644 });
  await output('modprobe ip_vs');
  await output('modprobe ip_vs_ftp');
  await ipvsadm('-C');
  const well = Object.entries(WELL).map(([name, value]) => `${name}=${value}`);
  await output(`sysctl -qw ${well.join(' ')}`);
  for (const name of ['north', 'south'])
    await output(`ip link set dev ${name} mtu 1600 multicast on up`);
  // The kernel takes IPv6 addresses away while IPv6 is disabled.
  for (const [name, number] of [
    ['north', 1],
    ['south', 2],
  ])
    await output(`ip -6 address replace 2001:db8:${number}::1/64 dev ${name} nodad`);
});

describe('the doctor on a real kernel', () => {
  it('finds a machine well, and exits 0', async () => {
    const diagnosed = await doctor();
    expect(diagnosed.troubles).toEqual([]);
    expect(diagnosed.status).toBe(0);
    expect(of('IPVS', diagnosed)).toMatchObject([{ level: 'ok' }]);
    expect(of('routes', diagnosed)).toMatchObject([{ level: 'ok' }]);
  });

  it('gives advice that works: its commands, run as they are, correct what it found', async () => {
    for (const commands of Object.values(BROKEN))
      for (const command of commands) await output(`${own(command)}`);
    await output('sysctl -qw net.ipv6.conf.all.disable_ipv6=1');
    const before = await doctor();
    expect(before.status).toBe(69);
    const checks = new Set(before.troubles.map(({ check }) => check));
    expect([...checks].sort()).toEqual([...Object.keys(BROKEN), 'IPv6', 'routes'].sort());
    for (const { check, commands } of before.troubles) {
      if (check !== 'routes') expect(commands, check).not.toEqual([]);
      for (const command of commands)
        expect(await shell.run('sh', ['-c', command]), command).toMatchObject({ status: 0 });
    }
    await output('ip -6 address replace 2001:db8:1::1/64 dev north nodad');
    const after = await doctor();
    expect(after.troubles).toEqual([]);
    expect(after.status).toBe(0);
  });

  it('changes no module, sysctl, route, file or entry of the table, loaded or not', async () => {
    await ipvsadm('-A -t 192.0.2.9:80 -s rr');
    const loaded = await world();
    expect((await doctor()).status).toBe(0);
    expect(await world()).toEqual(loaded);
    await ipvsadm('-C');
    await removeIpvsModules();
    const unloaded = await world();
    const diagnosed = await doctor();
    expect(of('IPVS', diagnosed)).toMatchObject([
      { level: 'remark', seen: 'ip_vs is not loaded, and would be when it is needed' },
    ]);
    expect(of('schedulers', diagnosed).map(({ level }) => level)).toEqual(['ok', 'ok']);
    expect(await world()).toEqual(unloaded);
    expect(modules()).not.toContain('ip_vs');
  });

  it('exits 69 for a kernel without IPVS, and does not know it without a list', async () => {
    await removeIpvsModules();
    const unknown = await doctor(machine('none'));
    expect(of('IPVS', unknown)).toMatchObject([{ level: 'unknown' }]);
    const { files, ...rest } = machine();
    const read = async (path: string): Promise<string> => {
      const text = await files.read(path);
      return path.endsWith('modules.dep') ? text.replaceAll(/.*ip_vs.*\n/g, '') : text;
    };
    const without = await doctor({ ...rest, files: { ...files, read } });
    expect(of('IPVS', without)).toMatchObject([{ level: 'failure' }]);
    expect(without.status).toBe(69);
    expect(modules()).not.toContain('ip_vs');
  });

  it('knows whether a destination is here, on a network, behind a gateway or nowhere', async () => {
    await output('ip route add 10.9.0.0/24 via 10.1.0.254');
    await output('ip route add unreachable 10.8.0.0/24');
    onTestFinished(async () => {
      await output('ip route delete 10.9.0.0/24');
      await output('ip route delete unreachable 10.8.0.0/24');
    });
    const service = (port: number, address: string, forward: string): string =>
      `  - { address: "tcp://192.0.2.10:${port}", destinations: [{ address: ${address}, forward: ${forward} }] }\n`;
    writeFileSync(
      file,
      `version: 1\nservices:\n${service(1, '127.0.0.1', 'masq')}${service(2, '10.9.0.1', 'route')}` +
        `${service(3, '10.8.0.1', 'tunnel')}${service(4, '10.9.0.2', 'tunnel')}`,
    );
    await output('sysctl -qw net.ipv4.ip_forward=0');
    const diagnosed = await doctor();
    expect(of('routes', diagnosed).map(({ seen }) => seen)).toEqual([
      'there is no route to 10.8.0.1',
      '10.9.0.1 (route) is behind a gateway',
    ]);
    expect(of('forwarding', diagnosed)).toEqual([]);
    expect(diagnosed.status).toBe(2);
  });

  it('names another writer in this namespace only, and exits 2', async () => {
    await start('ldirectord', 'blue');
    const keepalived = await start('keepalived');
    const diagnosed = await doctor();
    expect(diagnosed.troubles).toMatchObject([
      {
        check: 'other writers',
        level: 'warning',
        seen: `keepalived (pid ${keepalived.pid}) runs in this network namespace`,
      },
    ]);
    expect(diagnosed.status).toBe(2);
  });

  it('knows the daemon by its lock, and warns of a second one with another lock', async () => {
    const config = join(folder, 'empty.yaml');
    writeFileSync(config, 'version: 1\nservices: []\n');
    const socket = join(folder, 'control.sock');
    const argv = [PROGRAM, 'watch', '-f', config, '--control-socket', socket];
    const child = spawn(process.execPath, argv, { env: { ...process.env, ...env() } });
    onTestFinished(async () => {
      child.kill();
      await once(child, 'exit');
    });
    await until('the daemon holds the lock', async () =>
      of('lock', await doctor()).some(({ seen }) => seen.includes('ipvstate watch')),
    );
    const diagnosed = await doctor();
    expect(diagnosed.troubles).toEqual([]);
    expect(of('daemon', diagnosed)).toMatchObject([
      { level: 'ok', seen: `ipvstate watch (pid ${child.pid}) has CAP_NET_ADMIN` },
    ]);
    const elsewhere = systemState({ ...env(), IPVSTATE_RUNTIME_DIR: join(folder, 'other') });
    const other = await runCli(['doctor', '-o', 'json'], { machine: machine(), state: elsewhere });
    expect(other.status).toBe(2);
    expect(of('other writers', JSON.parse(other.stdout))).toMatchObject([
      { level: 'warning', seen: expect.stringContaining(`(pid ${child.pid}) runs in this`) },
    ]);
  });

  it('sees who holds the lock without taking it', async () => {
    expect(of('lock', await doctor())).toMatchObject([{ seen: 'no command holds it' }]);
    const lock = await takeLock(state.lockPath, { command: 'ipvstate apply' });
    const held = of('lock', await doctor());
    expect(held).toMatchObject([{ level: 'remark' }]);
    expect(held[0]?.seen).toContain(`it is held by ipvstate apply (pid ${process.pid}) since `);
    await lock.release();
    expect(of('lock', await doctor())).toMatchObject([{ seen: 'no command holds it' }]);
  });
});

describe('the program doctor', () => {
  it('tells a user without privileges what it cannot know, and loads nothing', async () => {
    const keepalived = await start('keepalived');
    await removeIpvsModules();
    const before = modules();
    const identity = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups', '--'];
    const argv = [...identity, process.execPath, PROGRAM, 'doctor', '-f', file];
    const { status, stdout, stderr } = await shell.run('setpriv', argv, { env: env() });
    expect({ status, stderr }).toEqual({ status: 69, stderr: '' });
    expect(stdout).toContain(
      `cannot work: privileges: this process (user ${NOBODY}) does not have CAP_NET_ADMIN\n`,
    );
    const text = stdout.replaceAll(/\n {4}(?=\S)/g, ' ');
    expect(text).toContain(
      `not known: other writers: whether keepalived (pid ${keepalived.pid}) writes to this table`,
    );
    expect(text).toMatch(/\nnot known: runtime folder: /);
    expect(text).toContain('\n      sudo ipvstate doctor\n');
    expect(modules()).toEqual(before);
  });

  it('looks at the network namespace that it is asked about', async () => {
    const argv = [PROGRAM, 'doctor', '--netns', 'blue', '-f', file];
    const { status, stdout } = await shell.run(process.execPath, argv, { env: env() });
    expect(status).toBe(69);
    expect(stdout).toContain('cannot work: forwarding: net.ipv4.ip_forward is 0\n');
    expect(stdout).toContain('cannot work: sync daemons: there is no interface north');
  });
});
