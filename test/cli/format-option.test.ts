import { describe, expect, it } from 'vitest';
import { shop } from './workspace.ts';

describe('--format', () => {
  it.each(['import ./odd', 'validate -f ./odd', 'diff ./odd ./live.save'])(
    'makes %s read a file as what it says, whatever the file looks like',
    async (line) => {
      const { run } = shop({ odd: '# nothing yet\n' });
      expect((await run(line)).stdout + (await run(line)).stderr).toContain(
        'the file says nothing',
      );
      const told = await run(`${line} --format save`);
      expect(told.status).toBe(65);
      expect(told.stdout + told.stderr).toContain('this ipvsadm save text adds no service');
    },
  );

  it.each(['plan', 'apply --yes', 'check'])('is an option of %s', async (verb) => {
    const { run, read } = shop();
    const line = `${verb} -f ./shop.yaml --table ./live.save --format`;
    expect((await run(`${line} save`)).status).toBe(65);
    expect(read('live.save')).toContain('10.1.0.13:443');
    expect((await run(`${line} yaml`)).status).toBe(verb === 'check' ? 2 : 0);
  });

  it('of a saved plan is refused', async () => {
    const { run } = shop();
    await run('plan -f ./shop.yaml --table ./live.save --save ./p');
    expect(await run('apply ./p --table ./live.save --yes --format json')).toMatchObject({
      status: 64,
    });
  });

  it('overrides that an empty file is an empty table, and that a saved plan is one', async () => {
    const { run, write } = shop();
    write('empty', '');
    expect((await run('diff ./empty ./shop.yaml')).status).toBe(2);
    expect((await run('diff ./empty ./shop.yaml --format yaml')).status).toBe(65);
  });

  it('lists the formats when it does not know one', async () => {
    const { run } = shop();
    const { status, stderr } = await run('import ./shop.yaml --format yml');
    expect(status).toBe(64);
    expect(stderr).toMatch(/Allowed choices are yaml, json, .*save.*keepalived/);
  });

  it('is completed', async () => {
    const { run } = shop();
    const { stdout } = await run(['complete', '--', 'validate', '--format', '']);
    for (const name of ['yaml', 'json', 'save']) expect(stdout.split('\n')).toContain(name);
    expect(stdout).not.toContain('listing');
  });
});

describe('a file that is no text', () => {
  it.each(['import', 'validate -f', 'plan --table ./live.save -f', 'diff ./shop.yaml'])(
    'is named as binary by %s, for its zero bytes, too',
    async (line) => {
      const { run, write } = shop();
      write('bad', '-A -t 192.0.2.1:80\0\n');
      const { status, stdout, stderr } = await run(`${line} ./bad`);
      expect(status).toBe(65);
      expect(stdout + stderr).toContain(
        'bad:1:19: error NOT_TEXT: not UTF-8 text: found byte 0x00',
      );
      expect(stdout + stderr).toContain('hint: this is a binary file');
    },
  );
});
