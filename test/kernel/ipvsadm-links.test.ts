import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

const cli = join(import.meta.dirname, '../../dist/cli.cjs');
const real = (...args: string[]): string => execFileSync('ipvsadm', args, { encoding: 'utf8' });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-links-'));
  for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore']) symlinkSync(cli, join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => real('-C'));

function ours(name: string, args: readonly string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(join(folder, name), args, { encoding: 'utf8', input });
  return { status, stdout, stderr };
}

it('is ipvsadm under that name', () => {
  expect(ours('ipvsadm', ['-A', '-t', '192.0.2.1:80', '-s', 'rr'])).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(ours('ipvsadm', ['-a', '-t', '192.0.2.1:80', '-r', '127.0.0.1', '-m'])).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(ours('ipvsadm', ['-Ln']).stdout).toBe(real('-Ln'));
  expect(ours('ipvsadm', ['-L']).stdout).toBe(real('-L'));
  expect(ours('ipvsadm', ['-q'])).toEqual({
    status: 255,
    stdout: '',
    stderr: "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n",
  });
});

it('saves and restores under the names of the scripts, and keeps what stays', () => {
  ours('ipvsadm', ['-R'], '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 127.0.0.1:80 -m -w 1\n-A -t 192.0.2.2:80 -s rr\n');
  const saved = ours('ipvsadm-save', ['-n']).stdout;
  expect(saved).toBe(real('-Sn'));
  const rules = saved.replace('-A -t 192.0.2.2:80 -s rr', '-A -t 192.0.2.3:80 -s wrr');
  expect(ours('ipvsadm-restore', [], rules)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(real('-Sn')).toBe(rules);
});

it('restores nothing when a line is wrong', () => {
  real('-A', '-t', '192.0.2.1:80');
  const { status, stderr } = ours('ipvsadm-restore', [], '-A -t 192.0.2.3:80 -s rr\n-A -t 192.0.2.4:80 -w 3\n');
  expect(status).toBe(2);
  expect(stderr).toContain('line 2:');
  expect(real('-Sn')).toBe('-A -t 192.0.2.1:80 -s wlc\n');
});

it('is there as a verb, too', () => {
  const { stdout } = spawnSync(process.execPath, [cli, 'ipvsadm', '-v'], { encoding: 'utf8' });
  expect(stdout).toMatch(/^ipvsadm v1\.31 /);
});
