import { describe, expect, test } from 'vitest';
import { formatOf } from '../../../src/formats/formats.ts';
import { formatSave } from '../../../src/formats/ipvsadm/save.ts';
import { LDIRECTORD } from '../../../src/formats/ldirectord/ldirectord.ts';
import { parsePortNames } from '../../../src/formats/port-names.ts';
import { workspace } from '../../cli/workspace.ts';
import { keyOf } from '../../support/tables.ts';

const read = (...lines: string[]) =>
  LDIRECTORD.parse(lines.join('\n'), 'ld.cf', {
    readPortNames: async () => parsePortNames('shop 7000/tcp\n'),
  });

/** The table as save text; the errors where there are some. */
async function table(...lines: string[]): Promise<string[]> {
  const { desired, issues } = await read(...lines);
  if (!desired) return issues.map(({ message }) => message);
  return formatSave(desired).trimEnd().split('\n');
}

/** `line:column severity CODE message` of each issue. */
async function issues(...lines: string[]): Promise<string[]> {
  return (await read(...lines)).issues.map(
    ({ position, severity, code, message }) =>
      `${position.line}:${position.column} ${severity} ${code} ${message}`,
  );
}

const ON = '\tchecktype=on';

describe('an ldirectord.cf is read as the table that ldirectord makes', () => {
  test('with its defaults: wrr, weight 1, tcp, and udp for port 53', async () => {
    expect(
      await table(
        'virtual=192.0.2.1:80',
        '\treal=10.0.0.1:80 gate',
        'virtual = 192.0.2.1:53',
        '    real = 10.0.0.1:53 masq',
        'virtual=192.0.2.2:domain',
        'virtual=192.0.2.3:53',
        '\tprotocol=tcp',
      ),
    ).toEqual([
      '-A -t 192.0.2.1:80 -s wrr',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1',
      '-A -t 192.0.2.3:53 -s wrr',
      '-A -u 192.0.2.1:53 -s wrr',
      '-a -u 192.0.2.1:53 -r 10.0.0.1:53 -m -w 1',
      '-A -u 192.0.2.2:53 -s wrr',
    ]);
  });

  test('with every setting of a service and of a server', async () => {
    expect(
      await table(
        'virtual=192.0.2.1:443',
        '\treal=10.0.0.1:8443 masq 5 "index.html", "ok" l:5 u:9',
        '\treal=10.0.0.2->10.0.0.4:443 ipip 0',
        '\treal=10.0.0.9 masq -w 2 "a","b"',
        '\tscheduler=mh',
        '\tschedflags=mh-port,mh-fallback',
        '\tpersistent=600',
        '\tnetmask=255.255.255.0',
        'virtual=192.0.2.1:123',
        '\tprotocol=udp',
        '\tops=yes',
      ),
    ).toEqual([
      '-A -t 192.0.2.1:443 -s mh -p 600 -M 255.255.255.0 -b mh-fallback,mh-port',
      '-a -t 192.0.2.1:443 -r 10.0.0.1:8443 -m -w 5 -x 9 -y 5',
      '-a -t 192.0.2.1:443 -r 10.0.0.2:443 -i -w 0 --tun-type ipip',
      '-a -t 192.0.2.1:443 -r 10.0.0.3:443 -i -w 0 --tun-type ipip',
      '-a -t 192.0.2.1:443 -r 10.0.0.4:443 -i -w 0 --tun-type ipip',
      '-a -t 192.0.2.1:443 -r 10.0.0.9:0 -m -w 2',
      '-A -u 192.0.2.1:123 -s wrr -o',
    ]);
  });

  test('with firewall marks and IPv6', async () => {
    expect(
      await table(
        'virtual=7',
        '\treal=10.0.0.1 gate',
        '\treal=10.0.0.2:88 masq 2',
        '\tprotocol=fwm',
        'virtual6=8',
        '\treal6=[2001:db8::1]:80 gate',
        'virtual6=[2001:db8::80]:443',
        '\treal6=[2001:db8::1]:443 gate',
        '\tpersistent=9',
        '\tnetmask=64',
      ),
    ).toEqual([
      '-A -t [2001:db8::80]:443 -s wrr -p 9 -M 64',
      '-a -t [2001:db8::80]:443 -r [2001:db8::1]:443 -g -w 1',
      '-A -f 7 -s wrr',
      '-a -f 7 -r 10.0.0.1:0 -g -w 1',
      '-a -f 7 -r 10.0.0.2:88 -m -w 2',
      '-A -f 8 -6 -s wrr',
      '-a -f 8 -6 -r [2001:db8::1]:80 -g -w 1',
    ]);
  });

  test('with names of ports, and the number that only this machine knows with a warning', async () => {
    const lines = ['virtual=192.0.2.1:mysql', '\treal=10.0.0.1:shop masq', ON];
    expect(await table(...lines)).toEqual([
      '-A -t 192.0.2.1:3306 -s wrr',
      '-a -t 192.0.2.1:3306 -r 10.0.0.1:7000 -m -w 1',
    ]);
    expect(await issues(...lines)).toEqual([
      '2:7 warning PORT only this machine knows the port name "shop": it is 7000',
    ]);
  });

  test('with weight 0 for servers that ldirectord never activates, and a warning', async () => {
    const lines = ['virtual=7', '\treal=10.0.0.1 gate 5', '\tchecktype=off'];
    expect(await table(...lines)).toEqual(['-A -f 7 -s wrr', '-a -f 7 -r 10.0.0.1:0 -g -w 0']);
    expect(await issues(...lines)).toEqual([
      '3:12 warning UNSERVED checktype = off: ldirectord activates no server of 7',
    ]);
  });

  test('with carriage returns, a byte order mark, blanks and comments in any place', async () => {
    expect(
      await table(
        '\ufeff# by hand\r',
        'virtual = 192.0.2.1:80 # shop\r',
        '# in the first column\r',
        '  \t# indented\r',
        '     real =  10.0.0.1:80\tgate  # web1\r',
        '\tscheduler = rr \r',
        '\r',
      ),
    ).toEqual(['-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1']);
  });
});

