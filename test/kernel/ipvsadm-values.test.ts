import { describe, test } from 'vitest';
import { useHarness, words } from './ipvsadm/harness.ts';

const harness = useHarness();
const same = (argv: readonly string[]) => harness().same(argv);
const add = (...rest: string[]) => ['-A', '-t', '10.0.0.5:81', ...rest];
const server = (...rest: string[]) => ['-a', '-t', '10.0.0.1:80', '-r', '10.0.0.9', ...rest];
const master = (...rest: string[]) => [
  '--start-daemon',
  'master',
  '--mcast-interface',
  'ipvsadm0',
  ...rest,
];

describe('a number is read as by ipvsadm as', () => {
  const odd = [
    '',
    '0',
    ' 5',
    '+5',
    '05',
    '5 ',
    '0x5',
    '-1',
    '-0',
    '1e3',
    '5.0',
    '\t5',
    '- 5',
    '+-5',
    '99999999999999999999',
  ];
  test.each(odd)('a weight of "%s"', (text) => same(server('-w', text)));
  test.each(odd)('a persistence of "%s"', (text) => same(add(`-p${text}`)));
  test.each([...odd, '4294967295', '4294967296', '2147483648', '-1294967296', '010'])(
    'a mark of "%s"',
    (text) => same(['-A', '-f', text]),
  );
  test.each(['2147483647', '2147483648', '65536'])('a weight or threshold of %s', async (text) => {
    await same(server('-w', text));
    await same(server('-x', text));
    await same(server('-x', text, '-y', text));
  });
  test.each(['1', '255', '256', '65507', '65508', '65535', '65536', '0', 'x'])(
    'daemon settings of %s',
    async (text) => {
      for (const option of ['--syncid', '--mcast-port', '--mcast-ttl', '--sync-maxlen'])
        await same(master(option, text));
      await same(server('-i', '--tun-type', 'gue', '--tun-port', text));
    },
  );
  test.each(['2678400', '2678401'])('a persistence of %s', (text) => same(add('-p', text)));
});

describe('an address is read as by ipvsadm as', () => {
  const texts = [
    ...[
      '',
      '80',
      '10.0.0.5',
      '10.0.0.5:http',
      '10.0.0.5:HTTP',
      '10.0.0.5:domain',
      '10.0.0.5:www',
      '10.0.0.5:nosuch',
      '10.0.0.5:',
      '10.0.0.5:0',
    ],
    ...[
      '10.0.0.5:65535',
      '10.0.0.5:65536',
      '10.0.0.5:-1',
      '10.0.0.5:+80',
      '10.0.0.5: 80',
      '10.0.0.5:80 ',
      '10.0.0.5:0x50',
      '10.0.0.5:80-90',
    ],
    ...[
      '10.1:80',
      '167772165:80',
      '010.0.0.5:80',
      '0x0a000005:80',
      '0xA.0.0.0x5:80',
      '10.0.0.5 x:80',
      '10.0.0.5x:80',
      '10.0.0.256:80',
    ],
    ...[
      '10.16777215:80',
      '10.16777216:80',
      '1.2.65536:80',
      '4294967296:80',
      '1.2.3.4.5:80',
      '1.2.3.:80',
      '.1:80',
      '1..2:80',
      '0x:80',
      '08.0.0.1:80',
    ],
    ...[
      '0:80',
      'localhost:80',
      'localhost:http',
      'nosuchhost.invalid:80',
      '[::1]:80',
      '::1',
      '::1:80',
      '[::1]',
      '[::1]80',
      '[::1]:',
      '[::1',
      '::1]:80',
    ],
    ...[
      '[::ffff:10.0.0.1]:80',
      '[fe80::1%lo]:80',
      '1:2:3:4:5:6:7::',
      '[2001:DB8::5]:80',
      '[2001:db8::00001]:80',
      '[:::]:80',
      '[::]:0',
      '0.0.0.0:80',
    ],
    ...[
      '224.0.0.1:80',
      '255.255.255.255:80',
      ':80',
      ':',
      '[]:80',
      '[10.0.0.5]:80',
      '[10.0.0.5:81]:80',
      '[10.0.0.5]',
      '10.0.0.5:80:90',
      '[::1]:80:90',
    ],
    ...['[::1]]:80', 'a b:80', '-t', '@:80'],
  ];
  test.each(texts)('a service at "%s"', (text) => same(['-A', '-t', text]));
  test.each(texts)('a server at "%s"', (text) =>
    same(['-a', '-t', '10.0.0.1:80', '-r', text, '-m']),
  );
  test.each([
    '10.0.0.9',
    '10.0.0.9:80',
    '10.0.0.9:81',
    '[2001:db8::9]:80',
    '2001:db8::9',
    '127.0.0.1:80',
    '10.0.0.255:80',
    '[ff02::1]:80',
    '[fe80::1]:80',
  ])('a server at %s of each kind of service by each method', async (text) => {
    for (const service of ['-t 10.0.0.1:80', '-t [2001:db8::1]:80', '-f 7', '-f 7 -6']) {
      for (const method of ['-g', '-m', '-i'])
        await same(['-a', ...words(service), '-r', text, method]);
    }
  });
});

