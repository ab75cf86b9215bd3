import { describe, expect, it } from 'vitest';
import { formatConfigJson } from '../../src/config/write/json.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { briefProblemsOf, desiredOf, problemsOf, service } from '../support/config-problems.ts';
import { destinationKeyOf, keyOf } from '../support/tables.ts';

const WEB = 'tcp://192.0.2.1:80';

function policyOf(text: string) {
  return desiredOf(text).policy;
}

/** The policy of the one service of a configuration. */
function servicePolicy(text: string) {
  return [...(policyOf(text)?.services.values() ?? [])][0];
}

/** A configuration with the policy on line 2 and the service on line 4. */
function file(line: string, address = WEB): string {
  return `version: 1\n${line}\nservices:\n  - { address: "${address}", destinations: [10.0.0.1] }\n`;
}

it('a file without policies has no policy', () => {
  expect(
    desiredOf(
      service(WEB, 'protect: false', 'drain: off', 'preserve: []', 'destinations: [10.0.0.1]'),
    ),
  ).not.toHaveProperty('policy');
});

it('the export has no policy', () => {
  const text = service(
    WEB,
    'protect: true',
    'drain: 5m',
    'preserve: [weight]',
    'destinations: [10.0.0.1]',
  );
  const desired = desiredOf(text);
  const plain = desiredOf(service(WEB, 'destinations: [10.0.0.1]'));
  expect(formatConfig(desired)).toBe(formatConfig(plain));
  expect(formatConfigJson(desired)).toBe(formatConfigJson(plain));
});

describe('preserve', () => {
  const preserved = (...lines: string[]) => {
    const found = servicePolicy(lines.join('\n'))?.preserve;
    return Object.fromEntries(
      [...(found ?? [])].map(([key, { weight, thresholds }]) => [key, [weight, thresholds]]),
    );
  };

  it('comes from the reference, item, service, profile or defaults, the nearest first', () => {
    const text = [
      'version: 1',
      'defaults: { preserve: [weight, thresholds] }',
      'profiles: { web: { preserve: [thresholds] } }',
      'pools:',
      '  own: [10.0.0.1, { address: 10.0.0.2, preserve: [] }]',
      '  beside: [10.0.0.3, { address: 10.0.0.4, preserve: [weight] }]',
      'services:',
      `  - address: ${WEB}`,
      '    profile: web',
      '    preserve: [weight]',
      '    destinations: [{ pool: own }, { pool: beside, preserve: [thresholds] }, { address: 10.0.0.5, preserve: [weight, thresholds] }]',
    ];
    expect(preserved(...text)).toEqual({
      '10.0.0.1:80': [true, false],
      '10.0.0.3:80': [false, true],
      '10.0.0.4:80': [false, true],
      '10.0.0.5:80': [true, true],
    });
    const without = text.filter((line) => !line.includes('    preserve: [weight]'));
    expect(preserved(...without)['10.0.0.1:80']).toEqual([false, true]);
    expect(preserved(...without.filter((line) => !line.includes('web')))['10.0.0.1:80']).toEqual([
      true,
      true,
    ]);
  });

  it.each([
    [
      '[wieght]',
      '4:16 error BAD_VALUE: an item of preserve cannot be "wieght" => did you mean "weight"?',
    ],
    [
      '[threshold]',
      '4:16 error BAD_VALUE: an item of preserve cannot be "threshold" => did you mean "thresholds"?',
    ],
    [
      '[scheduler]',
      '4:16 error BAD_VALUE: an item of preserve cannot be "scheduler" => allowed: weight, thresholds',
    ],
    [
      'weight',
      '4:15 error WRONG_TYPE: preserve is "weight"; it must be a list => put it in [brackets], or write it below with "- " before it',
    ],
  ])('refuses %s', (value, problem) => {
    expect(briefProblemsOf(service(WEB, `preserve: ${value}`, 'destinations: [10.0.0.1]'))).toEqual(
      [problem],
    );
  });
});