test('the name of a service, its comment and the comments of the file are kept', async () => {
  const { desired, layout } = await read(
    '# lb1',
    '',
    '# shop',
    'virtual=192.0.2.1:80 # edge',
    '\tservicename=web shop',
    '\tcomment=call netops',
    '\treal=10.0.0.1:80 gate # web1',
    '#\treal=10.0.0.2:80 gate',
    '\tchecktype=connect # often',
    '',
    '# that is all',
  );
  const key = keyOf('tcp://192.0.2.1:80');
  expect(desired?.names.get(key)).toBe('web shop');
  expect(desired?.locate(key)).toEqual({ file: 'ld.cf', line: 4, column: 9 });
  expect(layout).toEqual({
    head: ['lb1'],
    services: new Map([
      [
        key,
        {
          above: ['shop', 'call netops'],
          beside: 'edge',
          destinations: new Map([['10.0.0.1:80', { above: [], beside: 'web1' }]]),
          below: ['real=10.0.0.2:80 gate', 'often'],
        },
      ],
    ]),
    tail: ['that is all'],
  });
});

test('checks, fallbacks, alerts and settings of the process are said once for each kind', async () => {
  const found = await issues(
    'checktimeout=3',
    'quiescent=yes',
    'autoreload=no',
    'logfile="local0"',
    'execute=other.cf',
    'emailalert="a@example.com"',
    'virtual=192.0.2.1:80',
    '\treal=10.0.0.1:80 gate "a","b+"',
    '\tfallback=127.0.0.1:80',
    '\tpasswd="secret"',
    '\tlogin="me"',
    'virtual=192.0.2.1:81',
    '\treal=10.0.0.1:81 gate',
    '\tfallback=127.0.0.1:81',
    '\tchecktype=ping',
    'virtual=192.0.2.1:82',
    '\treal=10.0.0.1:82 gate',
    '\tchecktype=3',
  );
  expect(found).toEqual([
    '1:1 warning NOT_CARRIED not carried over: setting of health checks, 2 times (also at line 2)',
    '3:1 warning NOT_CARRIED not carried over: setting of the ldirectord process, 2 times (also at line 4)',
    '5:1 warning NOT_CARRIED not carried over: another configuration that ldirectord starts',
    '6:1 warning NOT_CARRIED not carried over: e-mail alert',
    '7:1 warning TRANSLATE ldirectord and `ipvstate watch` must not both own a service',
    '8:2 warning NOT_CARRIED not carried over: health check (negotiate, http) with a regular expression',
    '9:2 warning NOT_CARRIED not carried over: fallback, 2 times (also at line 14)',
    '15:2 warning NOT_CARRIED not carried over: health check (ping)',
    '18:2 warning NOT_CARRIED not carried over: health check (connect and negotiate, none)',
  ]);
});

