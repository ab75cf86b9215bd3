import { describe, expect, it } from 'vitest';
import { briefProblemsOf, problemsOf, service } from '../support/config-problems.ts';

const WEB = 'tcp://192.0.2.1:80';
const ONE = 'destinations: [10.0.0.1]';

function destination(text: string, address = WEB): string[] {
  return briefProblemsOf(service(address, 'destinations:', `  - ${text}`));
}

describe('the address of a service', () => {
  it.each([
    [
      'tcp://192.0.2.1',
      '"tcp://192.0.2.1" has no port => write tcp://192.0.2.1:PORT; port 0 is any port',
    ],
    [
      'tcp://2001:db8::1:80',
      '"tcp://2001:db8::1:80" can be read in two ways => write the IPv6 address in brackets: "tcp://[2001:db8::1]:80"',
    ],
    [
      'tcp://2001:db8::1',
      '"tcp://2001:db8::1" has no port => write tcp://[2001:db8::1]:PORT; port 0 is any port',
    ],
    [
      '192.0.2.1:80',
      '"192.0.2.1:80" is not the address of a service => write tcp://192.0.2.1:80, or with udp:// or sctp://',
    ],
    [
      'web',
      '"web" is not the address of a service => write tcp://192.0.2.10:443, udp://[2001:db8::10]:53, sctp://… or fwmark:100',
    ],
    [
      'http://192.0.2.1:80',
      '"http://192.0.2.1:80" has no protocol that IPVS balances => did you mean tcp://?',
    ],
    [
      'ip://192.0.2.1:80',
      '"ip://192.0.2.1:80" has no protocol that IPVS balances => write tcp://, udp:// or sctp://',
    ],
    [
      'tpc://192.0.2.1:80',
      '"tpc://192.0.2.1:80" has no protocol that IPVS balances => did you mean tcp://?',
    ],
    [
      'tcp://192.0.2.01:80',
      '"192.0.2.01:80" is not an IP address with or without a port => write 192.0.2.1: a leading zero means octal to some programs',
    ],
    [
      'tcp://192.0.2.1:080',
      '"192.0.2.1:080" is not an IP address with or without a port => a port is a number from 0 to 65535, without leading zeros',
    ],
    [
      'tcp://192.0.2.256:80',
      '"192.0.2.256:80" is not an IP address with or without a port => a number of an IPv4 address is at most 255',
    ],
    [
      'tcp://example.com:80',
      '"example.com:80" is not an IP address with or without a port => names are not resolved: write the address',
    ],
    [
      'fwmark:0',
      '"fwmark:0" is not the address of a service => a mark is a number from 1 to 4294967295: fwmark:100',
    ],
    [
      'fwmark:4294967296',
      '"fwmark:4294967296" is not the address of a service => a mark is a number from 1 to 4294967295: fwmark:100',
    ],
    [
      'fwmark:0x10',
      '"fwmark:0x10" is not the address of a service => a mark is a number from 1 to 4294967295: fwmark:100',
    ],
    [
      'fwmark:7/ipv6',
      '"fwmark:7/ipv6" is not the address of a service => write address: fwmark:7 and family: ipv6',
    ],
  ])('cannot be %s', (text, message) => {
    expect(briefProblemsOf(service(`"${text}"`, ONE))).toEqual([`3:14 error ADDRESS: ${message}`]);
  });

  it.each([
    'tcp://0.0.0.0:80',
    'udp://224.0.0.1:53',
    'sctp://255.255.255.255:1',
    'tcp://[::]:80',
    'fwmark:4294967295',
  ])('may be %s, which ipvsadm accepts', (text) => {
    expect(
      briefProblemsOf(
        service(`"${text}"`, 'destinations: [{ address: "2001:db8::1", forward: tunnel }]'),
      ),
    ).toEqual([]);
  });

  it('gets a warning when it is an IPv4 address in IPv6, which ipvsadm accepts', () => {
    expect(
      briefProblemsOf(service('"tcp://[::ffff:192.0.2.1]:80"', 'destinations: ["2001:db8::1"]')),
    ).toEqual([
      '3:14 warning ADDRESS: ::ffff:192.0.2.1 is an IPv4 address written as IPv6: the kernel matches it with IPv6 packets only => write 192.0.2.1',
    ]);
  });

  it('may not have another family than its own', () => {
    expect(briefProblemsOf(service(WEB, 'family: ipv6', ONE))).toEqual([
      '4:13 error FAMILY: the address of this service is not ipv6 => remove it: family is for fwmark services',
    ]);
    expect(briefProblemsOf(service(WEB, 'family: ipv4', ONE))).toEqual([
      '4:5 warning NO_EFFECT: the family of a service with an address is that of the address => remove it',
    ]);
  });

  it('needs persistence for port 0', () => {
    expect(briefProblemsOf(service('tcp://192.0.2.1:0', ONE))).toEqual([
      '3:14 warning PORT: port 0, any port, works with persistence only => write a port, or add persistence: 6m',
    ]);
    expect(briefProblemsOf(service('tcp://192.0.2.1:0', 'persistence: 6m', ONE))).toEqual([]);
  });
});