describe('drain', () => {
  it.each([
    ['5m', [300, 120]],
    ['90', [90, 120]],
    ['{ timeout: 1h30m }', [5400, 120]],
    ['{ timeout: 5m, linger: 3m }', [300, 180]],
    ['{ timeout: 5m, linger: 10 }', [300, 10]],
    ['{ timeout: 5m, linger: off }', [300, 0]],
    ['{ timeout: off }', undefined],
    ['{ timeout: off, linger: 3m }', undefined],
    ['31d', [2_678_400, 120]],
    ['off', undefined],
  ])('reads %s as a limit and a linger of %s seconds', (value, seconds) => {
    const drain = servicePolicy(service(WEB, `drain: ${value}`, 'destinations: [10.0.0.1]'))?.drain;
    expect(drain && [drain.timeoutSeconds, drain.lingerSeconds]).toEqual(seconds);
  });

  it('comes from the service, its profile or the defaults, the nearest first', () => {
    const text = (...keys: string[]) =>
      `version: 1\ndefaults: { drain: 1s }\nprofiles: { p: { drain: 2s } }\nservices: [{ address: fwmark:1, destinations: [10.0.0.1], ${keys} }]\n`;
    expect(servicePolicy(text('profile: p', ' drain: 3s'))?.drain?.timeoutSeconds).toBe(3);
    expect(servicePolicy(text('profile: p'))?.drain?.timeoutSeconds).toBe(2);
    expect(servicePolicy(text())?.drain?.timeoutSeconds).toBe(1);
    expect(servicePolicy(text('drain: off'))).toBeUndefined();
  });

  it.each([
    ['0', '4:12 error OUT_OF_RANGE: drain is 0; the smallest is 1'],
    [
      '32d',
      '4:12 error OUT_OF_RANGE: the timeout of a drain is from 1 to 2678400 seconds, not 2764800',
    ],
    [
      'soon',
      '4:12 error BAD_VALUE: "soon" is not a duration => write 90s, 15m, 1h30m, or whole seconds',
    ],
    [
      '{ timeout: 5x }',
      '4:23 error BAD_VALUE: "5x" is not a duration => write 90s, 15m, 1h30m, or whole seconds',
    ],
    ['{ timeout: 5m, linger: 0 }', '4:35 error OUT_OF_RANGE: linger is 0; the smallest is 1'],
    [
      '{ timeout: 5m, linger: 32d }',
      '4:35 error OUT_OF_RANGE: the linger of a drain is from 1 to 2678400 seconds, not 2764800',
    ],
    [
      '{ timeout: off, linger: 5x }',
      '4:36 error BAD_VALUE: "5x" is not a duration => write 90s, 15m, 1h30m, or whole seconds',
    ],
    ['{ linger: 2m }', '4:12 error MISSING_KEY: "drain" needs the key "timeout"'],
    ['{}', '4:12 error MISSING_KEY: "drain" needs the key "timeout"'],
    [
      '{ timout: 5m }',
      '4:14 error UNKNOWN_KEY: "drain" has no key "timout" => did you mean "timeout"?',
    ],
    [
      'true',
      '4:12 error WRONG_TYPE: drain is true; it must be a whole number, text, a mapping => write a duration such as 6m, or a mapping',
    ],
  ])('refuses %s', (value, problem) => {
    expect(briefProblemsOf(service(WEB, `drain: ${value}`, 'destinations: [10.0.0.1]'))).toEqual([
      problem,
    ]);
  });

  it('is of a udp service like of any other', () => {
    const text = service('udp://192.0.2.1:53', 'drain: 5m', 'destinations: [10.0.0.1]');
    expect(briefProblemsOf(text)).toEqual([]);
    expect(servicePolicy(text)?.drain?.timeoutSeconds).toBe(300);
  });

  it('has no effect on a one_packet service, unless the defaults ask for it for all', () => {
    const onePacket = (...keys: string[]) =>
      service('udp://192.0.2.1:53', 'one_packet: true', ...keys, 'destinations: [10.0.0.1]');
    expect(briefProblemsOf(onePacket('drain: 5m'))).toEqual([
      '5:5 warning NO_EFFECT: drain has no effect on a one_packet service: the kernel forgets each packet => remove it',
    ]);
    expect(briefProblemsOf(onePacket('drain: off'))).toEqual([]);
    expect(briefProblemsOf(file('defaults: { drain: 5m }', 'udp://192.0.2.1:53'))).toEqual([]);
  });
});

