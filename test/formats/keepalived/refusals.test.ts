import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { holds } from '../../support/properties.ts';
import { read, serverWith } from './read.ts';

const inServer = (statement: string): string => serverWith(`  ${statement}`);
const inReal = (statement: string): string =>
  serverWith('', `real_server 10.0.0.1 80 {\n    ${statement}\n  }`);
const inGlobal = (statement: string): string =>
  `global_defs {\n  ${statement}\n}\n${serverWith('')}`;
const inGroup = (member: string): string =>
  `virtual_server_group web {\n  ${member}\n}\nvirtual_server group web {\n  protocol TCP\n  real_server 10.0.0.1 80 { }\n}\n`;

/** A text, the whole error about it, and a part of its hint. */
const REFUSED: [text: string, error: string, hint?: string][] = [
  // Values that keepalived only warns about, and replaces.
  [
    inServer('lb_algo wllc'),
    '3:11 SCHEDULER keepalived knows no scheduler "wllc", and takes another one',
    'did you mean "wlc"?',
  ],
  [
    inServer('lb_algo loadbalance'),
    '3:11 SCHEDULER keepalived knows no scheduler "loadbalance", and takes another one',
    'known: rr, wrr',
  ],
  [
    inServer('lb_kind FNAT'),
    '3:11 BAD_VALUE "FNAT" is not a forwarding method',
    'belongs to a fork',
  ],
  [
    inServer('lb_kind dr'),
    '3:11 BAD_VALUE "dr" is not a forwarding method',
    'write NAT, DR or TUN',
  ],
  [inServer('lb_kind'), '3:3 MISSING_KEY lb_kind lacks a forwarding method'],
  // keepalived reads a line as one statement, and lost the server.
  [
    'virtual_server 192.0.2.1 80 { protocol TCP real_server 10.0.0.1 80 { weight 3 } }\n',
    '1:44 SYNTAX keepalived takes "real_server" for a word of protocol',
    'begin a line with it',
  ],
  [
    inServer('delay_loop 6 real_server 10.0.0.2 80 { }'),
    '3:16 SYNTAX keepalived takes "real_server" for a word of delay_loop',
  ],
  [inServer('lb_kind DR type ipip'), '3:3 TUNNEL only TUN has options'],
  [inServer('protocol HTTP'), '3:12 BAD_VALUE "HTTP" is no protocol', 'write TCP, UDP or SCTP'],
  [inServer('protocol'), '3:3 MISSING_KEY protocol has no value'],
  [
    inServer('sh-port'),
    '3:3 SCHEDULER_FLAG keepalived ignores sh-port here: the scheduler is wlc',
    'below lb_algo sh',
  ],
  [
    inServer('lb_algo sh\n  mh-port'),
    '4:3 SCHEDULER_FLAG keepalived ignores mh-port here: the scheduler is sh',
  ],
  [inServer('persistence_timeout soon'), '3:23 BAD_VALUE "soon" is not a number'],
  [
    inServer('persistence_timeout 9999999'),
    '3:23 OUT_OF_RANGE a persistence timeout is from 0 to 2678400, not 9999999',
  ],
  [
    inServer('persistence_granularity 24'),
    '3:27 NETMASK "24" is no netmask',
    'such as 255.255.255.0',
  ],
  [inServer('persistence_engine \u00e9'), '3:22 PERSISTENCE "\u00e9" is not the name of an engine'],
  [inServer('ip_family inet6'), '3:13 FAMILY ip_family inet6 contradicts the addresses'],
  [inServer('ip_family ipx'), '3:13 FAMILY "ipx" is no family'],
  [inServer('weight 0'), '3:10 OUT_OF_RANGE a weight is from 1 to 65535, not 0'],
  [
    inServer('lb_alg rr'),
    '3:3 UNKNOWN_KEY keepalived knows no statement "lb_alg" in the block of virtual_server',
    'did you mean "lb_algo"?',
  ],
  [
    inServer('constructor'),
    '3:3 UNKNOWN_KEY keepalived knows no statement "constructor" in the block of virtual_server',
  ],
  [inReal('weight 70000'), '5:12 OUT_OF_RANGE a weight is from 0 to 65535, not 70000'],
  [inReal('weight -1'), '5:12 BAD_VALUE "-1" is not a number'],
  [inReal('weight'), '5:5 MISSING_KEY weight has no value'],
  [
    inReal('wieght 1'),
    '5:5 UNKNOWN_KEY keepalived knows no statement "wieght" in the block of real_server',
    'did you mean "weight"?',
  ],
  [
    inReal('uthreshold 4294967295'),
    '5:16 OUT_OF_RANGE a threshold is from 0 to 2147483647, not 4294967295',
  ],
  [inReal('lthreshold 5'), '4:3 THRESHOLD the lower threshold 5 is above the upper threshold 0'],
  [inReal('lvs_method TUN type gue'), '5:5 TUNNEL a gue tunnel needs a port'],
  [inReal('lvs_method TUN type gre port 1'), '5:5 TUNNEL only a gue tunnel has a port'],
  [
    inReal('lvs_method TUN type vxlan'),
    '5:25 TUNNEL this is not a type of tunnel',
    'write ipip, gue, gre',
  ],
  [inReal('lvs_method TUN csum'), '5:5 TUNNEL a tunnel of type ipip has no csum'],
  [inReal('lvs_method TUN type gre remcsum'), '5:5 TUNNEL a tunnel of type gre has no remcsum'],
  [
    inReal('lvs_method TUN type gue port 0'),
    '5:34 OUT_OF_RANGE a tunnel port is from 1 to 65535, not 0',
  ],
  [inReal('lvs_method TUN type gue port'), '5:29 MISSING_KEY a tunnel port has no value'],
  [
    inReal('lvs_method TUN typ gue'),
    '5:20 TUNNEL "typ" is not an option of a tunnel',
    'did you mean "type"?',
  ],
  // Addresses.
  [
    'virtual_server www 80 { }\n',
    '1:16 ADDRESS "www" is not an IP address',
    'names are not resolved',
  ],
  [
    'virtual_server 192.0.2.1:80 { }\n',
    '1:16 ADDRESS "192.0.2.1:80" is not an IP address',
    'write the port after a blank: 192.0.2.1 80',
  ],
  [
    'virtual_server 192.0.2.1-3 80 { }\n',
    '1:16 ADDRESS "192.0.2.1-3" is not an IP address',
    'only a virtual_server_group has ranges',
  ],
  ['virtual_server 192.0.2.1 http { }\n', '1:26 BAD_VALUE "http" is not a number'],
  ['virtual_server { }\n', '1:1 MISSING_KEY virtual_server has no address'],
  ['virtual_server fwmark 0 { }\n', '1:23 OUT_OF_RANGE a fwmark is from 1 to 4294967295, not 0'],
  ['virtual_server fwmark { }\n', '1:1 MISSING_KEY a fwmark has no value'],
  [
    serverWith('', 'real_server 10.0.0.300 80 { }'),
    '4:15 ADDRESS "10.0.0.300" is not an IP address',
  ],
  [
    serverWith('', 'real_server 10.0.0.1 99999 { }'),
    '4:24 OUT_OF_RANGE a port is from 0 to 65535, not 99999',
  ],
  [
    serverWith('', 'real_server 224.0.0.1 80 { }'),
    '4:3 ADDRESS 224.0.0.1 cannot be a destination: it is a multicast address',
  ],
  [
    serverWith('', 'real_server 2001:db8::1 80 { }'),
    '4:3 FAMILY 2001:db8::1 is of another family than tcp://192.0.2.1:80',
    'lvs_method TUN',
  ],
  [
    serverWith('', 'real_server 10.0.0.1 80 { }\n real_server 10.0.0.1 80 { }'),
    '5:2 DUPLICATE 10.0.0.1:80 is there already',
  ],
  [
    serverWith('lb_kind DR', 'real_server 10.0.0.1 80 { }\n real_server 10.0.0.1 81 { }'),
    '5:2 DUPLICATE 10.0.0.1:80 is there already',
  ],
  [serverWith('') + serverWith(''), '6:1 DUPLICATE tcp://192.0.2.1:80 is there already'],
  // Groups.
  [
    'virtual_server group wbe { }\n',
    '1:22 REFERENCE there is no virtual_server_group "wbe"',
    'define it',
  ],
  [
    inGroup('192.0.2.1 80').replace('group web {\n  protocol', 'group wbe {\n  protocol'),
    '4:22 REFERENCE there is no virtual_server_group "wbe"',
    'did you mean "web"?',
  ],
  ['virtual_server group { }\n', '1:1 MISSING_KEY virtual_server group has no name'],
  [inGroup(''), '1:1 EMPTY the group web has no members'],
  ['virtual_server_group { }\n', '1:1 SYNTAX virtual_server_group has no name'],
  ['virtual_server_group web\n', '1:1 SYNTAX virtual_server_group has no block'],
  [
    `${inGroup('192.0.2.1 80')}virtual_server_group web {\n 192.0.2.2 80\n}\n`,
    '8:1 DUPLICATE there is a group web already',
  ],
  [inGroup('192.0.2.1 80\n  192.0.2.1-2 80'), '3:3 DUPLICATE tcp://192.0.2.1:80 is there already'],
  [inGroup('192.0.2.1 80 {\n }'), '2:3 SYNTAX a member of a group has no block'],
  [inGroup('192.0.2.9-3 80'), '2:3 ADDRESS the range does not end after it begins'],
  [inGroup('192.0.2.9-9 80'), '2:3 ADDRESS the range does not end after it begins'],
  [inGroup('192.0.2.9-192.0.2.1 80'), '2:3 ADDRESS the range does not end after it begins'],
  [inGroup('192.0.2.9-300 80'), '2:3 ADDRESS "192.0.2.9-300" is not a range of addresses'],
  [
    inGroup('192.0.2.9-2001:db8::1 80'),
    '2:3 ADDRESS "192.0.2.9-2001:db8::1" is not a range of addresses',
  ],
  [inGroup('192.0.2.9/33 80'), '2:3 ADDRESS "192.0.2.9/33" is not a range of addresses'],
  [inGroup('192.0.2.9/24 80'), '2:3 ADDRESS 192.0.2.9 is not the first address of its network /24'],
  [inGroup('10.0.0.0/8 80'), '2:3 TOO_LARGE the range has more than 65536 addresses'],
  [inGroup('2001:db8::/64 80'), '2:3 TOO_LARGE the range has more than 65536 addresses'],
  [inGroup('web1 80'), '2:3 ADDRESS "web1" is not an IP address'],
  [inGroup('192.0.2.1 x'), '2:13 BAD_VALUE "x" is not a number'],
  [inGroup('fwmark x'), '2:10 BAD_VALUE "x" is not a number'],
  [inGroup('fwmark 7 ipv6'), '2:12 FAMILY "ipv6" is no family'],
  [inGroup('$VIP 80'), '2:3 REFERENCE $VIP is not defined'],
  // The rest of the file.
  [
    'virtual_sever 192.0.2.1 80 {\n}\n',
    '1:1 UNKNOWN_KEY keepalived knows no statement "virtual_sever" here',
    'did you mean "virtual_server"?',
  ],
  [`$VIP = 192.0.2.1\n${serverWith('')}`, '1:1 REFERENCE $VIP is not defined', 'define it'],
  [
    inGlobal('lvs_timeout tcp 900'),
    '2:3 UNKNOWN_KEY keepalived knows no statement "lvs_timeout" in global_defs',
    'did you mean "lvs_timeouts"?',
  ],
  [inGlobal('lvs_timeouts'), '2:3 MISSING_KEY lvs_timeouts has no value'],
  [inGlobal('lvs_timeouts tcp'), '2:16 MISSING_KEY tcp has no value'],
  [
    inGlobal('lvs_timeouts tpc 900'),
    '2:16 UNKNOWN_KEY lvs_timeouts has no option "tpc"',
    'did you mean "tcp"?',
  ],
  [
    inGlobal('lvs_timeouts tcp 9999999'),
    '2:20 OUT_OF_RANGE a timeout is from 0 to 2147483, not 9999999',
  ],
  [inGlobal('lvs_sync_daemon'), '2:3 DAEMON lvs_sync_daemon needs the name of an interface'],
  [
    inGlobal('lvs_sync_daemon averylongnameofan0'),
    '2:19 DAEMON lvs_sync_daemon needs the name of an interface',
  ],
  [
    inGlobal('lvs_sync_daemon eth0 id 256'),
    '2:27 OUT_OF_RANGE a sync id is from 0 to 255, not 256',
  ],
  [
    inGlobal('lvs_sync_daemon eth0 group 10.0.0.1'),
    '2:30 DAEMON "10.0.0.1" is not a multicast address',
  ],
  [inGlobal('lvs_sync_daemon eth0 id 1 ttl'), '2:29 MISSING_KEY ttl has no value'],
  [
    inGlobal('lvs_sync_daemon eth0 id 1 tll 2'),
    '2:29 UNKNOWN_KEY lvs_sync_daemon has no option "tll"',
    'did you mean "ttl"?',
  ],
  [
    inGlobal('lvs_sync_daemon eth0\n lvs_sync_daemon eth1'),
    '3:2 DUPLICATE there is a lvs_sync_daemon already',
  ],
  [
    inGlobal('lvs_sync_daemon eth0').replace(
      'real_server 10.0.0.1 80 { }',
      'lb_kind TUN\n real_server 2001:db8::1 80 { }',
    ),
    '8:2 CONFLICT [2001:db8::1]:80 is of another family than its service tcp://192.0.2.1:80: the kernel allows that only while no sync daemon runs',
  ],
  [
    'vrrp_instance V {\n}\n',
    '1:1 EMPTY this keepalived.conf has no virtual_server with real servers',
  ],
];

