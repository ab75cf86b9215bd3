import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { systemState } from '../../src/recovery/state.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/cli.cjs');

/** The capabilities of the shipped systemd unit: uid 0 and CAP_NET_ADMIN alone. */
const AS_UNIT = ['setpriv', '--bounding-set=-all,+net_admin', '--inh-caps=-all', '--'];
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

let folder: string;
let config: string;
const started: ChildProcess[] = [];

const ipvsadm = (...args: string[]) => execFileSync('ipvsadm', args, { encoding: 'utf8' });

/** Runs a command of a root shell in this process, which is one of root. */
const runHere = (...argv: readonly string[]) =>
  runCli(argv, { openKernel, env: process.env, state: systemState(process.env) });

function run(prefix: readonly string[], argv: readonly string[]) {
  const [program = '', ...rest] = [...prefix, process.execPath, PROGRAM, ...argv];
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Starts a daemon and waits until its status is in sync. */
async function startDaemon(prefix: readonly string[], ...options: string[]): Promise<ChildProcess> {
  const argv = [PROGRAM, 'watch', '-f', config, '--log-format', 'json', ...options];
  const [program = '', ...rest] = [...prefix, process.execPath, ...argv];
  const daemon = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(daemon);
  let log = '';
  await new Promise<void>((resolve, reject) => {
    daemon.stderr?.setEncoding('utf8').on('data', (chunk) => {
      log += chunk;
      if (/"event":"(applied|in-sync)"/.test(log)) resolve();
      if (/"event":"(failed|rolled-back)"/.test(log)) reject(new Error(log));
    });
    daemon.on('exit', () => reject(new Error(`the daemon ended: ${log}`)));
  });
  return daemon;
}

async function stop(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  daemon.removeAllListeners('exit');
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-identity-'));
  config = join(folder, 'ipvs.yaml');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes the machine and the configuration as new. */
function beginAnew(): void {
  ipvsadm('-C');
  rmSync('/run/ipvstate', { recursive: true, force: true });
  writeFileSync(
    config,
    'version: 1\nservices: [{ address: "tcp://192.0.2.1:80", destinations: [10.0.0.1] }]\n',
  );
}

async function stopAll(): Promise<void> {
  for (const daemon of started.splice(0)) await stop(daemon);
}

describe('beside a daemon with the capabilities of the unit,', () => {
  let daemon: ChildProcess;
  beforeAll(async () => {
    beginAnew();
    daemon = await startDaemon(AS_UNIT);
  });
  afterAll(stopAll);

  it('a root shell uses the same folder for status, reload and the lock', async () => {
    expect(run([], ['status']).status).toBe(0);
    expect((await runHere('reload')).status).toBe(0);
    expect(await runHere('apply', '-f', config, '-q')).toMatchObject({
      status: 75,
      stderr: expect.stringContaining('(ipvstate watch)'),
    });
    expect(readdirSync('/run/ipvstate')).toHaveLength(1);
  });

  it('a user without privileges is told who may ask for the status, and root gets it', async () => {
    const refused = run(AS_NOBODY, ['status']);
    expect(refused.status).toBe(77);
    expect(refused.stderr).toContain('no permission to reach the daemon');
    expect(refused.stderr).toContain('run as root');
    expect((await runHere('status')).status).toBe(0);
  });

  it('a user without privileges cannot flood the control socket', () => {
    const [name = ''] = readdirSync('/run/ipvstate');
    const path = JSON.stringify(join('/run/ipvstate', name, 'control.sock'));
    const flood = `require('net').connect(${path}).on('error', (e) => { console.log(e.code); })`;
    const [program = '', ...rest] = [...AS_NOBODY, process.execPath, '-e', flood];
    expect(spawnSync(program, rest, { encoding: 'utf8' }).stdout).toBe('EACCES\n');
  });

  it('SIGUSR1 opens no debugger in the daemon', async () => {
    daemon.kill('SIGUSR1');
    expect((await runHere('reload')).status).toBe(0);
    const listening = execFileSync('cat', ['/proc/net/tcp'], { encoding: 'utf8' });
    expect(listening).not.toMatch(/0100007F:240D/);
  });
});

describe('a user without privileges', () => {
  beforeEach(beginAnew);
  afterEach(stopAll);

  it('cannot take the lock, enter its folder or answer as its holder', async () => {
    await runHere('apply', '-f', config, '-q');
    const [name = ''] = readdirSync('/run/ipvstate');
    const lock = join('/run/ipvstate', name, 'lock');
    for (const attempt of [`flock -n ${lock} true`, `cat ${lock}`, `ls ${lock}/..`]) {
      const [program = '', ...rest] = [...AS_NOBODY, 'sh', '-c', attempt];
      const { status, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/Permission denied/i);
    }
    const socket = `require('net').createServer().listen('\\0ipvstate', () => console.log('bound'))`;
    const [program = '', ...rest] = [...AS_NOBODY, process.execPath, '-e', socket];
    const squatter = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    started.push(squatter);
    await once(squatter.stdout as NodeJS.ReadableStream, 'data');
    expect(await runHere('apply', '-f', config, '-q')).toMatchObject({ status: 0 });
  });
});

describe('the HTTP listener under a flood by a user without privileges', () => {
  beforeEach(beginAnew);
  afterEach(stopAll);

  const PORT = 19_798;
  /**
   * Holds 100 connections at any time, a quarter of each kind: silent, a header that never ends, a
   * header line after the other, and requests in a row whose answers nobody reads.
   */
  const FLOOD = `const net=require('net');
    const kinds=[()=>{},(s)=>s.write('GET /'+'a'.repeat(100000)),
      (s)=>{s.write('GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n');const t=setInterval(()=>s.write('x: y\\r\\n'),300);s.on('close',()=>clearInterval(t))},
      (s)=>{s.pause();for(let n=0;n<25;n++)s.write('GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')}];
    const open=(kind)=>{const s=net.connect(${PORT},'127.0.0.1',()=>kinds[kind](s));if(kind<3)s.resume();
      s.on('error',()=>{}).on('close',()=>setTimeout(open,500,kind))};
    for(let n=0;n<100;n++)open(n%4);console.log('flooding')`;

  function get(path: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const target = { host: '127.0.0.1', port: PORT, path, agent: false };
      request(target, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      })
        .on('error', reject)
        .end();
    });
  }

  it('has few descriptors, applies changes meanwhile and answers afterwards', async () => {
    const options = ['--listen', `127.0.0.1:${PORT}`, '--interval', '1s', '--debounce', '50ms'];
    const daemon = await startDaemon(AS_UNIT, ...options);
    const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
    const before = descriptors();
    const [program = '', ...rest] = [...AS_NOBODY, process.execPath, '-e', FLOOD];
    const flood = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    started.push(flood);
    await once(flood.stdout as NodeJS.ReadableStream, 'data');
    await until('the flood has come in', () => descriptors() > before + 20);
    let most = 0;
    for (const weight of [2, 3]) {
      writeFileSync(
        config,
        `version: 1\nservices: [{ address: "tcp://192.0.2.1:80", destinations: [{ address: 10.0.0.1, weight: ${weight} }] }]\n`,
      );
      await until(`weight ${weight} is applied`, () => {
        most = Math.max(most, descriptors());
        return ipvsadm('-Sn').includes(`-w ${weight}`);
      });
    }
    expect(most).toBeLessThanOrEqual(before + 80);
    await stop(flood);
    expect(await get('/readyz')).toBe(200);
    await until('all connections are closed', () => descriptors() <= before + 2);
  });
});