describe('protect', () => {
  it('comes from the service or its profile', () => {
    expect(servicePolicy(service(WEB, 'protect: true', 'destinations: [10.0.0.1]'))?.protect).toBe(
      true,
    );
    const profile =
      'version: 1\nprofiles: { p: { protect: true } }\nservices:\n  - { address: fwmark:1, profile: p, destinations: [10.0.0.1]';
    expect(servicePolicy(`${profile} }\n`)?.protect).toBe(true);
    expect(servicePolicy(`${profile}, protect: false }\n`)).toBeUndefined();
  });

  it('is refused in the defaults', () => {
    expect(briefProblemsOf(file('defaults: { protect: true }'))[0]).toContain(
      '2:13 error UNKNOWN_KEY: "defaults" has no key "protect"',
    );
    expect(briefProblemsOf(service(WEB, 'protect: yes', 'destinations: [10.0.0.1]'))).toEqual([
      '4:14 error WRONG_TYPE: protect is "yes"; it must be true or false => YAML 1.2 reads yes as text: write true',
    ]);
  });
});

describe('manage', () => {
  it('reads each condition', () => {
    const selectors =
      '[{ cidr: 192.0.2.0/24, protocol: tcp, port: 80-90 }, { fwmark: 5 }, { service: "fwmark:7/ipv6" }, { port: 0 }]';
    const { include, exclude } =
      policyOf(
        file(`manage: { include: ${selectors}, exclude: [{ service: "udp://192.0.2.53:53" }] }`),
      )?.manage ?? {};
    expect(include).toEqual([
      {
        cidr: expect.objectContaining({ family: 'ipv4', prefixLength: 24 }),
        protocol: 'tcp',
        port: { min: 80, max: 90 },
      },
      { fwmark: { min: 5, max: 5 } },
      { service: keyOf('fwmark:7/ipv6') },
      { port: { min: 0, max: 0 } },
    ]);
    expect(exclude).toEqual([{ service: keyOf('udp://192.0.2.53:53') }]);
  });

  it('without include covers the whole table except the excluded services', () => {
    expect(policyOf(file('manage: { exclude: [{ fwmark: 1-9 }] }'))?.manage).toEqual({
      include: undefined,
      exclude: [{ fwmark: { min: 1, max: 9 } }],
    });
  });

  it.each([
    [
      '{}',
      '2:1 warning NO_EFFECT: "manage" without include and exclude is the whole table => remove it',
    ],
    [
      '{ include: [] }',
      '2:11 error BAD_VALUE: an empty include would manage nothing => leave it out for the whole table, or write services: []',
    ],
    [
      '{ includes: [] }',
      '2:11 error UNKNOWN_KEY: "manage" has no key "includes" => did you mean "include"?',
    ],
    ['[]', '2:9 error WRONG_TYPE: manage is a list; it must be a mapping'],
  ])('with the value %s has one problem', (value, problem) => {
    expect(briefProblemsOf(file(`manage: ${value}`))).toEqual([problem]);
  });

  it.each([
    [
      '{}',
      '21 error BAD_VALUE: an empty selector would match every service => write cidr, protocol, port, fwmark or service',
    ],
    [
      '{ subnet: 10.0.0.0/8 }',
      '23 error UNKNOWN_KEY: a selector has no key "subnet" => did you mean "cidr"?',
    ],
    [
      '{ cidr: 192.0.2.7/24 }',
      '29 error ADDRESS: "192.0.2.7/24" is an address in a network, not a network => write 192.0.2.0/24',
    ],
    [
      '{ cidr: "2001:db8::1/33" }',
      '29 error ADDRESS: "2001:db8::1/33" is an address in a network, not a network => write 2001:db8::/33',
    ],
    [
      '{ cidr: 192.0.2.0/33 }',
      '29 error ADDRESS: "192.0.2.0/33" is not a network => write 192.0.2.0/24, 2001:db8::/32 or one address',
    ],
    [
      '{ cidr: example.org }',
      '29 error ADDRESS: "example.org" is not a network => write 192.0.2.0/24, 2001:db8::/32 or one address',
    ],
    [
      '{ protocol: ospf }',
      '33 error BAD_VALUE: protocol cannot be "ospf" => allowed: tcp, udp, sctp',
    ],
    ['{ port: 65536 }', '29 error OUT_OF_RANGE: port is 65536; the largest is 65535'],
    [
      '{ port: "80" }',
      '29 error BAD_VALUE: "80" is not a range of ports => write 80 without quotes',
    ],
    ['{ port: 90-80 }', '29 error BAD_VALUE: "90-80" is not a range of ports => write 80-90'],
    [
      '{ port: 1-65536 }',
      '29 error BAD_VALUE: "1-65536" is not a range of ports => write a number, or two as 8000-8999, from 0 to 65535',
    ],
    ['{ fwmark: 0 }', '31 error OUT_OF_RANGE: fwmark is 0; the smallest is 1'],
    [
      '{ fwmark: 0-5 }',
      '31 error BAD_VALUE: "0-5" is not a range of fwmarks => write a number, or two as 100-199, from 1 to 4294967295',
    ],
    ['{ fwmark: [1] }', '31 error WRONG_TYPE: fwmark is a list; it must be a whole number or text'],
    [
      '{ service: "tcp://192.0.2.1" }',
      '32 error ADDRESS: "tcp://192.0.2.1" has no port => write tcp://192.0.2.1:PORT; port 0 is any port',
    ],
    [
      '{ service: shop }',
      '32 error ADDRESS: "shop" is not the address of a service => write tcp://192.0.2.10:443, udp://[2001:db8::10]:53, sctp://… or fwmark:100',
    ],
    [
      '{ service: "fwmark:0" }',
      '32 error ADDRESS: "fwmark:0" is not the address of a service => a mark is a number from 1 to 4294967295: fwmark:100',
    ],
    [
      '{ fwmark: 1, port: 80 }',
      '21 error CONFLICT: this matches nothing: no service has both a mark and a port => write two selectors',
    ],
    [
      '{ service: "tcp://192.0.2.1:80", port: 81 }',
      '21 error CONFLICT: this matches nothing: tcp://192.0.2.1:80 does not meet the other conditions => an exact service needs none beside it',
    ],
  ])('refuses the selector %s', (selector, problem) => {
    expect(briefProblemsOf(file(`manage: { exclude: [${selector}] }`))).toEqual([`2:${problem}`]);
  });

  it('refuses a declared service that it leaves out, and shows both places', () => {
    const text = file('manage: { include: [{ cidr: 192.0.2.0/24 }], exclude: [{ port: 80 }] }');
    expect(problemsOf(text)).toBe(
      [
        'c.yaml:4:5: error CONFLICT: the service tcp://192.0.2.1:80 is outside of what is managed',
        '4 |   - { address: "tcp://192.0.2.1:80", destinations: [10.0.0.1] }',
        '  |     ^',
        '  hint: widen manage, or take the service out',
        '  note: what is managed is here: c.yaml:2:1',
        '2 | manage: { include: [{ cidr: 192.0.2.0/24 }], exclude: [{ port: 80 }] }',
        '  | ^',
        '',
      ].join('\n'),
    );
  });
});

describe('an inherited policy', () => {
  it('applies to every service of the file', () => {
    const desired = desiredOf(
      'version: 1\ndefaults: { drain: 5m, preserve: [weight] }\nservices:\n  - { address: fwmark:1, destinations: [10.0.0.1] }\n  - { address: fwmark:2, destinations: [10.0.0.2] }\n',
    );
    expect(desired.policy?.services.get(keyOf('fwmark:2'))).toEqual({
      protect: false,
      drain: { timeoutSeconds: 300, lingerSeconds: 120 },
      preserve: new Map([[destinationKeyOf('10.0.0.2:0'), { weight: true, thresholds: false }]]),
    });
    expect(desired.policy?.services.size).toBe(2);
  });
});