describe('keepalived.conf is refused', () => {
  it.each(REFUSED)('with its place: %j', async (text, error, hint = '') => {
    const { errors, issues, desired } = await read(text);
    expect(
      errors.some((found) => found === error || found.startsWith(error)),
      errors.join('\n'),
    ).toBe(true);
    const index = issues.findIndex(({ severity }) => severity === 'error');
    expect(issues[index]?.hint ?? '').toContain(hint);
    expect(desired).toBeUndefined();
  });

  it('with all errors at once', async () => {
    const text = serverWith('  lb_algo x\n  lb_kind y', 'real_server z 80 { weight w }');
    expect((await read(text)).errors.map((error) => error.split(' ')[0])).toEqual([
      '3:11',
      '4:11',
      '5:15',
      '5:29',
    ]);
  });

  it('with both places of a duplicate', async () => {
    const { issues } = await read(serverWith('') + serverWith(''));
    expect(issues[0]?.related).toMatchObject({
      message: 'the first one is here',
      position: { line: 1 },
    });
  });

  it('once for a server of a group that is wrong for each member', async () => {
    const { errors } = await read(
      inGroup('192.0.2.1 80\n 192.0.2.2 80').replace('10.0.0.1', '224.0.0.1'),
    );
    expect(errors).toHaveLength(1);
  });

  it('but words that keepalived ignores are a warning', async () => {
    const { errors, warnings } = await read(serverWith('  lb_algo rr please'));
    expect(errors).toEqual([]);
    expect(warnings[0]).toBe('3:14 NO_EFFECT keepalived ignores "please"');
  });

  it('but keywords of old versions and of forks are listed', async () => {
    const { errors, warnings } = await read(
      serverWith('  nat_mask 255.255.255.0\n  laddr_group_name a'),
    );
    expect(errors).toEqual([]);
    expect(warnings.slice(0, 2).map((warning) => warning.split(': ')[1])).toEqual([
      'nat_mask, which no keepalived of today knows',
      'laddr_group_name, which no keepalived of today knows',
    ]);
  });

  it('but a group that nobody uses is a warning', async () => {
    const { warnings } = await read(
      `virtual_server_group g {\n 192.0.2.9 80\n}\n${serverWith('')}`,
    );
    expect(warnings[0]).toBe('1:1 NO_EFFECT no virtual_server uses the group g');
  });
});

