import { describe, expect, it } from 'vitest';
import { linesOf, read, serverWith } from './read.ts';

const settings = async (statements: string): Promise<string | undefined> =>
  (await linesOf(serverWith(statements)))[0]?.replace('-A -t 192.0.2.1:80 ', '');

const destination = async (statements: string, before = ''): Promise<string | undefined> =>
  (await linesOf(serverWith(before, `real_server 10.0.0.1 80 {\n${statements}\n}`)))[1]?.replace(
    '-a -t 192.0.2.1:80 -r ',
    '',
  );

describe('a virtual server', () => {
  it('has the defaults of keepalived, and not ours', async () => {
    const { lines, warnings } = await read(
      'virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.1 {\n  }\n}\n',
    );
    expect(lines).toEqual([
      '-A -u 192.0.2.1:80 -s wlc',
      '-a -u 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1',
    ]);
    expect(warnings[0]).toBe('1:1 MISSING_KEY without a protocol, keepalived takes UDP');
  });

  it.each([
    ['lb_algo rr', '-s rr'],
    ['lvs_sched twos', '-s twos'],
    ['lb_algo sh\n sh-port\n sh-fallback', '-s sh -b sh-fallback,sh-port'],
    ['lvs_sched mh\n mh-port\n mh-fallback', '-s mh -b mh-fallback,mh-port'],
    ['flag-1\n flag-3', '-s wlc -b flag-1,flag-3'],
    ['hashed', '-s wlc'],
    ['persistence_timeout', '-s wlc -p 360'],
    ['persistence_timeout 50', '-s wlc -p 50'],
    ['persistence_timeout 0', '-s wlc'],
    ['persistence_granularity 255.255.255.0', '-s wlc -p 360 -M 255.255.255.0'],
    ['persistence_timeout 9\n persistence_granularity 255.0.0.0', '-s wlc -p 9 -M 255.0.0.0'],
    ['persistence_timeout 60\n persistence_engine sip', '-s wlc -p 60 --pe sip'],
  ])('is read with %s', async (statements, expected) => {
    expect(await settings(statements)).toBe(expected);
  });

  it.each([
    ['protocol', 'protocol SCTP', '--sctp-service'],
    ['protocol in small letters', 'protocol udp\n ops', '-u 192.0.2.1:80 -s wlc -o'],
  ])('takes its %s', async (_, statement, expected) => {
    expect((await linesOf(serverWith(statement)))[0]).toContain(expected);
  });

  it('may be of IPv6', async () => {
    const text =
      'virtual_server 2001:DB8::1 443 {\n protocol TCP\n persistence_granularity 64\n real_server 2001:db8::2 443 { }\n}\n';
    expect(await linesOf(text)).toEqual([
      '-A -t [2001:db8::1]:443 -s wlc -p 360 -M 64',
      '-a -t [2001:db8::1]:443 -r [2001:db8::2]:443 -m -w 1',
    ]);
  });

  it('of port 0 is persistent', async () => {
    const { lines, warnings } = await read(
      'virtual_server 192.0.2.1 {\n protocol TCP\n lb_kind DR\n real_server 10.0.0.1 0 { }\n}\n',
    );
    expect(lines).toEqual([
      '-A -t 192.0.2.1:0 -s wlc -p 360',
      '-a -t 192.0.2.1:0 -r 10.0.0.1:0 -g -w 1',
    ]);
    expect(warnings[0]).toContain('1:1 PERSISTENCE port 0 needs persistence');
  });

  it('of a mark has the family of its servers, and no protocol', async () => {
    const mark = (statements: string) =>
      linesOf(`virtual_server fwmark 7 {\n protocol TCP\n${statements}\n}\n`);
    expect(await mark('lb_kind DR\n real_server 10.0.0.1 80 { }')).toEqual([
      '-A -f 7 -s wlc',
      '-a -f 7 -r 10.0.0.1:0 -g -w 1',
    ]);
    expect(await mark('real_server 2001:db8::1 80 { }')).toEqual([
      '-A -f 7 -6 -s wlc',
      '-a -f 7 -6 -r [2001:db8::1]:80 -m -w 1'.replace(' -6', ' -6'),
    ]);
    expect((await mark('ip_family inet6\n lb_kind TUN\n real_server 10.0.0.1 { }'))[0]).toBe(
      '-A -f 7 -6 -s wlc',
    );
    expect((await mark('lb_kind TUN\n real_server 2001:db8::1 { }'))[0]).toBe('-A -f 7 -6 -s wlc');
    expect(
      (await mark('lb_kind TUN\n real_server 2001:db8::1 { }\n real_server 10.0.0.1 { }'))[0],
    ).toBe('-A -f 7 -s wlc');
  });

  it('without real servers is left out, as keepalived does', async () => {
    const { lines, warnings, errors } = await read(
      `virtual_server 192.0.2.9 80 {\n protocol TCP\n}\n${serverWith('')}`,
    );
    expect(errors).toEqual([]);
    expect(lines).toHaveLength(2);
    expect(warnings[0]).toBe(
      '1:1 UNSERVED keepalived leaves out a virtual server without real servers',
    );
  });

  it('takes its name from the one for SNMP', async () => {
    const { desired } = await read(serverWith('snmp_name shop'));
    expect([...(desired?.names ?? [])]).toEqual([['tcp://192.0.2.1:80', 'shop']]);
  });
});