describe('one_packet', () => {
  it('is refused for services other than UDP and firewall marks', () => {
    expect(briefProblemsOf(service(WEB, 'one_packet: true', ONE))).toEqual([
      '4:5 warning NO_EFFECT: one_packet has no effect on tcp: it is for udp and fwmark services => remove it',
    ]);
    for (const address of ['udp://192.0.2.1:53', 'fwmark:1'])
      expect(briefProblemsOf(service(address, 'one_packet: true', ONE))).toEqual([]);
  });
});

describe('a scheduler', () => {
  it('gets a warning when it is unknown', () => {
    expect(briefProblemsOf(service(WEB, 'scheduler: wlcc', ONE))).toEqual([
      '4:16 warning SCHEDULER: the scheduler "wlcc" is not one of the Linux kernel\'s => did you mean "wlc"?',
    ]);
    expect(briefProblemsOf(service(WEB, 'scheduler: maglev', ONE))[0]).toContain(
      'did you mean "mh"?',
    );
    expect(briefProblemsOf(service(WEB, 'scheduler: custom_thing', ONE))[0]).toContain(
      '=> allowed: rr, wrr,',
    );
  });

  it('is refused when the kernel cannot store its name', () => {
    for (const name of ['sixteen_letters_', 'a b', '""']) {
      expect(briefProblemsOf(service(WEB, `scheduler: ${name}`, ONE))[0]).toMatch(
        /^4:16 error SCHEDULER: .* is not the name of a scheduler/,
      );
    }
  });

  it('is refused with the flags of another scheduler', () => {
    expect(
      briefProblemsOf(service(WEB, 'scheduler: mh', 'scheduler_flags: [mh-port, sh-port]', ONE)),
    ).toEqual([
      '5:32 error SCHEDULER_FLAG: the scheduler mh has no flag sh-port => allowed: mh-fallback, mh-port, flag-1, flag-2, flag-3',
    ]);
    expect(
      briefProblemsOf(service(WEB, 'scheduler: mh', 'scheduler_flags: [mhport]', ONE)),
    ).toEqual([
      '5:23 error BAD_VALUE: an item of scheduler_flags cannot be "mhport" => did you mean "mh-port"?',
    ]);
    expect(
      briefProblemsOf(service(WEB, 'scheduler: rr', 'scheduler_flags: [flag-1, flag-3]', ONE)),
    ).toEqual([]);
  });
});