const EVERYTHING = `# head
$RS=weight 5 \\
  TCP_CHECK { \\
  }
global_defs {
  lvs_sync_daemon eth0 id 7
  lvs_timeouts tcp 900
}
virtual_server_group web {
  192.0.2.1-3 80
  fwmark 9
}
virtual_server group web {
  protocol TCP
  ~SEQ(N, 1, 3) real_server 10.0.0.$N 80 { $RS }
  @a lb_algo rr
  include x.conf
}
`;

test('a text that ends anywhere is read, or has an error in it', async () => {
  for (let length = 0; length <= EVERYTHING.length; length++) {
    const { desired, issues } = await read(EVERYTHING.slice(0, length), {
      configId: 'a',
      files: { 'x.conf': 'lb_kind DR\n' },
    });
    expect(desired !== undefined || issues.length > 0).toBe(true);
  }
});

const fragment = fc.oneof(
  fc.constantFrom(
    ...[
      '{',
      '}',
      '"',
      "'",
      '\\',
      '\n',
      '\n\n',
      ' ',
      '\t',
      '#',
      '!',
      '$',
      `\${`,
      '@',
      '@^',
      '~SEQ(',
      '~LST(',
      ')',
      ',',
    ],
    ...[
      '$A',
      '$A=',
      `\${A}`,
      '$A=\\\n',
      'include ',
      'virtual_server ',
      'virtual_server_group ',
      'group ',
      'fwmark ',
    ],
    ...[
      'real_server ',
      'weight ',
      'lvs_method TUN type gue port ',
      '10.0.0.1',
      '192.0.2.0/24',
      '::1',
      '80',
      '__proto__',
    ],
    ...[
      'global_defs {',
      'lvs_sync_daemon ',
      'lvs_timeouts ',
      '~SEQ(A, 1, 3) ',
      '~LST({A,B},{1,2}) ',
      '@a ',
      '\u0000',
      '\u202e',
    ],
  ),
  fc.string({ maxLength: 5 }),
  fc.nat({ max: EVERYTHING.length }).map((at) => EVERYTHING.slice(at, at + 40)),
);

test('no text makes the reader throw, and every issue has a place in the text', () =>
  holds(
    fc.asyncProperty(fc.array(fragment, { maxLength: 30 }), async (fragments) => {
      const text = fragments.join('');
      const { issues, desired } = await read(text, { configId: 'a', files: { 'x.conf': text } });
      const lines = text.split('\n');
      for (const { position } of issues) {
        const line = lines[position.line - 1];
        expect(line).toBeDefined();
        expect(position.column).toBeLessThanOrEqual((line ?? '').length + 1);
      }
      expect(desired !== undefined || issues.some(({ severity }) => severity === 'error')).toBe(
        true,
      );
    }),
    1000,
  ));
