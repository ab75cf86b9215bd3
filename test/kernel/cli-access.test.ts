import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from './ipvsadm/shell.ts';
import { ipvsadm, output, shell } from './real-programs.ts';

const cli = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const NOBODY = 65_534;
const RULES = '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 127.0.0.1:80 -m -w 1\n';

let folder: string;

function ipvstate(
  args: string,
  { as: uid, inside }: { readonly as?: number; readonly inside?: string } = {},
): Promise<Run> {
  const identity =
    uid === undefined
      ? []
      : ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
  const place = inside === undefined ? [] : ['ip', 'netns', 'exec', inside];
  const words = args.split(' ');
  const paths = words.map((word) => (word.endsWith('.save') ? join(folder, word) : word));
  const program = [process.execPath, cli, ...paths];
  const [command = '', ...rest] = [...identity, ...place, ...program];
  const env = {
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'lib'),
  };
  return shell.run(command, rest, { env });
}

const saved = (netns?: string): Promise<string> =>
  netns === undefined ? ipvsadm('-Sn') : output(`ip netns exec ${netns} ipvsadm -Sn`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-access-'));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'rules.save'), RULES);
  writeFileSync(join(folder, 'live.save'), '');
  await output('ip netns add blue');
  await output('ip -n blue link set lo up');
});
afterAll(async () => {
  await output('ip netns delete blue');
  rmSync(folder, { recursive: true, force: true });
});

const clear = async (): Promise<void> => {
  await ipvsadm('-C');
  await output('ip netns exec blue ipvsadm -C');
};
beforeEach(clear);
afterEach(clear);

// Each start of the program takes seconds in User-Mode Linux. Unit tests have the cases that need
// no kernel.
describe('a user without CAP_NET_ADMIN', () => {
  it.each(['apply -f rules.save --yes', 'export'])(
    'gets exit 77 and the missing capability from %s',
    async (line) => {
      const { status, stdout, stderr } = await ipvstate(line, { as: NOBODY });
      expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
      expect(stderr).toContain('CAP_NET_ADMIN');
      expect(await saved()).toBe('');
    },
  );

  it('gets exit 77 from plan where it may not read the records of root', async () => {
    const run = join(folder, 'run');
    mkdirSync(run, { mode: 0o700 });
    const { status, stdout, stderr } = await ipvstate('plan -f rules.save', { as: NOBODY });
    rmSync(run, { recursive: true });
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toContain('protected.json cannot be read (EACCES)\n    Run as root, or as the');
  });

  it('can plan against a saved table', async () => {
    expect(await ipvstate('plan -f rules.save --table live.save', { as: NOBODY })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('cannot enter another network namespace', async () => {
    const { status, stderr } = await ipvstate('export --netns blue', { as: NOBODY });
    expect(status).toBe(77);
    expect(stderr).toContain('CAP_SYS_ADMIN');
  });
});

describe('--netns', () => {
  it('uses the table of a namespace, by name and by path, and keeps the exit code', async () => {
    expect(
      await ipvstate('apply -f rules.save --yes --netns blue --detailed-exitcode'),
    ).toMatchObject({ status: 2, stderr: '' });
    expect([await saved('blue'), await saved()]).toEqual([RULES, '']);
    expect(await ipvstate('export -o save --netns=/run/netns/blue')).toMatchObject({
      status: 0,
      stdout: RULES,
    });
  });

  it('does nothing for the namespace that the program is in', async () => {
    expect(
      await ipvstate('apply -f rules.save --yes --netns blue', { inside: 'blue' }),
    ).toMatchObject({ status: 0 });
    expect([await saved('blue'), await saved()]).toEqual([RULES, '']);
  });
});
