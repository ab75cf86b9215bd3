import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const cli = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const NOBODY = 65_534;
const RULES = '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 127.0.0.1:80 -m -w 1\n';

let folder: string;

function ipvstate(args: string, { as: uid, inside }: { readonly as?: number; readonly inside?: string } = {}) {
  const program = [process.execPath, cli, ...args.split(' ')];
  const words = inside === undefined ? program : ['ip', 'netns', 'exec', inside, ...program];
  const identity = uid === undefined ? [] : ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
  const [command = '', ...rest] = [...identity, ...words];
  const env = { ...process.env, IPVSTATE_RUNTIME_DIR: join(folder, 'run'), IPVSTATE_STATE_DIR: join(folder, 'lib') };
  const { status, stdout, stderr } = spawnSync(command, rest, { cwd: folder, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

const saved = (netns?: string): string =>
  execFileSync(netns === undefined ? 'ipvsadm' : 'ip', netns === undefined ? ['-Sn'] : ['netns', 'exec', netns, 'ipvsadm', '-Sn'], {
    encoding: 'utf8',
  });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-access-'));
  execFileSync('chmod', ['755', folder]);
  writeFileSync(join(folder, 'rules.save'), RULES);
  writeFileSync(join(folder, 'live.save'), '');
  execFileSync('ip', ['netns', 'add', 'blue']);
  execFileSync('ip', ['-n', 'blue', 'link', 'set', 'lo', 'up']);
});
afterAll(() => {
  execFileSync('ip', ['netns', 'delete', 'blue']);
  rmSync(folder, { recursive: true, force: true });
});

const clear = (): void => {
  execFileSync('ipvsadm', ['-C']);
  execFileSync('ip', ['netns', 'exec', 'blue', 'ipvsadm', '-C']);
};
beforeEach(clear);
afterEach(clear);

// Each start of the program takes seconds in User-Mode Linux; what needs no kernel is tested elsewhere.
describe('without CAP_NET_ADMIN', () => {
  it.each(['apply -f rules.save --yes', 'export'])('%s exits 77 and says what is missing', (line) => {
    const { status, stdout, stderr } = ipvstate(line, { as: NOBODY });
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toContain('CAP_NET_ADMIN');
    expect(saved()).toBe('');
  });

  it('a plan against a saved table works', () => {
    expect(ipvstate('plan -f rules.save --table live.save', { as: NOBODY })).toMatchObject({ status: 0, stderr: '' });
  });

  it('another network namespace cannot be entered', () => {
    const { status, stderr } = ipvstate('export --netns blue', { as: NOBODY });
    expect(status).toBe(77);
    expect(stderr).toContain('CAP_SYS_ADMIN');
  });
});

describe('--netns', () => {
  it('works on the table of that namespace, by name and by path, and hands on the exit code', () => {
    expect(ipvstate('apply -f rules.save --yes --netns blue --detailed-exitcode')).toMatchObject({ status: 2, stderr: '' });
    expect([saved('blue'), saved()]).toEqual([RULES, '']);
    expect(ipvstate('export -o save --netns=/run/netns/blue')).toMatchObject({ status: 0, stdout: RULES });
  });

  it('of the namespace that the program is in changes nothing', () => {
    expect(ipvstate('apply -f rules.save --yes --netns blue', { inside: 'blue' })).toMatchObject({ status: 0 });
    expect([saved('blue'), saved()]).toEqual([RULES, '']);
  });
});