describe('persistence', () => {
  it.each([
    [
      '10x',
      '4:18 error BAD_VALUE: "10x" is not a duration => write 90s, 15m, 1h30m, or whole seconds',
    ],
    ['"300"', '4:18 error BAD_VALUE: "300" is not a duration => write 300 without quotes, or 300s'],
    ['0', '4:18 error OUT_OF_RANGE: persistence is 0; the smallest is 1'],
    ['0s', '4:18 error OUT_OF_RANGE: a persistence timeout is from 1 to 2678400 seconds, not 0'],
    [
      '31d1s',
      '4:18 error OUT_OF_RANGE: a persistence timeout is from 1 to 2678400 seconds, not 2678401',
    ],
    [
      '{ timeout: 32d }',
      '4:29 error OUT_OF_RANGE: a persistence timeout is from 1 to 2678400 seconds, not 2764800',
    ],
    ['{ netmask: 33 }', '4:29 error NETMASK: an IPv4 prefix length is at most 32, not 33'],
    ['{ netmask: 0 }', '4:29 error OUT_OF_RANGE: netmask is 0; the smallest is 1'],
    [
      '{ netmask: "24" }',
      '4:29 error NETMASK: "24" is no netmask of an IPv4 service: it must be a prefix length from 1 to 32 or a mask such as 255.255.255.0 => write 24 without quotes',
    ],
    [
      '{ netmask: /24 }',
      '4:29 error NETMASK: "/24" is no netmask of an IPv4 service: it must be a prefix length from 1 to 32 or a mask such as 255.255.255.0 => write 24 without quotes and "/"',
    ],
    [
      '{ netmask: 255.0.255.0 }',
      '4:29 warning NETMASK: the netmask 255.0.255.0 has holes => is it a wildcard mask, the wrong way round?',
    ],
    [
      '{ netmask: 0.0.0.0 }',
      '4:29 warning NETMASK: with the netmask 0.0.0.0 all clients count as one',
    ],
    [
      '{ engine: "" }',
      '4:28 error PERSISTENCE: "" is not the name of an engine: 1 to 16 characters without blanks',
    ],
    [
      '{ engine: foo }',
      '4:28 warning PERSISTENCE: the persistence engine "foo" is not one of the Linux kernel\'s: it needs a module ip_vs_pe_foo => the kernel has sip',
    ],
    ['{ engine: sip }', '4:28 warning PERSISTENCE: the engine sip works for udp only, not for tcp'],
    [
      '{ netmask: 24, enabled: false }',
      '4:29 warning NO_EFFECT: netmask has no effect while persistence is not enabled => remove it, or write enabled: true',
    ],
    [
      '{ timeout: 5m, enabled: false }',
      '4:29 warning NO_EFFECT: timeout has no effect while persistence is not enabled => remove it, or write enabled: true',
    ],
  ])('has the expected issue for %s', (value, problem) => {
    expect(briefProblemsOf(service(WEB, `persistence: ${value}`, ONE))).toEqual([problem]);
  });

  it('takes a prefix length as the netmask of an IPv6 service', () => {
    const text = (netmask: string) =>
      service(
        '"tcp://[2001:db8::1]:80"',
        `persistence: { netmask: ${netmask} }`,
        'destinations: ["2001:db8::2"]',
      );
    expect(briefProblemsOf(text('64'))).toEqual([]);
    expect(briefProblemsOf(text('129'))).toEqual([
      '4:29 error OUT_OF_RANGE: netmask is 129; the largest is 128',
    ]);
    expect(briefProblemsOf(text('255.255.255.0'))).toEqual([
      '4:29 error NETMASK: "255.255.255.0" is no netmask of an IPv6 service: it must be a prefix length from 1 to 128',
    ]);
  });
});

