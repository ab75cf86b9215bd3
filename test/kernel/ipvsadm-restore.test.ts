import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useHarness } from './ipvsadm/harness.ts';

const harness = useHarness();
const rich = readFileSync(new URL('../ipvsadm/fixtures/rich.save', import.meta.url), 'utf8');

test.each<[string, string]>([
  ['a save file', rich],
  ['nothing', ''],
  ['blank lines', '\n \n\t\n'],
  [
    'carriage returns, indents and the word ipvsadm anywhere',
    'ipvsadm -A -t 10.0.0.1:80\r\n\tipvsadm -a -t 10.0.0.1:80 ipvsadm -r 10.0.0.2 -m\r\n  -A -f 7',
  ],
  ['the word ipvsadm alone', 'ipvsadm\n-A -f 7'],
  [
    'listings between changes',
    '-A -f 7\n-L -n\n-S -n\n-A -f 8\n-L -n -f 8\n--set 1 2 3\n-L --timeout\n',
  ],
  ['a call for help, which ends it', '-A -f 7\n-h\n-A -f 8\n'],
  ['a question for the version, which ends it', '-v\n-A -f 8\n'],
  [
    'every command that changes something',
    '-C\n--set 1 2 3\n-A -f 8\n-E -f 8 -s rr\n-Z\n-Z -f 8\n-D -f 8\n--start-daemon backup --mcast-interface ipvsadm0\n',
  ],
  [
    'refusals of the kernel',
    '-A -f 7\n-A -f 7\n-a -f 7 -r 0.0.0.0\n-e -f 7 -r 10.0.0.2\n-D -f 8\n',
  ],
  ['a bad line', '-A -f 7\n-A -f 8 -w 1\n'],
  ['a line without a command', '-A -f 7\nfoo\n'],
  ['itself', '-A -f 7\n-R\n'],
  ['another path of ipvsadm', '/sbin/ipvsadm -A -f 7\n'],
  ['quotes, which have no meaning', '-A -t "10.0.0.1:80"\n'],
  ['a last line that ends in a blank', '-A -f 7 '],
])('ipvsadm and ipvstate do the same for -R of %s', (_, stdin) =>
  harness().same({ argv: ['-R'], stdin, setup: '' }),
);

test.each(['-A -f 7\n', '-A foo -f 7\n'])(
  'ipvsadm and ipvstate do the same with POSIXLY_CORRECT for -R of %j',
  (stdin) => harness().same({ argv: ['-R'], stdin, setup: '', posixlyCorrect: true }),
);

test('-R prints every wrong line with its number, and changes nothing', async () => {
  const { comparison } = harness();
  const ours = await comparison.ours({
    argv: ['-R'],
    stdin: '-A -f 7\n-A -f 8 -w 1\n\n-q\n-A -f 9 -s\n',
    setup: '',
  });
  expect(ours.stderr.split('\n')).toEqual([
    "line 2: Illegal 'weight' option with the 'add-service' command",
    "line 4: Try `ipvsadm -h' or 'ipvsadm --help' for more information.",
    'line 5: -s: missing argument',
    '',
  ]);
  expect(ours).toMatchObject({
    status: 255,
    stdout: '',
    table: 'Timeout (tcp tcpfin udp): 900 120 300\n',
  });
});

test('ipvstate restores a file of ipvsadm, and ipvsadm restores a file of ipvstate', async () => {
  const { comparison, shell } = harness();
  const restored = await comparison.ours({ argv: ['-R'], stdin: rich, setup: '' });
  expect(restored).toMatchObject({ status: 0, stderr: '' });
  const saved = await shell.run('ipvsadm', ['-S', '-n']);
  expect(saved.stdout).toBe(rich);
  const thresholds =
    '-A -f 4294967295 -s sh -b sh-port,flag-3\n-a -f 4294967295 -r 10.0.0.2:0 -g -w 1 -x 9 -y 5\n';
  await shell.run('ipvsadm', ['-C']);
  expect(await shell.run('ipvsadm', ['-R'], { stdin: thresholds })).toMatchObject({ status: 0 });
  expect(await comparison.ours({ argv: ['-S'], setup: undefined })).toMatchObject({
    stdout: thresholds,
  });
});
