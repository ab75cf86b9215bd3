import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DONE, LIVE, SHOP, shop, workspace } from './workspace.ts';

const APPLY = 'apply -f ./shop.yaml --table';

describe('the format of a saved table', () => {
  it('stays ipvsadm lines when the file has ipvsadm lines', async () => {
    const { run, read } = shop();
    expect(await run(`${APPLY} ./live.save`)).toMatchObject({ status: 0 });
    expect(read('live.save')).toBe(DONE);
  });

  it('stays YAML when the file has YAML', async () => {
    const { run, read, write } = shop();
    write('live.yaml', (await run('export --table ./live.save')).stdout);
    expect(await run(`${APPLY} ./live.yaml`)).toMatchObject({ status: 0 });
    expect(read('live.yaml')).toMatch(/^version: 1\n/);
    expect(await run('export --table ./live.yaml -o save -q')).toMatchObject({ stdout: DONE });
  });

  it('stays JSON when the file has JSON, whatever its name', async () => {
    const { run, read, write } = shop();
    write('live.table', (await run('export --table ./live.save -o json')).stdout);
    expect(await run(`${APPLY} ./live.table`)).toMatchObject({ status: 0 });
    expect(JSON.parse(read('live.table'))).toMatchObject({
      services: [{ address: 'tcp://192.0.2.10:443' }],
    });
    expect(await run('export --table ./live.table -o save -q')).toMatchObject({ stdout: DONE });
  });

  it.each([
    ['empty.save', /^-A -t 192\.0\.2\.10:443/],
    ['empty.json', /^\{\n {2}"version": 1/],
    ['empty.yaml', /^version: 1\n/],
  ])('follows the name of an empty file (%s)', async (name, begins) => {
    const { run, read } = shop({ [name]: '' });
    expect(await run(`${APPLY} ./${name}`)).toMatchObject({ status: 0 });
    expect(read(name)).toMatch(begins);
    expect(await run(`check -f ./shop.yaml --table ./${name}`)).toMatchObject({ status: 0 });
  });
});

describe('a table that is saved as ipvsadm lines', () => {
  it('is written without what these cannot hold, which is named', async () => {
    const { run, read, write } = shop();
    write('shop.yaml', `${read('shop.yaml')}timeouts: { tcp: 20m }\n`);
    const { status, stderr } = await run(`${APPLY} ./live.save`);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^ipvstate: .*live\.save: the save format cannot hold the timeouts 1200 120 300 /m,
    );
    expect(read('live.save')).toBe(DONE);
  });
});