test.each<[string, string[], string[]]>([
  ['an empty file', [''], ['1:1 error EMPTY this ldirectord.cf has no virtual service']],
  [
    'a misspelt keyword inside',
    ['virtual=7', '\tscheduller=rr', ON],
    ['2:2 error UNKNOWN_KEY "scheduller" is not known in a virtual service'],
  ],
  [
    'a misspelt keyword outside',
    ['chektimeout=3', 'virtual=7', ON],
    ['1:1 error UNKNOWN_KEY "chektimeout" is not known here'],
  ],
  [
    'a keyword of a virtual service in the first column',
    ['virtual=7', ON, 'scheduler=rr'],
    ['3:1 error UNKNOWN_KEY "scheduler" is not known here'],
  ],
  [
    'a line below an empty one',
    ['virtual=7', ON, '', '\tscheduler=rr'],
    ['4:2 error SYNTAX this line belongs to no virtual service'],
  ],
  [
    'a line with two blanks',
    ['virtual=7', ON, '  scheduler=rr'],
    ['3:3 error SYNTAX a line of a virtual service is indented too little'],
  ],
  [
    'a virtual service that is indented',
    ['virtual=7', ON, '\tvirtual=8'],
    ['3:2 error UNKNOWN_KEY "virtual" is not known in a virtual service'],
  ],
  [
    'a line without "="',
    ['virtual=7', ON, '\treal'],
    ['3:2 error SYNTAX this line is no statement'],
  ],
  [
    'a server without a forwarding method',
    ['virtual=7', '\treal=10.0.0.1:80', '\treal=10.0.0.2:80 nat', ON],
    [
      '2:7 error MISSING_KEY the server has no forwarding method',
      '3:7 error MISSING_KEY the server has no forwarding method',
    ],
  ],
  [
    'words after a server',
    ['virtual=7', '\treal=10.0.0.1:80 gate 5 backup', ON],
    ['2:26 error SYNTAX "backup" is not understood'],
  ],
  [
    'addresses that are none',
    ['virtual=192.0.2.300:80', '\treal=:80 gate', ON, 'virtual=192.0.2.1', ON],
    [
      '1:9 error ADDRESS "192.0.2.300" is not an IP address',
      '2:7 error ADDRESS ":80 gate" is no server',
      '4:9 error ADDRESS "192.0.2.1" is no virtual service',
    ],
  ],
  [
    'families that do not fit',
    [
      'virtual=[2001:db8::1]:80',
      ON,
      'virtual6=192.0.2.1:80',
      ON,
      'virtual=7',
      ON,
      '\treal6=10.0.0.1 gate',
    ],
    [
      '1:9 error FAMILY [2001:db8::1] is of the other family',
      '3:10 error FAMILY 192.0.2.1 is of the other family',
      '7:2 error UNKNOWN_KEY virtual does not have real6',
    ],
  ],
  [
    'ranges that are none',
    [
      'virtual=7',
      '\treal=10.0.0.9->10.0.0.1:80 gate',
      '\treal=10.0.0.1->11.0.0.1:80 gate',
      '\treal=10.0.0.1->b:80 gate',
      ON,
    ],
    [
      '2:7 error ADDRESS the range 10.0.0.9->10.0.0.1 ends before it begins',
      '3:7 error ADDRESS the range 10.0.0.1->11.0.0.1 has 16777217 addresses, more than 4096',
      '4:7 error ADDRESS 10.0.0.1->b is no range of IPv4 addresses',
    ],
  ],
  [
    'names of hosts, once',
    ['virtual=lvs:80', '\treal=web1:80 gate', ON, 'virtual=www:80', ON],
    ['1:9 error ADDRESS host names in place of an address: lvs, www, on 2 lines'],
  ],
  [
    'a port that no machine knows',
    ['virtual=192.0.2.1:nothing', ON],
    ['1:9 error IPVSADM_LINE no port is called "nothing"'],
  ],
  [
    'values that are none',
    [
      'virtual=192.0.2.1:80',
      '\tscheduler=WRR',
      '\tpersistent=no',
      '\tnetmask=24',
      '\tops=maybe',
      '\tschedflags=a b',
      '\tprotocol=sctp',
      '\tchecktype=never',
      'virtual=7',
      '\tprotocol=tcp',
      ON,
    ],
    [
      '2:12 error BAD_VALUE "WRR" is not a scheduler: only a-z',
      '3:13 error BAD_VALUE "no" is not a number of seconds',
      '4:10 error BAD_VALUE "24" is not a mask such as 255.255.255.0',
      '5:6 error BAD_VALUE "maybe" is not "yes" or "no"',
      '6:13 error BAD_VALUE "a b" is not a list of flags with commas',
      '7:11 error BAD_VALUE "sctp" is not a protocol',
      '8:12 error BAD_VALUE "never" is not a type of checks',
      '10:11 error BAD_VALUE the protocol of a firewall mark is fwm',
    ],
  ],
  [
    'values that ipvsadm refuses',
    [
      'virtual=192.0.2.1:80',
      '\treal=10.0.0.1:80 gate 99999999999',
      '\tpersistent=0',
      ON,
      'virtual=192.0.2.2:0',
      ON,
    ],
    [
      "3:13 error IPVSADM_LINE invalid timeout value `0' specified",
      '5:9 error IPVSADM_LINE Zero port specified for non-persistent service',
    ],
  ],
  [
    'settings that ldirectord ignores',
    ['virtual=192.0.2.1:80', '\tops=yes', '\tnetmask=255.255.255.0', ON],
    [
      '2:6 warning NO_EFFECT no effect: ldirectord uses ops for the protocol udp only',
      '3:10 warning NO_EFFECT no effect: a netmask groups persistent clients only',
    ],
  ],
  [
    'a setting twice',
    ['virtual=7', '\tscheduler=rr', '\tscheduler=wlc', ON],
    ['3:2 warning DUPLICATE_KEY "scheduler" is set twice: the last one counts'],
  ],
  [
    'a service twice, and a server twice',
    ['virtual=7', '\treal=10.0.0.1 gate', '\treal=10.0.0.1 gate', ON, 'virtual=7', ON],
    [
      '3:7 error DUPLICATE Destination already exists',
      '5:9 error DUPLICATE Service already exists',
    ],
  ],
  [
    'a range that another one has, once',
    ['virtual=7', '\treal=10.0.0.1->10.0.0.9:80 gate', '\treal=10.0.0.1->10.0.0.9:80 gate', ON],
    ['3:7 error DUPLICATE Destination already exists'],
  ],
  [
    'a name that is not seen',
    ['virtual=7', '\tservicename=\u200b', ON],
    ['2:14 error BAD_VALUE a name has 1 to 200 characters, and none that is not seen'],
  ],
])('%s is told with its place', async (_, lines, expected) => {
  expect(await issues(...lines)).toEqual(expected);
});