describe('a destination', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0 cannot be a destination: it means "no address"'],
    ['255.255.255.255', '255.255.255.255 cannot be a destination: it is the broadcast address'],
    ['224.0.0.1', '224.0.0.1 cannot be a destination: it is a multicast address'],
    [
      '010.0.0.1',
      '"010.0.0.1" is not an IP address with or without a port => write 10.0.0.1: a leading zero means octal to some programs',
    ],
    [
      '"10.1"',
      '"10.1" is not an IP address with or without a port => write all four numbers of an IPv4 address',
    ],
    [
      '"167772161"',
      '"167772161" is not an IP address with or without a port => write all four numbers of an IPv4 address',
    ],
    [
      '"0x0a000001"',
      '"0x0a000001" is not an IP address with or without a port => names are not resolved: write the address',
    ],
    [
      '10.0.0.1/32',
      '"10.0.0.1/32" is not an IP address with or without a port => write one address, without a prefix length',
    ],
    [
      'tcp://10.0.0.1:80',
      '"tcp://10.0.0.1:80" is not an IP address with or without a port => leave the protocol out: it is that of the service',
    ],
    [
      '10.0.0.1:http',
      '"10.0.0.1:http" is not an IP address with or without a port => a port is a number from 0 to 65535, without leading zeros',
    ],
    [
      '10.0.0.1:65536',
      '"10.0.0.1:65536" is not an IP address with or without a port => a port is a number from 0 to 65535, without leading zeros',
    ],
    [
      '"10.0.0.1 :80"',
      '"10.0.0.1 :80" is not an IP address with or without a port => remove the blanks',
    ],
    ['fe80::1%eth0', '"fe80::1%eth0" has a zone => write the address without %'],
    [
      '"[2001:db8::1]80"',
      '"[2001:db8::1]80" is not an IP address with or without a port => write a ":" between "]" and the port',
    ],
    [
      '"[2001:db8::1]:080"',
      '"[2001:db8::1]:080" is not an IP address with or without a port => a port is a number from 0 to 65535, without leading zeros',
    ],
    [
      '"2001:db8:::1"',
      '"2001:db8:::1" is not an IP address with or without a port => write IPv6 as 2001:db8::1, and as [2001:db8::1]:80 with a port',
    ],
    [
      '"[10.0.0.1]:80"',
      '"[10.0.0.1]:80" is not an IP address with or without a port => brackets are for IPv6',
    ],
    [
      'backend-1:80',
      '"backend-1:80" is not an IP address with or without a port => names are not resolved: write the address',
    ],
  ])('cannot be %s', (text, message) => {
    expect(destination(text)).toEqual([`5:9 error ADDRESS: ${message}`]);
  });

  it.each(['"::"', '"ff02::1"', '"::ffff:10.0.0.1"'])('cannot be %s', (text) => {
    expect(destination(text, '"tcp://[2001:db8::1]:80"')).toHaveLength(1);
    expect(destination(text, '"tcp://[2001:db8::1]:80"')[0]).toMatch(
      /^5:9 error ADDRESS: .* cannot be a destination: it /,
    );
  });

  it.each(['0.0.0.1', '127.0.0.1', '240.0.0.1', '255.255.255.254'])(
    'may be %s, which the kernel accepts',
    (text) => {
      expect(destination(text)).toEqual([]);
    },
  );

  it('gets a warning when it is link-local and may not be an address of the host', () => {
    expect(destination('"fe80::1"', '"tcp://[2001:db8::1]:80"')).toEqual([
      '5:9 warning ADDRESS: fe80::1 is link-local: the kernel takes it only if it is an address of this host',
    ]);
  });

  it('gets the hint to write { pool: NAME } when its address is the name of a pool', () => {
    const text = (item: string) =>
      `version: 1\npools: { web: [10.0.0.1] }\nservices: [{ address: "fwmark:1", destinations: [${item}] }]\n`;
    expect(briefProblemsOf(text('web'))).toEqual([
      '2:10 warning NO_EFFECT: no service of this file uses the pool "web" => remove it, or use it',
      '3:50 error ADDRESS: "web" is not an IP address with or without a port => write { pool: web } for the pool of this name',
    ]);
    expect(briefProblemsOf(text('{ pool: web }'))).toEqual([]);
  });

  it.each(['gate', 'direct', 'gateway'])(
    'gets the hint to write route for the method %s',
    (word) => {
      expect(destination(`{ address: 10.0.0.1, forward: ${word} }`)[0]).toContain(
        'did you mean "route"?',
      );
    },
  );

  it('may have another family than the service only with a tunnel', () => {
    expect(destination('{ address: "2001:db8::1", forward: masq }')).toEqual([
      '5:20 error FAMILY: an IPv6 destination of an IPv4 service must be reached by a tunnel, not by masq => write forward: tunnel',
    ]);
    expect(destination('{ address: "2001:db8::1", forward: tunnel }')).toEqual([]);
  });

  it('may have another port than the service only with masq', () => {
    expect(destination('{ address: 10.0.0.1:81, forward: route }')).toEqual([
      '5:20 warning PORT: route cannot change the port: packets go to port 80, that of the service, and not to 81 => leave the port out, or write forward: masq',
    ]);
    expect(destination('{ address: 10.0.0.1:81, forward: masq }')).toEqual([]);
    expect(destination('{ address: 10.0.0.1:81, forward: route }', 'fwmark:1')).toEqual([]);
    expect(destination('{ address: 10.0.0.1:0, forward: masq }')).toEqual([
      '5:20 warning PORT: port 0 of a destination means the port of the request, which is always 80 here => leave the port out',
    ]);
  });

  it.each([
    [
      '{ address: 10.0.0.1, lower_threshold: 5 }',
      '5:47 error THRESHOLD: the lower threshold 5 is above the upper threshold 0 => upper_threshold 0 means no limit: write one',
    ],
    [
      '{ address: 10.0.0.1, upper_threshold: 4, lower_threshold: 5 }',
      '5:67 error THRESHOLD: the lower threshold 5 is above the upper threshold 4 => lower it',
    ],
    [
      '{ address: 10.0.0.1, tunnel: { type: gre } }',
      '5:30 error TUNNEL: a tunnel block has no meaning with forward: route => write forward: tunnel, or remove it',
    ],
    [
      '{ address: 10.0.0.1, forward: tunnel, tunnel: { type: gue } }',
      '5:55 error TUNNEL: a gue tunnel needs a port => write port: 6080, or that of the receiver',
    ],
    [
      '{ address: 10.0.0.1, forward: tunnel, tunnel: { type: gre, port: 5 } }',
      '5:55 error TUNNEL: a tunnel of type gre has no port => write type: gue, or remove the port',
    ],
    [
      '{ address: 10.0.0.1, forward: tunnel, tunnel: { port: 5 } }',
      '5:55 error TUNNEL: a tunnel of type ipip has no port => write type: gue, or remove the port',
    ],
    [
      '{ address: 10.0.0.1, forward: tunnel, tunnel: { checksum: csum } }',
      '5:55 error TUNNEL: a tunnel of type ipip has no checksum => write type: gue or gre, or remove it',
    ],
    [
      '{ address: 10.0.0.1, forward: tunnel, tunnel: { type: gre, checksum: remcsum } }',
      '5:55 error TUNNEL: a tunnel of type gre cannot have a remote checksum => write checksum: csum',
    ],
  ])('refuses %s', (text, problem) => {
    expect(destination(text)).toEqual([problem]);
  });
});

