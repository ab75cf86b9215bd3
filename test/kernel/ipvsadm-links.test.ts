import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { PROGRAM } from '../support/program.ts';
import { runCli } from '../support/run-cli.ts';
import type { Run } from './ipvsadm/shell.ts';
import { ipvsadm, shell } from './real-programs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-links-'));
  for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'])
    symlinkSync(PROGRAM, join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => ipvsadm('-C'));

const NOTHING = { status: 0, stdout: '', stderr: '' };

/** Starts the program through the link of that name. */
function linked(name: string, args: readonly string[], stdin = ''): Promise<Run> {
  return shell.run(join(folder, name), args, { stdin });
}

/** The same program under that name in this process. */
function ours(programName: string, args: readonly string[], stdin = ''): Promise<Run> {
  return runCli(args, { programName, stdin, openKernel });
}

it('ipvstate behaves as ipvsadm when it is started through a link of that name', async () => {
  expect(await linked('ipvsadm', ['-A', '-t', '192.0.2.1:80', '-s', 'rr'])).toEqual(NOTHING);
  expect(await ours('ipvsadm', ['-a', '-t', '192.0.2.1:80', '-r', '127.0.0.1', '-m'])).toEqual(
    NOTHING,
  );
  expect((await ours('ipvsadm', ['-Ln'])).stdout).toBe(await ipvsadm('-Ln'));
  expect((await ours('ipvsadm', ['-L'])).stdout).toBe(await ipvsadm('-L'));
  expect(await ours('ipvsadm', ['-q'])).toEqual({
    status: 255,
    stdout: '',
    stderr: "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n",
  });
});

it('ipvstate saves and restores through links named ipvsadm-save and ipvsadm-restore', async () => {
  await ours(
    'ipvsadm',
    ['-R'],
    '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 127.0.0.1:80 -m -w 1\n-A -t 192.0.2.2:80 -s rr\n',
  );
  const saved = (await linked('ipvsadm-save', ['-n'])).stdout;
  expect(saved).toBe(await ipvsadm('-Sn'));
  const rules = saved.replace('-A -t 192.0.2.2:80 -s rr', '-A -t 192.0.2.3:80 -s wrr');
  expect(await linked('ipvsadm-restore', [], rules)).toEqual(NOTHING);
  expect(await ipvsadm('-Sn')).toBe(rules);
});

it('ipvsadm-restore changes nothing when a line is wrong', async () => {
  await ipvsadm('-A -t 192.0.2.1:80');
  const { status, stderr } = await ours(
    'ipvsadm-restore',
    [],
    '-A -t 192.0.2.3:80 -s rr\n-A -t 192.0.2.4:80 -w 3\n',
  );
  expect(status).toBe(2);
  expect(stderr).toContain('line 2:');
  expect(await ipvsadm('-Sn')).toBe('-A -t 192.0.2.1:80 -s wlc\n');
});

it('ipvstate has the verb ipvsadm', async () => {
  const { stdout } = await runCli(['ipvsadm', '-v']);
  expect(stdout).toMatch(/^ipvsadm v1\.31 /);
});