describe('a real server', () => {
  it.each([
    ['weight 5', '10.0.0.1:80 -m -w 5'],
    ['weight 0', '10.0.0.1:80 -m -w 0'],
    ['uthreshold 9\n lthreshold 4', '10.0.0.1:80 -m -w 1 -x 9 -y 4'],
    ['lvs_method DR', '10.0.0.1:80 -g -w 1'],
    ['lvs_method TUN', '10.0.0.1:80 -i -w 1 --tun-type ipip'],
    [
      'lvs_method TUN type gue port 6080 nocsum',
      '10.0.0.1:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
    ],
    ['lvs_method TUN type gre csum', '10.0.0.1:80 -i -w 1 --tun-type gre --tun-csum'],
  ])('is read with %s', async (statements, expected) => {
    expect(await destination(statements)).toBe(expected);
  });

  it('takes its weight and its method from the virtual server, wherever these stand', async () => {
    expect(await destination('', 'weight 7\n lb_kind DR')).toBe('10.0.0.1:80 -g -w 7');
    const below = 'real_server 10.0.0.1 80 { }\n lb_kind DR\n weight 7';
    expect((await linesOf(serverWith('', below)))[1]).toContain('-g -w 7');
  });

  it('keeps the method that stood above it', async () => {
    const text = serverWith(
      'lb_kind DR',
      'real_server 10.0.0.1 80 { }\n lb_kind NAT\n real_server 10.0.0.2 80 { }',
    );
    expect((await linesOf(text)).slice(1).map((line) => line.split(' ')[5])).toEqual(['-g', '-m']);
  });

  it('has the port of its service, unless its packets are rewritten', async () => {
    const nat = await linesOf(serverWith('lb_kind NAT', 'real_server 10.0.0.1 8080 { }'));
    expect(nat[1]).toContain('10.0.0.1:8080');
    const { lines, warnings } = await read(
      serverWith('lb_kind DR', 'real_server 10.0.0.1 8080 { }'),
    );
    expect(lines[1]).toContain('10.0.0.1:80 ');
    expect(warnings[0]).toBe('4:24 PORT keepalived takes port 80 in place of 8080');
  });

  it('of a tunnel may be of another family', async () => {
    expect(
      (await linesOf(serverWith('lb_kind TUN', 'real_server 2001:db8::1 80 { }')))[1],
    ).toContain('[2001:db8::1]:80 -i');
  });
});

