import { describe, expect, it } from 'vitest';
import { workspace } from './workspace.ts';

const FLEET = {
  'conf.d/shop.yaml': `version: 1
services:
  - name: shop
    address: tcp://192.0.2.10:443
    destinations:
      - 10.1.0.11
      - { address: 10.1.0.12, weight: 9, nodes: ["lb*"] }
`,
  'conf.d/nodes/lb1/sync.yaml':
    'version: 1\nservices: []\nsync_daemons: [{ role: master, interface: eth1 }]\n',
  'conf.d/nodes/lb2/sync.yaml':
    'version: 1\nservices: []\nsync_daemons: [{ role: backup, interface: eth1 }]\n',
  'live.save': '',
};

const NEEDS_NODE = /error NODE: this is for some nodes only.*hint: .*--node NAME/s;

describe('--node', () => {
  it.each([
    'plan -f ./conf.d --table ./live.save',
    'apply -f ./conf.d --table ./live.save --yes',
    'check -f ./conf.d --table ./live.save',
    'explain shop -f ./conf.d --table ./live.save',
    'diff ./live.save ./conf.d',
    'import ./conf.d/shop.yaml',
  ])('is needed by `ipvstate %s` when files differ between nodes', async (line) => {
    const { run, read } = workspace(FLEET);
    expect(await run(line)).toMatchObject({
      status: 65,
      stderr: expect.stringMatching(NEEDS_NODE),
    });
    expect(read('live.save')).toBe('');
    expect((await run(`${line} --node lb1`)).stderr).not.toMatch(NEEDS_NODE);
  });

  it('makes the table of this node, and a second plan has no changes', async () => {
    const { run, read } = workspace({ ...FLEET, 'live.yaml': 'version: 1\nservices: []\n' });
    const line = '-f ./conf.d --table ./live.yaml --node';
    expect((await run(`apply ${line} lb1 --yes`)).status).toBe(0);
    expect(read('live.yaml')).toContain('10.1.0.12');
    expect((await run(`check ${line} lb1`)).status).toBe(0);
    const other = await run(`plan ${line} lb2`);
    expect(other.stdout).toContain('- master sync daemon');
    expect(other.stdout).toContain('+ backup sync daemon');
    expect((await run(`plan ${line} site-a`)).stdout).toContain('- 10.1.0.12:443');
  });

  it('leads explain to the destination of this node', async () => {
    const { run } = workspace(FLEET);
    const line = 'explain shop 10.1.0.12 -f ./conf.d --table ./live.save --node';
    expect((await run(`${line} lb1`)).stdout).toMatch(/weight +9\s.*shop\.yaml:7/);
    expect((await run(`${line} other`)).status).toBe(64);
  });

  it.each(['../lb1', 'a b', ''])('refuses %j, which is no name', async (name) => {
    const { run } = workspace(FLEET);
    const line = ['validate', '-f', './conf.d', '--node', name];
    expect(await run(line)).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('--node'),
    });
  });

  it('is refused with a saved plan, which is of one table', async () => {
    const { run } = workspace(FLEET);
    await run('plan -f ./conf.d --table ./live.save --node lb1 --save ./a.plan');
    const { status, stderr } = await run('apply ./a.plan --table ./live.save --node lb1 --yes');
    expect([status, stderr]).toEqual([64, expect.stringContaining('a saved plan is applied')]);
  });

  it('has its name in the error of files that are invalid for it', async () => {
    const { run, write } = workspace(FLEET);
    write('conf.d/nodes/lb2/sync.yaml', 'version: 2\nservices: []\n');
    expect((await run('plan -f ./conf.d --table ./live.save --node lb2')).stderr).toContain(
      '1 error in the configuration of lb2; nothing was changed',
    );
  });
});

describe('validate', () => {
  it('reads the files for every node when none is named', async () => {
    const { run } = workspace(FLEET);
    expect((await run('validate -f ./conf.d')).stdout).toBe(
      'Valid for lb1, lb2, any other node: 3 files, 0 errors, 0 warnings.\n',
    );
    expect((await run('validate -f ./conf.d --node lb1')).stdout).toBe(
      'Valid for lb1: 2 files, 1 service, 0 errors, 0 warnings.\n',
    );
  });

  it('names the nodes that have a problem in every output format', async () => {
    const { run, write } = workspace(FLEET);
    write('conf.d/nodes/lb2/shop.yaml', FLEET['conf.d/shop.yaml']);
    const text = await run('validate -f ./conf.d');
    expect(text.status).toBe(65);
    expect(text.stdout).toContain('is in two files (lb2)');
    const document = JSON.parse((await run('validate -f ./conf.d -o json')).stdout);
    expect(document).toMatchObject({ nodes: ['lb1', 'lb2', ''], issues: [{ nodes: ['lb2'] }] });
    for (const format of ['github', 'sarif'])
      expect((await run(`validate -f ./conf.d -o ${format}`)).stdout).toContain('files (lb2)');
  });

  it('counts the nodes that a line has no room for', async () => {
    const nodes = Array.from({ length: 9 }, (_, index) => `lb${index}`);
    const { run } = workspace({
      'a.yaml': `version: 1\nservices: []\ntimeouts: { nodes: [${nodes}], tcp: 5m }\n`,
    });
    expect((await run('validate -f ./a.yaml')).stdout).toMatch(
      /^Valid for lb0, lb1, lb2, lb3, lb4 and 5 more: 1 file/,
    );
  });
});

describe('fmt', () => {
  it('formats the files of every node, and needs no --node', async () => {
    const { run } = workspace(FLEET);
    const { status, stdout } = await run('fmt ./conf.d');
    expect(status).toBe(0);
    expect(stdout).toContain('conf.d/nodes/lb1/sync.yaml');
    expect((await run('fmt --check ./conf.d')).status).toBe(0);
  });
});