describe('a saved table', () => {
  it.each([
    ['live.save', '-A -t [2001:db8::1]:80\n-a -t [2001:db8::1]:80 -r [::ffff:10.0.0.1]:80\n'],
    [
      'live.yaml',
      'version: 1\nservices:\n  - address: tcp://[2001:db8::1]:80\n    destinations: ["::ffff:10.0.0.1"]\n',
    ],
  ])('is refused with a destination that the kernel would refuse (%s)', async (name, text) => {
    const { run } = shop({ [name]: text });
    const { status, stderr } = await run(`plan -f ./shop.yaml --table ./${name}`);
    expect(status).toBe(65);
    expect(stderr).toContain('::ffff:10.0.0.1 cannot be a destination');
  });

  it('is replaced as a whole, and no other file stays in the folder', async () => {
    const { run, path, folder } = shop();
    const before = statSync(path('live.save')).ino;
    await run(`${APPLY} ./live.save`);
    expect(statSync(path('live.save')).ino).not.toBe(before);
    expect(readdirSync(folder).sort()).toEqual(['live.save', 'shop.yaml']);
  });

  it.each([0o600, 0o640, 0o666])('keeps its mode %o whatever the umask is', async (mode) => {
    const { run, path } = shop();
    chmodSync(path('live.save'), mode);
    await run(`${APPLY} ./live.save`);
    expect(statSync(path('live.save')).mode & 0o777).toBe(mode);
  });

  it('is written through a link, which stays a link', async () => {
    const { run, path, read } = shop();
    symlinkSync('live.save', path('link.save'));
    await run(`${APPLY} ./link.save`);
    expect(lstatSync(path('link.save')).isSymbolicLink()).toBe(true);
    expect(read('live.save')).toBe(DONE);
  });

  it('is not written without changes', async () => {
    const { run, path } = shop({ 'live.save': DONE });
    const before = statSync(path('live.save'), { bigint: true });
    await run(`${APPLY} ./live.save`);
    const after = statSync(path('live.save'), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  });

  it('is an error when its file is missing, not an empty table', async () => {
    for (const verb of [
      'plan -f ./shop.yaml',
      'apply -f ./shop.yaml',
      'check -f ./shop.yaml',
      'export',
    ]) {
      const { status, stdout, stderr } = await shop().run(`${verb} --table ./gone.save`);
      expect({ status, stdout, stderr }).toEqual({
        status: 66,
        stdout: '',
        stderr: 'ipvstate: gone.save does not exist\n',
      });
    }
  });

  it('is refused with the line when it is invalid, and is not written', async () => {
    const broken = `${LIVE}-a -t 192.0.2.10:443 -r 10.1.0.300:443\n`;
    const { run, read } = shop({ 'live.save': broken });
    const { status, stdout, stderr } = await run(`${APPLY} ./live.save`);
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    expect(stderr).toMatch(/^live\.save:4:\d+: error IPVSADM_LINE: /);
    expect(stderr).toContain('ipvstate: the table live.save has errors; nothing was changed\n');
    expect(read('live.save')).toBe(broken);
  });

  it('is an error when its path is a folder or leads through a file', async () => {
    const { run, folder } = shop();
    expect(await run(['plan', '-f', './shop.yaml', '--table', folder])).toMatchObject({
      status: 66,
      stderr: expect.stringContaining('is a folder'),
    });
    expect(await run('plan -f ./shop.yaml --table ./shop.yaml/live.save')).toMatchObject({
      status: 66,
      stderr: 'ipvstate: shop.yaml/live.save does not exist\n',
    });
  });

  it('is refused when it has bytes that are not text', async () => {
    const { run, write } = shop();
    write('live.save', Buffer.concat([Buffer.from(LIVE), Buffer.from([0xff, 0xfe])]));
    expect(await run(`${APPLY} ./live.save`)).toMatchObject({ status: 65 });
  });
});

describe('export and import', () => {
  it('print text that import reads as the same table, in every format', async () => {
    const { run, write } = workspace({ 'shop.yaml': SHOP });
    for (const format of ['yaml', 'json', 'save'] as const) {
      const first = await run(`import ./shop.yaml -o ${format}`);
      expect(first).toMatchObject({ status: 0, stderr: '' });
      write(`again.${format}`, first.stdout);
      expect(await run(`import ./again.${format} -o ${format}`)).toMatchObject({
        status: 0,
        stdout: first.stdout,
      });
    }
  });

  it('keep the names of services in YAML and JSON', async () => {
    const { run } = workspace({ 'shop.yaml': SHOP });
    expect((await run('import ./shop.yaml')).stdout).toContain('name: shop');
    expect((await run('import ./shop.yaml -o json')).stdout).toContain('"name": "shop"');
  });

  it('read stdin for the file name -', async () => {
    const { stdout, status } = await workspace().run('import - -o save', { stdin: DONE });
    expect({ status, stdout }).toEqual({ status: 0, stdout: DONE });
  });

  it('print the issues of a script on stderr and nothing on stdout', async () => {
    const { status, stdout, stderr } = await workspace().run('import -', {
      stdin: `${LIVE}-A -t 192.0.2.10:99999\n`,
    });
    expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
    expect(stderr).toMatch(/^<stdin>:4:\d+: error IPVSADM_LINE: /);
  });
});

it('a pipe is no table to apply to, because a changed table cannot be written to it', async () => {
  const { run, path } = shop();
  execFileSync('mkfifo', [path('pipe')]);
  expect(await run(`${APPLY} ./pipe`)).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('pipe is not a file: a changed table cannot be written to it'),
  });
});