describe('a sorry server', () => {
  const sorry = async (statements: string) => {
    const { lines, errors } = await read(
      serverWith('', `real_server 10.0.0.1 80 { }\n${statements}`),
    );
    return errors.length > 0 ? errors : lines.slice(2);
  };

  it('is not carried over', async () => {
    expect(await sorry('sorry_server 10.0.0.9 8080')).toEqual([]);
  });

  it('that is inhibited waits in the table with weight 0', async () => {
    const inhibited = 'sorry_server 10.0.0.9 8080\n sorry_server_inhibit';
    expect(await sorry(inhibited)).toEqual(['-a -t 192.0.2.1:80 -r 10.0.0.9:8080 -m -w 0']);
    expect(await sorry(`lb_kind DR\n ${inhibited}\n lb_kind NAT`)).toEqual([
      '-a -t 192.0.2.1:80 -r 10.0.0.9:80 -g -w 0',
    ]);
    expect(await sorry(`${inhibited}\n sorry_server_lvs_method TUN`)).toEqual([
      '-a -t 192.0.2.1:80 -r 10.0.0.9:80 -i -w 0 --tun-type ipip',
    ]);
    expect(await sorry('sorry_server 10.0.0.9\n sorry_server_inhibit')).toEqual([
      '-a -t 192.0.2.1:80 -r 10.0.0.9:0 -m -w 0',
    ]);
  });

  it('that is one of the real servers keeps its weight', async () => {
    expect(await sorry('sorry_server 10.0.0.1 80\n sorry_server_inhibit')).toEqual([]);
  });

  it('must stand above the statements about it', async () => {
    expect((await sorry('sorry_server_inhibit'))[0]).toContain(
      'REFERENCE there is no sorry_server',
    );
    expect((await sorry('sorry_server_lvs_method DR'))[0]).toContain(
      'REFERENCE there is no sorry_server',
    );
  });

  it('decides about the family of a mark whose servers are tunnels', async () => {
    const text =
      'virtual_server fwmark 7 {\n real_server 10.0.0.1 { lvs_method TUN }\n sorry_server 2001:db8::9 80\n}\n';
    expect((await linesOf(text))[0]).toBe('-A -f 7 -6 -s wlc');
  });
});