test('a text that is cut at any byte never throws, and hostile text ends soon', async () => {
  const text = [
    'virtual=192.0.2.1:80',
    '\treal=10.0.0.1->10.0.0.3:80 masq 5 "a","b" l:1 u:2 # c',
    '\tchecktype=on',
  ].join('\n');
  for (let end = 0; end <= text.length; end++) {
    const { desired, issues: found } = await read(text.slice(0, end));
    expect(desired !== undefined || found.length > 0).toBe(true);
  }
  const long = '"'.repeat(50_000);
  const hostile = [`\treal=${'1.'.repeat(50_000)}`, `\treal=10.0.0.1 gate ${long}`, `\t${long}`];
  expect((await read('virtual=7', ...hostile)).desired).toBeUndefined();
  expect((await read('virtual=7', '\t__proto__=1', '\tconstructor=1')).issues).toHaveLength(2);
});

test('it is recognised by its whole text, imported, and not applied', async () => {
  const text = 'checktimeout = 3\n\nvirtual=192.0.2.1:80\n\treal=10.0.0.1:80 gate\n';
  expect(formatOf(text, 'a.yaml').name).toBe('ldirectord');
  const { run } = workspace({ 'ld.cf': text });
  expect(await run('import ./ld.cf -o save')).toMatchObject({
    status: 0,
    stdout: '-A -t 192.0.2.1:80 -s wrr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1\n',
  });
  expect(await run('plan -f ./ld.cf')).toMatchObject({
    status: 65,
    stderr: expect.stringContaining('TRANSLATE: this is an ldirectord.cf'),
  });
});
