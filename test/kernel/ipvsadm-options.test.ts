import { describe, expect, test } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import { frontEnd } from '../ipvsadm/front-end.ts';
import { tableOf } from '../support/tables.ts';
import { useHarness, words } from './ipvsadm/harness.ts';

const harness = useHarness();
const same = (each: Parameters<ReturnType<typeof harness>['same']>[0]) => harness().same(each);

describe('a line with help, version or another first option', () => {
  test.each([
    '-h',
    '-v',
    '--help',
    '--version',
    '-hq',
    '-vq x',
    '-Lh',
    '-L -v',
    'foo',
    '- -L',
    '-',
    '--',
    '-- -L',
    '-n -L',
    '-nL',
    '--exact -L',
    '-p',
    '-t',
  ])('is read as by ipvsadm: %s', (line) => same(words(line)));
  test('lists the table as ipvsadm does when there are no words', () => same([]));
});

describe('a line with bundled options, values in the same word or equals signs', () => {
  test.each([
    ...[
      '-Lnc',
      '-Lnn',
      '-list',
      '-L -n -n',
      '-L -n --sort --sort',
      '-LC',
      '-L -C',
      '-Lq',
      '-L -q',
      '-L -ö',
      '-L -= ',
      '-L --= ',
      '-L --=x',
    ],
    ...[
      '-L -n=x',
      '-Ln=x',
      '-Ln=',
      '-L=',
      '-L=n',
      '--list=',
      '--list=x',
      '--list --numeric=foo',
      '--lis',
      '--list --numeri',
    ],
    ...[
      '-At10.0.0.5:81',
      '-At=10.0.0.5:81',
      '-A -t=10.0.0.5:81',
      '-A --tcp-service=10.0.0.5:81',
      '-A --tcp-service=',
      '-A -t',
      '-At',
    ],
    ...[
      '-At10.0.0.5:81 -s=sh -p=100',
      '-At 10.0.0.5:81 -ssh',
      '-At 10.0.0.5:81 -s==sh',
      '-Apt 10.0.0.5:81',
      '-A -b',
    ],
    ...[
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -mw 5',
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -mw5x10y2',
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -mx10',
    ],
    ...[
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -w',
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -w -1',
      '-a -t 10.0.0.1:80 -r',
      '-A --tcp-service',
    ],
  ])('is read as by ipvsadm: %s', (line) => same(words(line)));
});

describe('the optional value of -p', () => {
  const service = ['-A', '-t', '10.0.0.5:81'];
  test.each([
    '-p',
    '-p rr',
    '-p -1',
    '-p -q',
    '-p -s rr',
    '-p -- 100',
    '-p 100',
    '-p=100',
    '-p100',
    '-p=',
    '--persistent',
    '--persistent 100',
    '-p -',
  ])('is read as by ipvsadm: %s', (line) => same([...service, ...words(line)]));
  test('is refused as by ipvsadm when it is empty', async () => {
    await same([...service, '-p', '']);
    await same([...service, '--persistent=']);
    await same([...service, '--persistent', ' 7']);
  });
});

describe('a line with positional words', () => {
  test.each([
    ...[
      '900 --set 120 300',
      '--set 1 2',
      '--set',
      '--set 1 2 3 4',
      '--set -1 2 3',
      '--set -- -1 2 3',
      '--set 1 x 3',
      '--set 1 2 3 -n',
    ],
    ...[
      '--set 1 2 2678400',
      '--set 1 2 2678401',
      '--set 0 0 0',
      '--set 0 7 0',
      '-L foo',
      '-L foo -w 1',
      '-L -n -- foo',
      '-L -- -n',
      '-C foo',
      '-R foo',
    ],
  ])('is read as by ipvsadm: %s', (line) => same(words(line)));
  test.each(['-L foo -n', 'foo -L', '-A foo -t 10.0.0.5:81', '--set 1 -n 2', '-L -n x -q'])(
    'is read as by ipvsadm with POSIXLY_CORRECT: %s',
    (line) => same({ argv: words(line), posixlyCorrect: true }),
  );
});

describe('a line with several faults', () => {
  test.each([
    ...[
      '-L -w x -q',
      '-L -q -w x',
      '-D -n -s rr',
      '-a -s rr',
      '-A -b sh-port -n',
      '-A -t 10.0.0.5 -w 1',
      '-a -r 10.0.0.9 -r bad',
    ],
    ...[
      '-a -t 10.0.0.1:80 -f 1 -r 10.0.0.9',
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -g -m',
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -m -m',
    ],
    ...[
      '-L --start-daemon master',
      '-L --start-daemon',
      '-L --start-daemon=master',
      '-L --set 1 2 3',
      '-A -A',
      '-A -t 10.0.0.5:81 -h',
    ],
    ...[
      '-C -f 1 -6',
      '-L -6',
      '-A -6 -f 9',
      '-A -6',
      '-A -t 10.0.0.5:81 -6',
      '-A -f 9 -6 -6',
      '-L -f 7 -6 -n',
    ],
  ])('is read as by ipvsadm: %s', (line) => same(words(line)));
});

describe('a line with formats of -L', () => {
  test.each([
    ...[
      '-L -c -t x',
      '-L -t 10.0.0.1:80 -c',
      '-L -c -t 10.0.0.1:80',
      '-L -c --timeout',
      '-L --daemon --timeout',
      '-L --timeout --stats',
    ],
    ...[
      '-L -c --rate',
      '-L --daemon --thresholds',
      '-L --timeout --persistent-conn',
      '-L --daemon --persistent-conn',
      '-L --daemon',
    ],
    ...[
      '-L -c --persistent-conn -n',
      '-L -c --nosort --exact --tun-info -n',
      '-L --timeout -n --exact',
      '-L --stats --rate -n',
    ],
    ...[
      '-L --rate --thresholds -n',
      '-L --thresholds --persistent-conn -n',
      '-L --persistent-conn --tun-info -n',
      '-L --syncid 5 -n',
      '-l -n -X',
    ],
  ])('is read as by ipvsadm: %s', (line) => same(words(line)));
});

test('ipvsadm and ipvstate print the same message without permission', async () => {
  const argv = ['--reuid=65534', '--clear-groups', 'ipvsadm', '-L', '-n'];
  const ipvs = () => Promise.reject(new IpvstateError('PERMISSION', 'no'));
  const real = await harness().shell.run('setpriv', argv);
  // The real ipvsadm runs modprobe before it fails.
  const stderr = real.stderr.replace(/^modprobe: .*\n/m, '');
  expect({ ...real, stderr }).toEqual(await frontEnd(tableOf({}), { ipvs }).run('-L -n'));
});