describe('a group', () => {
  const group = (members: string, statements = '', protocol = 'TCP') =>
    `virtual_server_group web {\n${members}\n}\nvirtual_server group web {\n protocol ${protocol}\n ${statements}\n real_server 10.0.0.1 80 { }\n}\n`;
  const addresses = async (members: string): Promise<readonly string[]> =>
    (await linesOf(group(members)))
      .filter((line) => line.startsWith('-A'))
      .map((line) => line.split(' ')[2] ?? '');

  it.each([
    ['addresses', '192.0.2.1 80\n192.0.2.2 81', ['192.0.2.1:80', '192.0.2.2:81']],
    [
      'a range by its last part',
      '192.0.2.8-10 80',
      ['192.0.2.8:80', '192.0.2.9:80', '192.0.2.10:80'],
    ],
    [
      'a range by its last address',
      '192.0.2.255-192.0.3.1 80',
      ['192.0.2.255:80', '192.0.3.0:80', '192.0.3.1:80'],
    ],
    ['a network', '192.0.2.8/31 80', ['192.0.2.8:80', '192.0.2.9:80']],
    ['one address of a network', '192.0.2.8/32 80', ['192.0.2.8:80']],
    ['marks', 'fwmark 7\nfwmark 8 inet', ['7', '8']],
  ])('makes a service of each member: %s', async (_, members, expected) => {
    expect((await addresses(members)).toSorted()).toEqual(expected.toSorted());
  });

  it('may be of IPv6', async () => {
    const text = group('2001:db8::e-10 80\n2001:db8::100/127 80').replace(
      '10.0.0.1',
      '2001:db8::1',
    );
    const lines = (await linesOf(text)).filter((line) => line.startsWith('-A'));
    expect(lines.map((line) => line.split(' ')[2])).toEqual([
      '[2001:db8::e]:80',
      '[2001:db8::f]:80',
      '[2001:db8::10]:80',
      '[2001:db8::100]:80',
      '[2001:db8::101]:80',
    ]);
  });

  it('gives its servers the port of each member, 0 for marks, and with NAT their own', async () => {
    const members = '192.0.2.1 80\n192.0.2.2 81\nfwmark 7';
    const ports = async (kind: string, server: string) =>
      (await linesOf(group(members, `lb_kind ${kind}`).replace('10.0.0.1 80', server)))
        .filter((line) => line.startsWith('-a'))
        .map((line) => line.split(' ')[4]);
    expect(await ports('DR', '10.0.0.1')).toEqual(['10.0.0.1:80', '10.0.0.1:81', '10.0.0.1:0']);
    expect(await ports('NAT', '10.0.0.1 8080')).toEqual(Array(3).fill('10.0.0.1:8080'));
    expect(await ports('NAT', '10.0.0.1')).toEqual(Array(3).fill('10.0.0.1:0'));
  });

  it('is persistent as a whole when one of its ports is 0', async () => {
    const lines = await linesOf(group('192.0.2.1 80\n192.0.2.2 0', 'lb_kind DR'));
    expect(lines.filter((line) => line.includes('-p 360'))).toHaveLength(2);
  });

  it('does not use the granularity, as keepalived does not', async () => {
    const { lines, warnings } = await read(
      group('192.0.2.1 80', 'persistence_granularity 255.255.255.0'),
    );
    expect(lines[0]).toBe('-A -t 192.0.2.1:80 -s wlc -p 360');
    expect(warnings[0]).toContain('6:2 NO_EFFECT keepalived does not use persistence_granularity');
  });

  it('has no one-packet scheduling when it has addresses for TCP', async () => {
    const { lines, warnings } = await read(group('192.0.2.1 80\nfwmark 7', 'ops'));
    expect(lines.join('\n')).not.toContain(' -o');
    expect(warnings[0]).toContain('7:2 NO_EFFECT keepalived drops ops');
    expect(
      (await linesOf(group('192.0.2.1 80\nfwmark 7', 'ops', 'UDP'))).join('\n').match(/ -o/g),
    ).toHaveLength(2);
  });

  it('is a shared list of servers, under its name', async () => {
    const { layout } = await read(group('192.0.2.1 80\n192.0.2.2 80'));
    expect(Array.from(layout?.services.values() ?? [], ({ pool }) => pool)).toEqual(['web', 'web']);
  });

  it('that several virtual servers use makes a list for each protocol', async () => {
    const other = group('192.0.2.1 80', '', 'UDP').slice(
      group('192.0.2.1 80').indexOf('virtual_server group'),
    );
    const { layout } = await read(group('192.0.2.1 80') + other);
    expect(Array.from(layout?.services.values() ?? [], ({ pool }) => pool)).toEqual([
      'web-tcp',
      'web-udp',
    ]);
  });
});

// With quadratic work, the test runs into its limit.
it('reads a group of many members in one pass', async () => {
  const members = Array.from({ length: 10_000 }, (_, n) => `10.1.${n >> 8}.${n & 255} 80\n`);
  const text = `virtual_server_group web {\n${members.join('')}}\nvirtual_server group web {\n  protocol TCP\n  real_server 10.0.0.1 80 { }\n}\n`;
  expect(await linesOf(text)).toHaveLength(20_000);
});