describe('a saved plan', () => {
  const NAMES = ['green', 'blue'];
  const plan = () => join(folder, 'ipvs.plan');
  const saved = (name: string) =>
    execFileSync('ip', ['netns', 'exec', name, 'ipvsadm', '-Sn'], { encoding: 'utf8' });

  beforeAll(() => {
    beginAnew();
    for (const name of NAMES) {
      spawnSync('ip', ['netns', 'delete', name]);
      execFileSync('ip', ['netns', 'add', name]);
      execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    }
    const save = ['plan', '-f', config, '--save', plan(), '--netns', 'green', '-q'];
    expect(run([], save).status).toBe(0);
  });
  afterAll(() => {
    for (const name of NAMES) spawnSync('ip', ['netns', 'delete', name]);
  });

  it('is applied in its network namespace, by name or by path, and in no other', async () => {
    const blue = run([], ['apply', plan(), '--yes', '--netns', 'blue']);
    expect(blue.status).toBe(4);
    expect(blue.stderr).toMatch(/green.*blue/s);
    const here = await runHere('apply', plan(), '--yes');
    expect(here.status).toBe(4);
    expect(here.stderr).toContain('green');
    expect([saved('blue'), saved('green'), ipvsadm('-Sn')]).toEqual(['', '', '']);
    expect(run([], ['apply', plan(), '--yes', '--netns', '/run/netns/green']).status).toBe(0);
    expect(saved('green')).toContain('-A -t 192.0.2.1:80');
    expect([saved('blue'), ipvsadm('-Sn')]).toEqual(['', '']);
  });

  it('is not applied in a namespace of the same name that was made anew', () => {
    execFileSync('ip', ['netns', 'delete', 'green']);
    // Takes the inode, which the kernel may otherwise give to the next namespace.
    execFileSync('ip', ['netns', 'add', 'other']);
    execFileSync('ip', ['netns', 'add', 'green']);
    const { status } = run([], ['apply', plan(), '--yes', '--netns', 'green']);
    spawnSync('ip', ['netns', 'delete', 'other']);
    expect(status).toBe(4);
    expect(saved('green')).toBe('');
  });
});