describe('a duplicate', () => {
  it('of a destination in another spelling is refused with both places', () => {
    expect(
      problemsOf(
        service(
          '"tcp://[2001:db8::1]:80"',
          'destinations:',
          '  - "2001:DB8::2"',
          '  - "[2001:db8:0::2]:80"',
        ),
      ),
    ).toBe(
      [
        'c.yaml:6:9: error DUPLICATE: the destination [2001:db8::2]:80 is in this service twice',
        '6 |       - "[2001:db8:0::2]:80"',
        '  |         ^',
        '  hint: remove one of them',
        '  note: first here: c.yaml:5:9',
        '5 |       - "2001:DB8::2"',
        '  |         ^',
        '',
      ].join('\n'),
    );
  });

  it('of a destination in a pool is refused at the reference to the pool', () => {
    const text =
      'version: 1\npools: { eu: [10.0.0.1] }\nservices:\n  - address: fwmark:1\n    destinations:\n      - pool: eu\n      - pool: eu\n';
    expect(briefProblemsOf(text)).toEqual([
      '7:9 error DUPLICATE: the destination 10.0.0.1:0 is in this service twice => remove one of them',
    ]);
  });

  it('of a service in another spelling is refused', () => {
    const text =
      'version: 1\nservices:\n  - { address: "tcp://[::1]:80", destinations: ["::2"] }\n  - { address: "tcp://[0:0::1]:80" }\n  - { address: fwmark:1, destinations: ["10.0.0.1"] }\n  - { address: fwmark:1, family: ipv6, destinations: ["::2"] }\n';
    expect(briefProblemsOf(text)).toEqual([
      '4:5 error DUPLICATE: the service tcp://[::1]:80 is in this file twice => put their destinations together',
    ]);
  });
});

