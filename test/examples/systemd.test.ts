import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const UNIT = readFileSync(
  fileURLToPath(new URL('../../examples/systemd/ipvstate.service', import.meta.url)),
  'utf8',
);

const analyze = (...args: readonly string[]) =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const version = Number(/^systemd (\d+)/.exec(analyze('--version').stdout ?? '')?.[1] ?? 0);

/** A copy of the unit whose programs exist here, because systemd checks that they do. */
function unitFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ipvstate.service');
  writeFileSync(
    path,
    UNIT.replaceAll('/usr/bin/ipvstate', process.execPath).replace(
      '/sbin/modprobe',
      process.execPath,
    ),
  );
  return path;
}

describe('the unit', () => {
  const value = (key: string): string[] =>
    [...UNIT.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1] ?? '');

  it('allows one capability, four families of sockets, and writes to its own folders only', () => {
    expect(value('CapabilityBoundingSet')).toEqual(['CAP_NET_ADMIN']);
    expect(value('AmbientCapabilities')).toEqual(['CAP_NET_ADMIN']);
    expect(value('RestrictAddressFamilies')).toEqual(['AF_NETLINK AF_UNIX AF_INET AF_INET6']);
    expect(value('ProtectSystem')).toEqual(['strict']);
    expect(value('ReadWritePaths')).toEqual(['/proc/sys/net/ipv4']);
  });

  it('passes the socket under the name that the daemon expects', () => {
    expect(value('OpenFile')).toEqual(['/run/systemd/notify:notify:graceful']);
    expect(value('Type')).toEqual(['notify-reload']);
  });

  it('reloads with a command that fails where the files are invalid', () => {
    expect(value('ExecReload')).toEqual(['/usr/bin/ipvstate reload']);
  });

  it.runIf(version > 0)(
    `is understood by systemd-analyze, where that is installed (${version || 'it is not'})`,
    () => {
      const { stdout, stderr } = analyze('verify', unitFile());
      // Older versions do not know the settings of systemd 253.
      const known = version >= 253 ? /^$/ : /notify-reload|'OpenFile'|^$/;
      expect(
        `${stdout}${stderr}`
          .split('\n')
          .filter((line) => line.includes('ipvstate.service') && !known.test(line)),
      ).toEqual([]);
    },
  );

  it.runIf(version >= 250)('has an exposure of at most 2.5 of 10 by systemd-analyze', () => {
    const { status, stdout } = analyze(
      'security',
      '--offline=yes',
      '--no-pager',
      '--threshold=25',
      unitFile(),
    );
    expect(status, stdout).toBe(0);
  });
});