describe('global settings', () => {
  const globals = async (statements: string) =>
    read(`global_defs {\n${statements}\n}\n${serverWith('')}`);

  it('have timeouts, of which 0 keeps the live one', async () => {
    const { desired } = await globals('lvs_timeouts tcp 800 tcpfin 0 udp 200');
    expect(desired?.timeouts).toEqual({ tcp: 800, udp: 200 });
  });

  it('have sync daemons: one of each role', async () => {
    const { desired } = await globals(
      'lvs_sync_daemon eth1 id 7 maxlen 1400 port 8849 ttl 2 group 224.0.0.82',
    );
    const daemon = {
      interface: 'eth1',
      syncId: 7,
      maxLength: 1400,
      group: '224.0.0.82',
      port: 8849,
      ttl: 2,
    };
    expect(desired?.daemons).toEqual([
      { role: 'master', ...daemon },
      { role: 'backup', ...daemon },
    ]);
  });

  it('have the lengths that the kernel makes of those of sync messages', async () => {
    const { desired } = await globals('lvs_sync_daemon eth1 maxlen 100');
    expect(desired?.daemons?.map(({ maxLength }) => maxLength)).toEqual([100, 1024]);
  });

  it.each([
    'lvs_sync_daemon eth1 inst VI_1',
    'lvs_sync_daemon eth1 VI_1 id 7',
    'lvs_sync_daemon eth1 VI_1 7',
  ])('do not have a sync daemon whose role changes: %s', async (statement) => {
    const { desired, warnings } = await globals(statement);
    expect(desired?.daemons).toBeUndefined();
    expect(warnings[0]).toBe(
      '2:1 NOT_CARRIED not carried over: sync daemon that follows a VRRP instance',
    );
  });
});

it('what has no counterpart is listed once for each kind, with its places', async () => {
  const text = `vrrp_instance V {\n lvs_sync_daemon_interface eth0\n}\nglobal_defs {\n router_id a\n lvs_flush\n}\n${serverWith('  delay_loop 6\n  retry 3\n  alpha\n  quorum 2\n  sorry_server 10.0.0.9 80', 'real_server 10.0.0.1 80 {\n  TCP_CHECK {\n   weight 9\n  }\n  notify_up /bin/a\n}')}`;
  const { warnings, errors } = await read(text);
  expect(errors).toEqual([]);
  expect(warnings).toEqual([
    '1:1 NOT_CARRIED not carried over: vrrp_instance',
    '2:2 NOT_CARRIED not carried over: sync daemon that follows a VRRP instance',
    '5:2 NOT_CARRIED not carried over: setting of keepalived itself',
    '6:2 NOT_CARRIED not carried over: lvs_flush',
    '13:3 NOT_CARRIED not carried over: quorum',
    '19:3 NOT_CARRIED not carried over: notify script',
    '16:3 NOT_CARRIED not carried over: TCP_CHECK with weight',
    '10:3 NOT_CARRIED not carried over: timing of health checks, 2 times (also at line 11)',
    '12:3 NOT_CARRIED not carried over: alpha, which waits for a health check',
    '14:3 NOT_CARRIED not carried over: sorry server',
    '8:1 TRANSLATE keepalived and `ipvstate watch` must not both own a service',
  ]);
});

it('each service and server has the place of its line', async () => {
  const { desired } = await read(
    `${serverWith('')}virtual_server_group g {\n 192.0.2.7 80\n}\nvirtual_server group g {\n protocol TCP\n real_server 10.0.0.2 80 { }\n}\n`,
  );
  const place = (service: string, server?: string) =>
    desired?.locate(service as never, server as never)?.line;
  expect([place('tcp://192.0.2.1:80'), place('tcp://192.0.2.1:80', '10.0.0.1:80')]).toEqual([1, 4]);
  expect([place('tcp://192.0.2.7:80'), place('tcp://192.0.2.7:80', '10.0.0.2:80')]).toEqual([
    7, 11,
  ]);
  expect([place('tcp://192.0.2.8:80'), place('tcp://192.0.2.1:80', '10.0.0.9:80')]).toEqual([
    undefined,
    undefined,
  ]);
});