describe('a netmask is read as by ipvsadm when it is', () => {
  const texts = [
    '255.255.255.0',
    '24',
    '/24',
    '0xffffff00',
    '255.0.255.0',
    '0.0.0.0',
    '0',
    '255.255.255',
    '',
    'x',
    '64',
    '64abc',
    '128',
    '129',
    '4294967040',
    '1',
  ];
  test.each(texts)('"%s"', async (text) => {
    await same(add('-p', '-M', text));
    await same(['-A', '-t', '[2001:db8::5]:81', '-p', '-M', text]);
    await same(['-A', '-p', '-M', text, '-t', '10.0.0.5:81']);
    await same(['-A', '-p', '-M', text, '-t', '[2001:db8::5]:81']);
    await same(['-A', '-f', '9', '-6', '-p', '-M', text]);
  });
});

describe('a name is read as by ipvsadm as', () => {
  const flags = [
    'flag-1',
    'flag-2',
    'sh-fallback',
    'sh-port',
    'mh-port',
    '',
    'x',
    'sh-port,sh-fallback',
    'flag-1, flag-2',
    ',flag-1',
    'flag-1,',
    'mh-port,sh-port',
    ',',
  ];
  test.each([
    'rr',
    'wlc',
    'sh',
    'mh',
    '',
    'none',
    'nosuch',
    'abcdefghijklmno',
    'abcdefghijklmnop',
    'RR',
  ])('a scheduler "%s"', (text) => same(add('-s', text)));
  test.each(flags)('scheduler flags "%s"', async (text) => {
    for (const scheduler of ['rr', 'sh']) await same(add('-s', scheduler, '-b', text));
    await same(['-A', '-b', text, '-t', '10.0.0.5:81', '-s', 'sh']);
    await same(add('-b', text));
  });
  test.each([16, 17, 18, 19])(
    '%s times a scheduler flag and then an unknown one, some of which may not fit',
    (times) => same(add('-b', `${'flag-1,'.repeat(times)}x`)),
  );
  test.each(['sip', '', 'nosuch', 'averyveryveryverylongname'])(
    'a persistence engine "%s"',
    (text) => same(['-A', '-u', '10.0.0.5:81', '-p', '--pe', text]),
  );
  test.each([
    '224.0.0.99',
    'ff02::1',
    '[ff02::1]',
    'fe80::1',
    '10.0.0.1',
    '224.0.0',
    '240.0.0.1',
    'name',
    '',
    '0224.0.0.1',
    'ff::1',
    'FF02::5',
  ])('a multicast group "%s"', (text) => same(master('--mcast-group', text)));
  test.each(['master', 'Master', 'backup', '', '-n'])('a daemon state "%s"', async (text) => {
    await same(['--start-daemon', text, '--mcast-interface', 'ipvsadm0']);
    await same(['--start-daemon', text]);
    await same(['--stop-daemon', text]);
  });
  test.each(['', 'nosuch', 'averyveryverylongname'])('a multicast interface "%s"', (text) =>
    same(['--start-daemon', 'backup', '--mcast-interface', text]),
  );
});

describe('a tunnel is read as by ipvsadm when it is', () => {
  test.each([undefined, 'ipip', 'gue', 'gre', 'x', ''])(
    'of type %s with each other option',
    async (type) => {
      const options = [
        '',
        '--tun-nocsum',
        '--tun-csum',
        '--tun-remcsum',
        '--tun-csum --tun-nocsum',
        '--tun-remcsum --tun-csum',
        '--tun-csum --tun-csum',
      ];
      for (const port of ['', '--tun-port 6080']) {
        for (const option of options) {
          for (const method of port === '' && option === '' ? ['-i', '-m'] : ['-i']) {
            await same(
              server(
                method,
                ...(type === undefined ? [] : ['--tun-type', type]),
                ...words(port),
                ...words(option),
              ),
            );
          }
        }
      }
    },
  );
});

describe('a combination of options is read as by ipvsadm:', () => {
  test.each([
    '-t 10.0.0.5',
    '-t 10.0.0.5 -p',
    '-t 10.0.0.5:81 -o',
    '-u 10.0.0.5:81 -o',
    '--sctp-service 10.0.0.5:81 -o',
    '-f 9 -o',
    '-u 10.0.0.5 -o',
    '-t 2001:db8::5',
  ])('%s with -A, -E and -D', async (rest) => {
    for (const command of ['-A', '-E', '-D']) await same([command, ...words(rest)]);
  });
  test.each([
    ...[
      '-E -t 10.0.0.1:80 -s sh -b sh-port',
      '-e -t 10.0.0.1:80 -r 10.0.0.2:8080 -m',
      '-e -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 9',
    ],
    ...[
      '-e -t 10.0.0.1:80 -r 10.0.0.3 -w 9',
      '-e -t 10.0.0.1:80 -r 10.0.0.3 -m',
      '-e -u 10.0.0.1:53 -r 10.0.0.2',
      '-e -u 10.0.0.1:53 -r 10.0.0.2 -i',
    ],
    ...[
      '-d -t 10.0.0.1:80 -r 10.0.0.2',
      '-d -t [2001:db8::1]:80 -r 10.0.0.2',
      '-d -t 1.2.3.4:5 -r 1.2.3.4',
      '-a -t 10.0.0.1:80 -r 10.0.0.3',
    ],
    ...[
      '-a -t 10.0.0.1:80 -r 10.0.0.9 -x 5 -y 9',
      '-Z',
      '-Z -t 10.0.0.1:80',
      '-Z -t 10.0.0.1:81',
      '-Z -t 0.0.0.0:0',
      '-Z -t [::]:0',
      '-C',
      '-D -f 7 -6',
    ],
  ])('%s', (line) => same(words(line)));
});
