import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../examples/systemd', import.meta.url));
const UNITS = ['ipvstate.service', 'ipvstate@.service'] as const;
const text = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

const analyze = (...args: readonly string[]) =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const version = Number(/^systemd (\d+)/.exec(analyze('--version').stdout ?? '')?.[1] ?? 0);

/** A copy of a unit whose programs exist here, because systemd checks that they do. */
function unitFile(name: string, content = text(name)): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(
    path,
    content
      .replaceAll('/usr/bin/ipvstate', process.execPath)
      .replace('/sbin/modprobe', process.execPath),
  );
  return path;
}

/** The complaints of systemd-analyze about a unit. */
function complaints(name: string, content?: string): readonly string[] {
  const { stdout, stderr } = analyze('verify', '--man=no', unitFile(name, content));
  // Versions before 253 do not know this setting, and go on without it.
  const isKnown = (line: string): boolean => version < 253 && line.includes("'OpenFile'");
  return `${stdout}${stderr}`
    .split('\n')
    .filter((line) => /ipvstate@?\.service/.test(line) && !isKnown(line));
}

/** The lines that one unit has and another has not. */
function linesOf(name: string, other: string): readonly string[] {
  const others = text(other).split('\n');
  return text(name)
    .split('\n')
    .filter((line) => !line.startsWith('#') && !others.includes(line));
}

describe.each(UNITS)('the unit %s', (name) => {
  const value = (key: string): string[] =>
    [...text(name).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1] ?? '');

  it('allows one capability, four families of sockets, and writes to its own folders only', () => {
    expect(value('CapabilityBoundingSet')).toEqual(['CAP_NET_ADMIN']);
    expect(value('RestrictAddressFamilies')).toEqual(['AF_NETLINK AF_UNIX AF_INET AF_INET6']);
    expect(value('ProtectSystem')).toEqual(['strict']);
    expect(value('ReadWritePaths')).toEqual(['/proc/sys/net/ipv4']);
  });

  it('drops no packets of health checks and of etcd', () => {
    expect([...value('IPAddressDeny'), ...value('PrivateNetwork')]).toEqual([]);
  });

  it('passes the socket under the name that the daemon expects', () => {
    expect(value('OpenFile')).toEqual(['/run/systemd/notify:notify:graceful']);
  });

  it('has a type that systemd knew before 253, too', () => {
    expect(value('Type')).toEqual(['notify']);
  });

  it('reloads with a command that fails where the files are invalid', () => {
    expect(value('ExecReload')).toEqual(['/usr/bin/ipvstate reload']);
  });

  it.runIf(version > 0)('is understood by systemd-analyze, where that is installed', () => {
    expect(complaints(name)).toEqual([]);
    expect(complaints(name, text(name).replace('\nType=notify\n', '\nType=wrong\n'))).not.toEqual(
      [],
    );
  });

  it.runIf(version >= 250)('has an exposure of at most 2.0 of 10 by systemd-analyze', () => {
    const options = ['--offline=yes', '--no-pager', '--threshold=20'];
    const { status, stdout } = analyze('security', ...options, unitFile(name));
    expect(status, stdout).toBe(0);
  });
});

it('the unit of a network namespace differs from the other one only in names and places', () => {
  expect(linesOf('ipvstate@.service', 'ipvstate.service')).toEqual([
    'Description=Desired state of the IPVS load balancer in the network namespace %i',
    'NetworkNamespacePath=/run/netns/%i',
    'ExecStart=/usr/bin/ipvstate watch -f /etc/ipvstate/netns/%i --log-format journal' +
      ' --listen /run/ipvstate/%i.sock',
    'RestartSec=5s',
    'ConfigurationDirectory=ipvstate/netns/%i',
  ]);
  expect(linesOf('ipvstate.service', 'ipvstate@.service')).toHaveLength(4);
});
