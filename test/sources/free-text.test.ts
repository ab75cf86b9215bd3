import { expect, test } from 'vitest';
import { workspace } from '../cli/workspace.ts';

/** `für` in Latin-1, and a word in GBK. */
const LATIN = Buffer.from([0x66, 0xfc, 0x72]);
const GBK = Buffer.from([0xb8, 0xba, 0xd4, 0xd8]);

function bytes(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

test('comments of another encoding are a warning, and the rest is read', async () => {
  const { run, write } = workspace();
  write('a.save', bytes('# ', LATIN, '\n-A -f 7 -s rr # ', GBK, '\n'));
  write('ld.cf', bytes('virtual=7 # ', GBK, '\n\tchecktype=on\n'));
  write(
    'k.conf',
    bytes('! ', GBK, '\nvirtual_server 192.0.2.1 80 {\nreal_server 10.0.0.1 80 {\n}\n}\n'),
  );
  write('s.sh', bytes('#!/bin/sh\nX=7\necho "', GBK, '"\nipvsadm -A -f $X\n'));
  expect(await run('import ./a.save -o save')).toMatchObject({
    status: 0,
    stdout: '-A -f 7 -s rr\n',
    stderr: expect.stringContaining(
      'a.save:1:4: warning NOT_TEXT: 2 lines have comments that are not UTF-8 text: found byte 0xfc',
    ),
  });
  for (const file of ['ld.cf', 'k.conf', 's.sh']) {
    const { status, stderr } = await run(`import ./${file} -o save`);
    expect(stderr, file).toContain('warning NOT_TEXT: a line has a comment that is not UTF-8 text');
    expect(status, file).toBe(0);
  }
});

test('another encoding outside of comments is an error at its place', async () => {
  const { run, write } = workspace();
  write('a.save', bytes('# ', LATIN, '\n-A -f 7 -s ', LATIN, ' # b\n'));
  expect(await run('validate -f ./a.save')).toMatchObject({
    status: 65,
    stdout: expect.stringContaining('a.save:2:13: error NOT_TEXT: not UTF-8 text'),
  });
  write('b.save', bytes('-A -f 7 -s r', LATIN, '\n'));
  expect((await run('validate -f ./b.save')).stdout).toContain('iconv -f LATIN1 -t UTF-8');
});

test('configurations are UTF-8 as a whole, and binary files are no text', async () => {
  const { run, write } = workspace();
  write('a.yaml', bytes('version: 1\nservices: [] # ', LATIN, '\n'));
  write('b.save', bytes('-A -f 7 # \0', LATIN, '\n'));
  for (const file of ['a.yaml', 'b.save'])
    expect((await run(`validate -f ./${file}`)).stdout).toMatch(/error NOT_TEXT: not UTF-8 text/);
});
