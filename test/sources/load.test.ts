import { describe, expect, it } from 'vitest';
import { LIVE, SHOP, shop, workspace } from '../cli/workspace.ts';

const DNS =
  'version: 1\nservices: [{ name: dns, address: "udp://192.0.2.53:53", destinations: [10.1.0.53] }]\n';

describe('the option -f', () => {
  it('reads *.yaml, *.yml and *.json of a folder in byte order, and nothing else', async () => {
    const { run } = workspace({
      'conf/b.yml': DNS,
      'conf/B.yaml': SHOP,
      'conf/é.json':
        '{"version":1,"services":[{"address":"fwmark:7","destinations":["10.0.0.7"]}]}',
      'conf/.hidden.yaml': 'not read',
      'conf/notes.txt': 'not read',
      'conf/old.yaml.bak': 'not read',
      'conf/sub/c.yaml': 'not read',
      'live.save': '',
    });
    expect(await run('validate -f ./conf')).toEqual({
      status: 0,
      stdout: 'Valid: 3 files, 3 services, 0 errors, 0 warnings.\n',
      stderr: '',
    });
    await run('plan -f ./conf --table ./live.save --save ./plan.json');
    const { stdout } = await run('plan -f ./conf --table ./live.save -o json');
    const positions = JSON.parse(stdout).changes.flatMap(
      ({ position }: { position?: { file: string } }) => position?.file ?? [],
    );
    expect(new Set(positions)).toEqual(new Set(['conf/B.yaml', 'conf/b.yml', 'conf/é.json']));
  });

  it('reports the issues of a folder in the order of its file names', async () => {
    const { run } = workspace({
      'conf/a.yaml': '',
      'conf/Z.yaml': '',
      'conf/10.yaml': '',
      'conf/9.yaml': '',
    });
    const { stdout } = await run('validate -f ./conf');
    expect(stdout.match(/^conf\/\S+?(?=:)/gm)).toEqual([
      'conf/10.yaml',
      'conf/9.yaml',
      'conf/Z.yaml',
      'conf/a.yaml',
    ]);
  });

  it('can be repeated, and merges the files into one table', async () => {
    const { run } = workspace({ 'a.yaml': SHOP, 'b.yaml': DNS, 'live.save': '' });
    const { status, stdout } = await run('plan -f ./a.yaml -f ./b.yaml --table ./live.save');
    expect(status).toBe(0);
    expect(stdout).toContain('"shop"');
    expect(stdout).toContain('"dns"');
  });

  it('reads stdin for -, and names it in positions', async () => {
    const { run } = shop();
    expect(await run('plan -f - --table ./live.save', { stdin: SHOP })).toMatchObject({
      status: 0,
    });
    expect((await run('validate -f -', { stdin: 'version: 2\nservices: []\n' })).stdout).toMatch(
      /^<stdin>:1:\d+: error VERSION: /,
    );
  });

  it('reads the output of ipvsadm -S', async () => {
    const { run } = shop({ 'rules.save': LIVE });
    expect(await run('check -f ./rules.save --table ./live.save')).toMatchObject({ status: 0 });
  });

  it.each([
    ['the same file twice', ['./shop.yaml', './shop.yaml']],
    ['stdin twice', ['-', '-']],
  ])('refuses %s', async (_, names) => {
    const { status, stderr } = await shop().run([
      'validate',
      ...names.flatMap((name) => ['-f', name]),
    ]);
    expect(status).toBe(64);
    expect(stderr).toMatch(/^ipvstate: \S+ is given twice\n$/);
  });

  it('refuses an empty folder: no file does not mean no services', async () => {
    const { run, folder } = workspace();
    const { status, stderr } = await run(['validate', '-f', folder]);
    expect(status).toBe(66);
    expect(stderr).toContain('has no *.yaml, *.yml or *.json file');
  });

  it('names both default places when neither exists', async () => {
    for (const verb of ['validate', 'plan', 'apply', 'check']) {
      const { status, stdout, stderr } = await workspace().run(verb);
      expect({ status, stdout }).toEqual({ status: 66, stdout: '' });
      expect(stderr).toBe(
        'ipvstate: neither /etc/ipvstate/ipvstate.yaml nor /etc/ipvstate/conf.d exists\n    Name a file or a folder with -f.\n',
      );
    }
  });
});