describe('a reference', () => {
  it('to a pool or profile that is not in the file is refused', () => {
    const text = [
      'version: 1',
      'pools: { europe: [10.0.0.1] }',
      'profiles: { web: {} }',
      'services:',
      '  - { address: fwmark:1, profile: wbe, destinations: [{ pool: europe }] }',
      '  - { address: fwmark:2, profile: web, destinations: [{ pool: asia }, { pool: eurpe }] }',
      '',
    ].join('\n');
    expect(briefProblemsOf(text).filter((line) => line.includes('error'))).toEqual([
      '5:35 error REFERENCE: there is no profile "wbe" in this file => did you mean "web"?',
      '6:63 error REFERENCE: there is no pool "asia" in this file => it has: europe',
      '6:79 error REFERENCE: there is no pool "eurpe" in this file => did you mean "europe"?',
    ]);
  });

  it('to a property of every JavaScript object is refused', () => {
    const text =
      'version: 1\nservices:\n  - { address: fwmark:1, profile: toString, destinations: [{ pool: constructor }] }\n';
    expect(briefProblemsOf(text)).toEqual([
      '3:35 error REFERENCE: there is no profile "toString" in this file => this file has no profiles',
    ]);
  });

  it('is missing for a pool or profile that no service uses, which gets a warning', () => {
    expect(
      briefProblemsOf('version: 1\nservices: []\npools: { eu: [] }\nprofiles: { web: {} }\n'),
    ).toEqual([
      '3:10 warning NO_EFFECT: no service of this file uses the pool "eu" => remove it, or use it',
      '4:13 warning NO_EFFECT: no service of this file uses the profile "web" => remove it, or use it',
    ]);
  });

  it('by several services to a pool with a mistake shows the mistake once, in the pool', () => {
    const text =
      'version: 1\npools: { eu: [10.0.0.256] }\nservices:\n  - { address: fwmark:1, destinations: [{ pool: eu }] }\n  - { address: fwmark:2, destinations: [{ pool: eu }] }\n';
    expect(briefProblemsOf(text)).toEqual([
      '2:15 error ADDRESS: "10.0.0.256" is not an IP address with or without a port => a number of an IPv4 address is at most 255',
    ]);
  });
});

describe('a service that takes no new connections', () => {
  it.each([
    [
      'destinations: []',
      '4:5 warning UNSERVED: tcp://192.0.2.1:80 takes no new connections: it has no destinations',
    ],
    [
      'name: web',
      '3:5 warning UNSERVED: tcp://192.0.2.1:80 takes no new connections: it has no destinations',
    ],
    [
      'destinations: [{ address: 10.0.0.1, weight: 0 }]',
      '4:5 warning UNSERVED: tcp://192.0.2.1:80 takes no new connections: all its destinations have weight 0',
    ],
  ])('gets a warning with %s', (line, problem) => {
    expect(briefProblemsOf(service(WEB, line))).toEqual([problem]);
  });

  it('gets a warning with the scheduler none', () => {
    expect(briefProblemsOf(service(WEB, 'scheduler: none', ONE))).toEqual([
      '5:5 warning UNSERVED: tcp://192.0.2.1:80 takes no new connections: its scheduler is none',
    ]);
  });
});

