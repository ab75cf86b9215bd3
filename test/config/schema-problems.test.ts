import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { briefProblemsOf, problemsOf, service } from '../support/config-problems.ts';

const WEB = 'tcp://192.0.2.1:80';

/** The problems of one destination, which is on line 5 from column 9. */
function destination(text: string): string[] {
  return briefProblemsOf(service(WEB, 'destinations:', `  - ${text}`));
}

describe('the check of keys', () => {
  it('shows an unknown key, and the key that was probably meant', () => {
    expect(problemsOf(service(WEB, 'destinations:', '  - { address: 10.0.0.1, wieght: 5 }'))).toBe(
      [
        'c.yaml:5:30: error UNKNOWN_KEY: a destination has no key "wieght"',
        '5 |       - { address: 10.0.0.1, wieght: 5 }',
        '  |                              ^',
        '  hint: did you mean "weight"?',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['real_servers', 'destinations'],
    ['servers', 'destinations'],
    ['backends', 'destinations'],
    ['destinatoins', 'destinations'],
    ['sched', 'scheduler'],
    ['lb_algo', 'scheduler'],
    ['sched-flags', 'scheduler_flags'],
    ['ops', 'one_packet'],
    ['persistent', 'persistence'],
    ['persistence_timeout', 'persistence'],
    ['vip', 'address'],
  ])('suggests our word for %s', (word, meant) => {
    expect(briefProblemsOf(service(WEB, `${word}: []`, 'destinations: [10.0.0.1]'))).toEqual([
      `4:5 error UNKNOWN_KEY: a service has no key "${word}" => did you mean "${meant}"?`,
    ]);
  });

  it.each([
    ['port', 'the port is part of "address"'],
    ['protocol', 'the protocol is part of "address": tcp://IP:PORT'],
    ['fwmark', 'write address: fwmark:N'],
  ])('says that %s is part of the address', (word, hint) => {
    expect(briefProblemsOf(service(WEB, `${word}: 1`, 'destinations: [10.0.0.1]'))).toEqual([
      `4:5 error UNKNOWN_KEY: a service has no key "${word}" => ${hint}`,
    ]);
  });

  it('lists the allowed keys when none is similar', () => {
    expect(briefProblemsOf('version: 1\nservices: []\ntimeouts: { quic: 5 }\n')).toEqual([
      '3:13 error UNKNOWN_KEY: "timeouts" has no key "quic" => allowed: nodes, tcp, tcp_fin, udp',
    ]);
  });

  it('cuts long keys and names of the file in messages', () => {
    const long = 'k'.repeat(500);
    for (const text of [
      `version: 1\n${long}: 1\nservices: []\n`,
      `version: 1\nservices: [{ address: "tcp://192.0.2.1:80", ${long}: 1, destinations: [] }]\n`,
      `version: 1\nprofiles: { ${long}: 5 }\nservices: []\n`,
      `version: 1\nservices: []\npools: { ${long}: [], ${long}: [] }\n`,
      `version: 1\nservices: [{ address: "tcp://192.0.2.1:80", profile: ${long}, destinations: [] }]\n`,
    ]) {
      const { issues } = parseConfig(text, 'c.yaml');
      expect(issues).not.toEqual([]);
      for (const { message, hint = '' } of issues) {
        expect(message.length).toBeLessThanOrEqual(200);
        expect(hint.length).toBeLessThanOrEqual(200);
      }
    }
  });

  it('names each kind of mapping', () => {
    const text = [
      'version: 1',
      'limits: { x1: 1 }',
      'defaults: { x2: 1, tunnel: { x3: 1 }, persistence: { x4: 1 } }',
      'sync_daemons: [{ role: master, interface: eth0, x5: 1 }]',
      'profiles: { tunnel: { x6: 1 } }',
      'pools: { persistence: [{ address: 10.0.0.1, x7: 1 }] }',
      'services: [{ address: "fwmark:1", destinations: [{ pool: eu, x8: 1 }] }]',
      '',
    ].join('\n');
    const names = briefProblemsOf(text).map((line) =>
      /UNKNOWN_KEY: (.*) has no key "(x\d)"/.exec(line)?.slice(1).reverse().join(' '),
    );
    expect(names.filter(Boolean)).toEqual([
      'x1 "limits"',
      'x2 "defaults"',
      'x3 "tunnel"',
      'x4 "persistence"',
      'x5 a sync daemon',
      'x6 a profile',
      'x7 a destination',
      'x8 a reference to a pool',
    ]);
  });

  it('names a missing key at the item that needs it', () => {
    expect(destination('{ weight: 5 }')).toEqual([
      '5:9 error MISSING_KEY: a destination needs the key "address"',
    ]);
    expect(briefProblemsOf('version: 1\nservices:\n  - name: a\n')).toEqual([
      '3:5 error MISSING_KEY: a service needs the key "address"',
    ]);
    expect(briefProblemsOf('services: []\n')).toEqual([
      '1:1 error MISSING_KEY: the file needs the key "version" => write version: 1 at the top',
    ]);
    expect(briefProblemsOf('version: 1\n')).toEqual([
      '1:1 error MISSING_KEY: the file needs the key "services" => write services: [] for no services',
    ]);
  });

  it('does not report a missing key whose name is only misspelled', () => {
    expect(destination('{ adress: 10.0.0.1 }')).toEqual([
      '5:11 error UNKNOWN_KEY: a destination has no key "adress" => did you mean "address"?',
    ]);
  });

  it('refuses the names of properties that every JavaScript object has', () => {
    expect(
      briefProblemsOf('version: 1\nservices: []\nconstructor: 1\n__proto__: 1\n').map((line) =>
        line.slice(0, 26),
      ),
    ).toEqual(['3:1 error UNKNOWN_KEY: the', '4:1 error UNKNOWN_KEY: the']);
  });
});

describe('the check of values', () => {
  it.each([
    ['nat', 'masq'],
    ['masquerade', 'masq'],
    ['dr', 'route'],
    ['gatewaying', 'route'],
    ['ipip', 'tunnel'],
    ['tunel', 'tunnel'],
  ])('suggests our word for the forwarding method %s', (word, meant) => {
    expect(destination(`{ address: 10.0.0.1, forward: ${word} }`)).toEqual([
      `5:39 error BAD_VALUE: forward cannot be "${word}" => did you mean "${meant}"?`,
    ]);
  });

  it('lists the allowed values when none is similar', () => {
    expect(destination('{ address: 10.0.0.1, forward: quic }')).toEqual([
      '5:39 error BAD_VALUE: forward cannot be "quic" => allowed: masq, route, tunnel',
    ]);
  });

  it.each([
    ['-1', 'weight is -1; the smallest is 0'],
    ['2147483648', 'weight is 2147483648; the largest is 2147483647'],
    ['99999999999999999999', 'weight is 100000000000000000000; the largest is 2147483647'],
    ['1.5', 'weight is 1.5; it must be a whole number'],
    ['"5"', 'weight is "5"; it must be a whole number => write 5 without quotes'],
    ['heavy', 'weight is "heavy"; it must be a whole number'],
    ['', 'weight has no value; it must be a whole number'],
    ['true', 'weight is true; it must be a whole number'],
    ['[1]', 'weight is a list; it must be a whole number'],
    ['{ a: 1 }', 'weight is a mapping; it must be a whole number'],
  ])('refuses the weight %s', (value, message) => {
    const problems = briefProblemsOf(
      service(WEB, 'destinations:', '  - address: 10.0.0.1', `    weight: ${value}`),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^6:(?:9|17) error (?:OUT_OF_RANGE|WRONG_TYPE): /);
    expect(problems[0]).toContain(message);
  });

  it.each([
    ['yes', 'write true'],
    ['On', 'write true'],
    ['no', 'write false'],
    ['off', 'write false'],
  ])('explains that YAML 1.2 reads %s as text', (value, hint) => {
    expect(
      briefProblemsOf(
        service('udp://192.0.2.1:53', `one_packet: ${value}`, 'destinations: [10.0.0.1]'),
      ),
    ).toEqual([
      `4:17 error WRONG_TYPE: one_packet is "${value}"; it must be true or false => YAML 1.2 reads ${value} as text: ${hint}`,
    ]);
  });

  it('does not take a list without a value for an empty one', () => {
    expect(briefProblemsOf('version: 1\nservices:\n')).toEqual([
      '2:1 error WRONG_TYPE: services has no value; it must be a list => write [] for an empty list',
    ]);
    expect(briefProblemsOf(service(WEB, 'destinations:'))).toEqual([
      '4:5 error WRONG_TYPE: destinations has no value; it must be a list => write [] for an empty list',
    ]);
  });

  it.each([
    [
      'destinations: 10.0.0.1',
      'destinations is "10.0.0.1"; it must be a list => put it in [brackets], or write it below with "- " before it',
    ],
    [
      'destinations: { address: 10.0.0.1 }',
      'destinations is a mapping; it must be a list => write each item with "- " before it',
    ],
    ['name: 5', 'name is 5; it must be text => put it in quotes'],
    ['name: true', 'name is true; it must be text => put it in quotes'],
    [
      'persistence: true',
      'persistence is true; it must be a whole number, text, a mapping => write a duration such as 6m, or a mapping',
    ],
    [
      'persistence: false',
      'persistence is false; it must be a whole number, text, a mapping => write off',
    ],
    ['health: false', 'health is false; it must be text or a mapping => write off'],
    ['health: true', 'health is true; it must be text or a mapping => write a mapping'],
    ['address: 5', 'the key "address" appears twice => remove one of them'],
  ])('explains the wrong type of %s', (line, message) => {
    expect(
      briefProblemsOf(
        service(
          WEB,
          line,
          ...(line.startsWith('destinations') ? [] : ['destinations: [10.0.0.1]']),
        ),
      )[0],
    ).toContain(message);
  });

  it('explains a number in place of an address', () => {
    expect(destination('10.1')).toEqual([
      '5:9 error WRONG_TYPE: an item of destinations is 10.1; it must be text or a mapping => write a whole address, such as 10.0.0.1:80',
    ]);
  });

  it.each([
    ['2', 'VERSION: version 2 of the format is not known => write version: 1'],
    ['"1"', 'WRONG_TYPE: version is "1"; it must be a whole number => write 1 without quotes'],
  ])('refuses version %s with one message', (version, message) => {
    expect(briefProblemsOf(`version: ${version}\nservices: []\n`)).toEqual([
      `1:10 error ${message}`,
    ]);
  });
});

describe('the list of problems', () => {
  it('has the problems of schema, spelling and meaning in one run', () => {
    const text = service(
      WEB,
      'one_packet: yes',
      'destinations:',
      '  - { address: 010.0.0.1 }',
      '  - { address: 10.0.0.2, weight: 0x5 }',
      '  - { adress: 10.0.0.3 }',
      '  - 0.0.0.0',
    );
    expect(
      briefProblemsOf(text).map((line) =>
        line.replace(/:? .*? (?=[A-Z])/, ' ').replace(/:.*? => .*|: .*/, ''),
      ),
    ).toHaveLength(5);
    expect(briefProblemsOf(text).map((line) => / ([A-Z_]+):/.exec(line)?.[1])).toEqual([
      'WRONG_TYPE',
      'ADDRESS',
      'NUMBER_SPELLING',
      'UNKNOWN_KEY',
      'ADDRESS',
    ]);
  });

  it('shows 50 and counts the others when 20,000 destinations have a mistake', () => {
    const list = Array.from(
      { length: 20_000 },
      (_, index) => `      - { address: 10.0.${index >> 8}.${index & 255}, wieght: 1 }`,
    );
    const problems = briefProblemsOf(`${service(WEB, 'destinations:')}${list.join('\n')}\n`);
    expect(problems.at(-1)).toContain('19950 more problems are not shown');
  }, 120_000);
});
