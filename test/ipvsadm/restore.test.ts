import { expect, test } from 'vitest';
import { runIpvsadmRestore, runIpvsadmSave } from '../../src/ipvsadm/save-and-restore.ts';
import type { Desired } from '../../src/model/desired.ts';
import { servicesOf, tableOf } from '../support/tables.ts';
import { frontEnd } from './front-end.ts';

const table = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.2:80': 1 } } });

test('-R runs the lines in their order and goes on after a refusal', async () => {
  const { run, saved, opened } = frontEnd(tableOf({}));
  const { status, stdout, stderr } = await run(
    '-R',
    '# comment\n-A -f 7 # mark\n-A -f 7\n\n-L -n -f 7\n-a -f 7 -r 10.0.0.1\n-e -f 7 -r 10.0.0.9\n',
  );
  expect(stderr).toBe('line 3: Service already exists\nline 7: No such destination\n');
  expect(stdout).toMatch(/^Prot .*\n.*\nFWM {2}7 wlc\n$/);
  expect([status, saved(), opened()]).toEqual([
    255,
    '-A -f 7 -s wlc\n-a -f 7 -r 10.0.0.1:0 -g -w 1\n',
    [1, 1],
  ]);
});

test('-R prints any number of wrong lines', async () => {
  const { status, stderr } = await frontEnd(table).run('-R', '-A -t nowhere:80\n'.repeat(200_000));
  expect([status, stderr.split('\n').length]).toEqual([2, 200_001]);
});

test('-R runs more lines than one wave has in their order', async () => {
  const count = 2500;
  const adds = Array.from(
    { length: count },
    (_, index) => `-a -f 7 -r 10.0.${index >> 8}.${index & 255} -m\n`,
  );
  const { run, saved } = frontEnd(tableOf({}));
  const { status, stdout, stderr } = await run(
    '-R',
    `-A -f 7\n${adds.join('')}-L -n -f 7\n-a -f 7 -r 10.0.0.0\n-e -f 7 -r 10.0.0.0 -w 9\n`,
  );
  expect(stderr).toBe(`line ${count + 3}: Destination already exists\n`);
  expect([status, stdout.split('\n').length]).toEqual([255, count + 4]);
  expect(saved().split('\n').slice(1, 3)).toEqual([
    '-a -f 7 -r 10.0.0.0:0 -g -w 9',
    '-a -f 7 -r 10.0.0.1:0 -m -w 1',
  ]);
});

test('-R prints each wrong line of a file and does not open the table', async () => {
  const { run, opened } = frontEnd(table);
  expect(await run('-R', '-C\n-A -t nowhere:80\n-R\n')).toEqual({
    ...{ status: 255, stdout: '' },
    stderr:
      "line 2: illegal virtual server address[:port] specified\nline 3: Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n",
  });
  expect(opened()).toEqual([0, 0]);
});

test('-R looks all names of a file up before it runs a line', async () => {
  const { run, asked, saved } = frontEnd(tableOf({}));
  expect(await run('-R', '-A -t vip:http\n-a -t vip:http -r 10.0.0.2:8080 -m\n')).toMatchObject({
    status: 0,
  });
  expect(asked).toEqual(['vip', 'http/tcp']);
  expect(saved()).toBe('-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 1\n');
});

test('-R prints the cautions of a line with the number of the line', async () => {
  const { stderr } = await frontEnd(table).run('-R', '\n-A -f 7 -M 255.0.0.0\n');
  expect(stderr).toBe("line 2: Warning: -M has no effect without -p, and 'ipvsadm -S' loses it\n");
});

test('ipvsadm-save refuses every option but -n', async () => {
  const { io, saved } = frontEnd(table);
  const save = async (...argv: string[]) => {
    const out = { stdout: '', stderr: '' };
    const status = await runIpvsadmSave(argv, {
      ...io,
      stdout: (text) => {
        out.stdout += text;
      },
      stderr: (text) => {
        out.stderr += text;
      },
    });
    return { status, ...out };
  };
  expect(await save('-n', 'ignored')).toEqual({ status: 0, stdout: saved(), stderr: '' });
  expect(await save()).toEqual({ status: 0, stdout: saved(), stderr: '' });
  expect(await save('-x')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^ipvsadm-save: Script to save/),
  });
});

test('ipvsadm-restore applies the desired table, or prints the faults and changes nothing', async () => {
  const applied: Desired[] = [];
  const restore = async (stdin: string) => {
    let stderr = '';
    const io = {
      ...frontEnd(table).io,
      readStdin: async () => Buffer.from(stdin),
      stderr: (text: string) => {
        stderr += text;
      },
    };
    const status = await runIpvsadmRestore(io, async (desired) => {
      applied.push(desired);
      return 0;
    });
    return { status, stderr };
  };
  expect(await restore('# saved\n-A -t vip:http\n')).toEqual({ status: 0, stderr: '' });
  expect(applied.map(({ services }) => services)).toEqual([
    servicesOf({ 'tcp://192.0.2.1:80': {} }),
  ]);
  expect(await restore('-A -f 7\n-A -f 7\n-Z\n')).toEqual({
    status: 2,
    stderr:
      'line 2: Service already exists\nline 3: Warning: counters are not part of the desired state\n',
  });
  expect(await restore('')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('adds no service'),
  });
  expect(applied).toHaveLength(1);
});

test('-R skips a byte order mark before the first line', async () => {
  const { run, saved } = frontEnd(tableOf({}));
  expect(await run('-R', '\ufeff-A -f 8 -s rr\n')).toMatchObject({ status: 0, stderr: '' });
  expect(saved()).toBe('-A -f 8 -s rr\n');
});