describe('a sync daemon', () => {
  const daemons = (text: string) =>
    briefProblemsOf(`version: 1\nservices: []\nsync_daemons:\n  - ${text}\n`);

  it.each([
    ['{ role: master }', '4:5 error MISSING_KEY: a sync daemon needs the key "interface"'],
    [
      '{ role: primary, interface: eth0 }',
      '4:13 error BAD_VALUE: role cannot be "primary" => did you mean "master"?',
    ],
    [
      '{ role: master, interface: eth0, sync_id: 256 }',
      '4:47 error OUT_OF_RANGE: sync_id is 256; the largest is 255',
    ],
    [
      '{ role: master, interface: a/b }',
      '4:32 error DAEMON: "a/b" cannot be the name of an interface => write a name of up to 15 characters, such as eth1',
    ],
    [
      '{ role: master, interface: sixteen-letters- }',
      '4:32 error DAEMON: "sixteen-letters-" cannot be the name of an interface => write a name of up to 15 characters, such as eth1',
    ],
    [
      '{ role: master, interface: "lo\\0x" }',
      '4:32 error DAEMON: "lo\\u0000x" cannot be the name of an interface => write a name of up to 15 characters, such as eth1',
    ],
    [
      '{ role: master, interface: "\\e[31mlo" }',
      '4:32 error DAEMON: "\\u001b[31mlo" cannot be the name of an interface => write a name of up to 15 characters, such as eth1',
    ],
    [
      '{ role: master, interface: "lo\\u202e" }',
      '4:32 error DAEMON: "lo\u202e" cannot be the name of an interface => write a name of up to 15 characters, such as eth1',
    ],
    [
      '{ role: master, interface: eth0, group: 10.0.0.1 }',
      '4:45 error DAEMON: "10.0.0.1" is not a multicast address => write 224.0.0.81, or an IPv6 group such as ff02::81',
    ],
    [
      '{ role: backup, interface: eth0, max_length: 1023 }',
      '4:50 error DAEMON: the kernel changes the max_length 1023 of a backup to 1024 => write 1024 or more',
    ],
    [
      '{ role: master, interface: eth0, group: "ff02::81", max_length: 65488 }',
      '4:69 error DAEMON: with an IPv6 group the kernel changes the max_length 65488 to 65487 => write at most 65487',
    ],
    [
      '{ role: master, interface: eth0, ttl: 0 }',
      '4:43 error OUT_OF_RANGE: ttl is 0; the smallest is 1',
    ],
  ])('refuses %s', (text, problem) => {
    expect(daemons(text)).toEqual([problem]);
  });

  it('is refused when there is another one with its role', () => {
    expect(
      daemons('{ role: master, interface: eth0 }\n  - { role: master, interface: eth1 }'),
    ).toEqual([
      '5:5 error DUPLICATE: there is a master daemon already: only one of each role can run => remove one of them',
    ]);
  });

  it('is refused beside a tunnel to another family', () => {
    const text =
      'version: 1\nservices:\n  - address: fwmark:1\n    destinations: [{ address: "2001:db8::1", forward: tunnel }]\nsync_daemons: [{ role: master, interface: eth0 }]\n';
    expect(problemsOf(text)).toBe(
      [
        'c.yaml:4:20: error CONFLICT: [2001:db8::1]:0 is of another family than its service fwmark:1: the kernel allows that only while no sync daemon runs',
        '4 |     destinations: [{ address: "2001:db8::1", forward: tunnel }]',
        '  |                    ^',
        '  note: the sync daemons are here: c.yaml:5:1',
        '5 | sync_daemons: [{ role: master, interface: eth0 }]',
        '  | ^',
        '',
      ].join('\n'),
    );
    expect(briefProblemsOf(text.replace('[{ role: master, interface: eth0 }]', '[]'))).toEqual([]);
  });
});

describe('the check of timeouts, limits and names', () => {
  it.each([
    ['timeouts: { tcp: 0 }', '3:18 error OUT_OF_RANGE: tcp is 0; the smallest is 1'],
    [
      'timeouts: { tcp: 1w }',
      '3:18 error BAD_VALUE: "1w" is not a duration => write 90s, 15m, 1h30m, or whole seconds',
    ],
    [
      'timeouts: { udp: 24d20h31m24s }',
      '3:18 error OUT_OF_RANGE: a timeout is from 1 to 2147483 seconds, not 2147484',
    ],
    [
      'timeouts: { udp: 2147484 }',
      '3:18 error OUT_OF_RANGE: udp is 2147484; the largest is 2147483',
    ],
    [
      'limits: { max_service_deletes: 101% }',
      '3:32 error BAD_VALUE: "101%" is not a limit => write a number, 0% to 100%, or off',
    ],
    [
      'limits: { max_service_deletes: none }',
      '3:32 error BAD_VALUE: "none" is not a limit => write a number, 0% to 100%, or off',
    ],
    [
      'limits: { max_destination_deletes: -1 }',
      '3:36 error OUT_OF_RANGE: max_destination_deletes is -1; the smallest is 0',
    ],
  ])('refuses %s', (line, problem) => {
    expect(briefProblemsOf(`version: 1\nservices: []\n${line}\n`)).toEqual([problem]);
  });

  it('refuses a name without a character, and one with characters that are not seen', () => {
    for (const name of ['""', '"a\\eb"', '"a\\u202egnp"', '"a\\u200b"', '"\\U000E0041"']) {
      expect(briefProblemsOf(service(WEB, `name: ${name}`, ONE))).toEqual([
        '4:11 error BAD_VALUE: the name of a service has 1 to 200 characters, and none that is not seen',
      ]);
    }
  });
});