describe('a command with --netns', () => {
  const BLUE = ['--netns', 'blue'];

  /** The process inside the namespace that a wrapper has started. */
  function childOf({ pid }: ChildProcess): number {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }

  const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

  async function endOf(daemon: ChildProcess) {
    daemon.removeAllListeners('exit');
    const [code, signal] = await once(daemon, 'exit');
    return { code, signal };
  }

  beforeEach(() => {
    beginAnew();
    spawnSync('ip', ['netns', 'delete', 'blue']);
    execFileSync('ip', ['netns', 'add', 'blue']);
    // Without a device that is up, the kernel has no route to the destination and refuses it.
    execFileSync('ip', ['-n', 'blue', 'link', 'set', 'lo', 'up']);
  });
  afterEach(async () => {
    await stopAll();
    spawnSync('ip', ['netns', 'delete', 'blue']);
  });

  it('reloads on SIGHUP, ends with 0 on SIGTERM, and leaves no process behind', async () => {
    const daemon = await startDaemon([], ...BLUE);
    const child = childOf(daemon);
    daemon.kill('SIGHUP');
    expect(run([], ['reload', ...BLUE]).status).toBe(0);
    const end = endOf(daemon);
    daemon.kill('SIGTERM');
    expect(await end).toEqual({ code: 0, signal: null });
    expect(isAlive(child)).toBe(false);
  });

  it('is killed with its child, so that no orphan keeps the lock', async () => {
    const daemon = await startDaemon([], ...BLUE);
    const end = endOf(daemon);
    daemon.kill('SIGKILL');
    await end;
    expect(run([], ['apply', '-f', config, '-q', '--lock-timeout', '10s', ...BLUE]).status).toBe(0);
  });

  it('gets a signal to its process group once', async () => {
    const daemon = await startDaemon(['setsid'], ...BLUE);
    const end = endOf(daemon);
    process.kill(-(daemon.pid as number), 'SIGINT');
    expect(await end).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['apply', []],
    ['try', ['--timeout', '60s']],
  ])('executes all or nothing of %s when its process group gets ^C', async (verb, options) => {
    const services = Array.from({ length: 60 }, (_, index) => ({
      address: `tcp://192.0.2.${index + 1}:80`,
      destinations: Array.from({ length: 200 }, (__, host) => `10.0.${index}.${host + 1}:80`),
    }));
    writeFileSync(config, JSON.stringify({ version: 1, services }));
    const argv = [PROGRAM, verb, '-f', config, '-q', ...options, ...BLUE];
    const command = spawn(process.execPath, argv, { stdio: 'ignore', detached: true });
    started.push(command);
    const end = endOf(command);
    const count = (table: string) => (table.match(/^(?:TCP| {2}->)/gm) ?? []).length;
    const isBegun = () => {
      const [child] = readFileSync(
        `/proc/${command.pid}/task/${command.pid}/children`,
        'utf8',
      ).split(' ');
      return child !== '' && count(readFileSync(`/proc/${child}/net/ip_vs`, 'utf8')) > 1;
    };
    await until('the first service is there', isBegun);
    // It has ended already where this test got no processor for long.
    if (command.exitCode === null) process.kill(-(command.pid as number), 'SIGINT');
    const { code } = await end;
    const left = count(
      execFileSync('ip', ['netns', 'exec', 'blue', 'ipvsadm', '-Ln'], { encoding: 'utf8' }),
    );
    // The listing has one line more that begins with an arrow.
    const all = { code: 0, left: 60 * 201 + 1 };
    const nothing = { code: verb === 'try' ? [8, 130] : [130], left: 1 };
    if (code === all.code && verb === 'apply') expect(left).toBe(all.left);
    else expect([nothing.code.includes(code), left]).toEqual([true, nothing.left]);
  });

  it('ends the daemon when its namespace was deleted and made again', async () => {
    const daemon = await startDaemon([], ...BLUE);
    const end = endOf(daemon);
    execFileSync('ip', ['netns', 'delete', 'blue']);
    execFileSync('ip', ['netns', 'add', 'blue']);
    expect(await end).toEqual({ code: 69, signal: null });
  });
});
