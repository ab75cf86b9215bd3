import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PROGRAM } from '../support/program.ts';
import { until } from '../support/until.ts';
import { removeIpvsModules } from './ipvs-modules.ts';
import { ipvsadm, output } from './real-programs.ts';

const UNIT = readFileSync(
  join(import.meta.dirname, '../../examples/systemd/ipvstate.service'),
  'utf8',
);
const SYSCTL = '/proc/sys/net/ipv4/vs/expire_nodest_conn';

/** The paths below /proc/sys that the unit may write. */
function writablePaths(): string[] {
  expect(UNIT).toContain('\nProtectKernelTunables=yes\n');
  return [...UNIT.matchAll(/^ReadWritePaths=-?(\/proc\/sys\S*)$/gm)].map(([, path = '']) => path);
}

/**
 * Mounts as systemd does for ProtectKernelTunables= and ReadWritePaths=: /proc/sys is a read-only
 * bind mount of itself, and each writable path a bind mount on top of it.
 */
function sandbox(command: readonly string[]): [string, string[]] {
  const script = [
    'mount --make-rprivate /',
    'mount --bind /proc/sys /proc/sys',
    ...writablePaths().map((path) => `mount --bind ${path} ${path}`),
    'mount -o remount,bind,ro /proc/sys',
    'exec setpriv --bounding-set=-all,+net_admin --inh-caps=-all -- "$@"',
  ];
  return ['unshare', ['-m', 'sh', '-ec', script.join('\n'), 'sh', ...command]];
}

let folder: string;
let daemon: ChildProcess;
let log = '';

beforeEach(async () => {
  await ipvsadm('-C');
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-unit-'));
  const file = join(folder, 'ipvs.yaml');
  writeFileSync(
    file,
    `version: 1
sysctls: { mode: enforce, values: { expire_nodest_conn: 1 } }
services: [{ address: "tcp://192.0.2.1:80", scheduler: rr, destinations: [10.0.0.1] }]
`,
  );
  const argv = ['watch', '-f', file, '--interval', '1s', '--debounce', '50ms'];
  const [program, rest] = sandbox([process.execPath, PROGRAM, ...argv]);
  const env = {
    ...process.env,
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'state'),
  };
  daemon = spawn(program, rest, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  daemon.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
});
afterEach(async () => {
  // A failed test leaves the daemon stopped.
  daemon.kill('SIGKILL');
  if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
  await ipvsadm('-C');
  writeFileSync(SYSCTL, '0\n');
  rmSync(folder, { recursive: true, force: true });
});

function status() {
  const env = { ...process.env, IPVSTATE_RUNTIME_DIR: join(folder, 'run') };
  const argv = [PROGRAM, 'status', '-o', 'json'];
  const { stdout } = spawnSync(process.execPath, argv, { env, encoding: 'utf8' });
  return JSON.parse(stdout) as { readonly health: string };
}

const isApplied = async () =>
  readFileSync(SYSCTL, 'utf8') === '1\n' && (await ipvsadm('-Sn')).includes('10.0.0.1:80');

it('the unit has its services and sysctls again after the module was loaded anew', async () => {
  await until('the files are applied', isApplied).catch((error: Error) => {
    throw new Error(`${error.message}: ${log}`);
  });
  for (let round = 0; round < 2; round++) {
    await removeIpvsModules((signal) => daemon.kill(signal));
    await output('modprobe ip_vs');
    expect(readFileSync(SYSCTL, 'utf8')).toBe('0\n');
    daemon.kill('SIGCONT');
    await until('the files are applied again', isApplied).catch((error: Error) => {
      throw new Error(`${error.message}: ${log}`);
    });
  }
  await until('all is well', () => status().health === 'in-sync');
});
