import { describe, expect, it } from 'vitest';
import { formatCanonical } from '../../src/config/canonical/canonical.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { briefProblemsOf, desiredOf, service } from '../support/config-problems.ts';

const WEB = 'tcp://192.0.2.1:80';

/** The health of the one service of a configuration. */
function healthOf(text: string) {
  return [...(desiredOf(text).policy?.services.values() ?? [])][0]?.health;
}

/** The kinds of the checks of each destination. */
function kindsOf(text: string) {
  return Object.fromEntries(
    [...(healthOf(text)?.destinations ?? [])].map(([key, { checks }]) => [
      key,
      checks.map(({ kind }) => kind).join(' '),
    ]),
  );
}

const issuesOf = (text: string) => parseConfig(text, 'c.yaml').issues;
const web = (...lines: string[]) => service(WEB, ...lines, 'destinations: [10.0.0.1]');

describe('health', () => {
  it('has these values where the file says none', () => {
    const health = healthOf(web('health: { tcp: {} }'));
    expect([...(health?.destinations.values() ?? [])]).toEqual([
      {
        ...{ checks: [{ kind: 'tcp' }], port: undefined, from: undefined },
        ...{ intervalSeconds: 2, jitter: 0, timeoutSeconds: 1, slowStartSeconds: 0 },
        ...{ rise: 2, fall: 3, initial: 'healthy', onFailure: 'weight' },
      },
    ]);
    expect(health).toMatchObject({ maxUnhealthy: undefined, fallback: new Map() });
  });

  it('has all that the file says', () => {
    const health = healthOf(
      web(
        'health:',
        '  http: { path: /up, host: a.example, status: 200-299, body: ok, tls: true, ca: /ca.pem }',
        '  dns: { name: a.example, type: MX }',
        '  udp: { send: "\\x00a", expect: b }',
        '  port: 8080',
        '  from: 10.0.0.9',
        '  interval: 5s',
        '  jitter: 10%',
        '  timeout: 3s',
        '  rise: 4',
        '  fall: 5',
        '  slow_start: 30s',
        '  initial: unhealthy',
        '  on_failure: remove',
        '  max_unhealthy: 1',
        '  fallback: [{ address: 10.0.0.99, weight: 7 }]',
      ),
    );
    expect([...(health?.destinations.values() ?? [])]).toEqual([
      {
        checks: [
          {
            ...{ kind: 'http', path: '/up', host: 'a.example', body: 'ok', tls: true },
            ...{ status: { min: 200, max: 299 }, sni: undefined, ca: '/ca.pem' },
          },
          { kind: 'udp', send: '\0a', expect: 'b' },
          { kind: 'dns', name: 'a.example', type: 'MX' },
        ],
        ...{ port: 8080, from: '10.0.0.9', intervalSeconds: 5, jitter: 0.1, timeoutSeconds: 3 },
        ...{ slowStartSeconds: 30, rise: 4, fall: 5, initial: 'unhealthy', onFailure: 'remove' },
      },
    ]);
    expect(health?.maxUnhealthy).toEqual({ kind: 'count', value: 1 });
    expect([...(health?.fallback ?? [])]).toEqual([['10.0.0.99:80', 7]]);
  });

  it('comes from the reference, item, service, profile or defaults, the nearest first', () => {
    const text = [
      'version: 1',
      'defaults: { health: { tcp: {} } }',
      'profiles: { web: { health: { http: {} } } }',
      'pools:',
      '  own: [10.0.0.1, { address: 10.0.0.2, health: off }]',
      '  beside: [10.0.0.3, { address: 10.0.0.4, health: { tcp: {} } }]',
      'services:',
      `  - address: ${WEB}`,
      '    profile: web',
      '    destinations:',
      '      - pool: own',
      '      - { pool: beside, health: { dns: { name: a } } }',
      '      - { address: 10.0.0.5, health: { tcp: {}, http: {} } }',
    ].join('\n');
    expect(kindsOf(text)).toEqual({
      '10.0.0.1:80': 'http',
      '10.0.0.3:80': 'dns',
      '10.0.0.4:80': 'dns',
      '10.0.0.5:80': 'tcp http',
    });
  });

  it('is off for a service that says so', () => {
    const text = web('health: off').replace(
      'version: 1',
      'version: 1\ndefaults: { health: { tcp: {} } }',
    );
    expect(healthOf(text)).toBeUndefined();
  });

  it('adds fallback destinations at weight 0, which are not checked', () => {
    const text = web('health: { tcp: {}, fallback: [10.0.0.99] }');
    const [entry] = desiredOf(text).services.values();
    expect(
      [...(entry?.destinations.values() ?? [])].map(({ key, weight }) => [key, weight]),
    ).toEqual([
      ['10.0.0.1:80', 1],
      ['10.0.0.99:80', 0],
    ]);
    expect(kindsOf(text)).toEqual({ '10.0.0.1:80': 'tcp' });
  });

  it('has the places of its problems', () => {
    const problems = (line: string) => issuesOf(web(line));
    expect(problems('health: { rise: 2 }')).toMatchObject([
      { code: 'HEALTH', message: 'health needs a check: tcp, http, udp, dns or command' },
    ]);
    expect(problems('health: on')).toMatchObject([{ code: 'HEALTH', message: '"on" is no check' }]);
    expect(problems('health: { tcp: {}, interval: 2h }')).toMatchObject([
      { message: 'the interval of health is from 1 to 3600 seconds, not 7200' },
    ]);
    for (const jitter of ['51%', '5', '1.5%', '-1%'])
      expect(problems(`health: { tcp: {}, jitter: "${jitter}" }`)).toMatchObject([
        { message: `"${jitter}" is not a share of an interval`, hint: 'write 0% to 50%, or off' },
      ]);
    expect(problems('health: { tcp: {}, from: host }')).toMatchObject([
      { code: 'ADDRESS', message: '"host" is not an IP address' },
    ]);
    expect(problems('health: { tcp: {}, from: "::1" }')).toMatchObject([
      { code: 'HEALTH', hint: 'write an address of the same family' },
    ]);
    expect(problems('health: { udp: { send: a } }')).toMatchObject([
      { code: 'MISSING_KEY', message: 'a check of UDP needs the key "expect"' },
    ]);
    expect(problems('health: { htpp: {} }')).toMatchObject([
      { code: 'UNKNOWN_KEY', message: '"health" has no key "htpp"', hint: 'did you mean "http"?' },
    ]);
    expect(problems('health: { tcp: {}, via: service }')).toMatchObject([
      { code: 'UNKNOWN_KEY', hint: expect.stringContaining('the address of the destination') },
    ]);
    expect(problems('health: { icmp: {} }')).toMatchObject([
      { code: 'UNKNOWN_KEY', hint: expect.stringContaining('or a command') },
    ]);
    expect(problems('health: { tcp: {}, fallback: [10.0.0.1] }')).toMatchObject([
      { code: 'DUPLICATE' },
    ]);
  });

  it.each([
    ['http: { path: up }', '"up" is not a path that begins with "/", of visible ASCII characters'],
    [
      'http: { path: "/a b" }',
      '"/a b" is not a path that begins with "/", of visible ASCII characters',
    ],
    ['http: { host: "a\\r\\nX: y" }', '"a\\r\\nX: y" is not the name of a host, or an address'],
    ['http: { status: 399-200 }', '"399-200" is not a range of status codes'],
    ['udp: { send: "€", expect: a }', '"€" is not 1 to 1400 characters from \\x00 to \\xff'],
    ['dns: { name: "a b" }', '"a b" is not a name such as example.com'],
    ['command: { argv: [] }', 'argv has 0 words, not 1 to 64'],
    ['command: { argv: [check] }', '"check" is not the absolute path of a program'],
    ['command: { argv: [/a, "\\0"] }', '"\\u0000" is not an argument of at most 4096 characters'],
  ])('refuses %s', (check, message) => {
    const [problem, ...others] = issuesOf(web(`health: { ${check} }`));
    expect(problem).toMatchObject({ code: 'HEALTH', severity: 'error' });
    expect(problem?.message).toContain(message);
    expect(others).toEqual([]);
  });

  it('hints at the escapes of a path', () => {
    const hintOf = (path: string) =>
      issuesOf(web(`health: { http: { path: "${path}" } }`))[0]?.hint;
    expect(['/é', '/a b', '/\\n%20', 'é', `/${'é'.repeat(60)}`].map(hintOf)).toEqual([
      ...['write /%C3%A9', 'write /a%20b', 'write /%0A%20', undefined, undefined],
    ]);
  });

  it('has its problems together with those of the rest of the service', () => {
    const codes = (...lines: string[]) => issuesOf(web(...lines)).map(({ code }) => code);
    expect(codes('health: { http: { path: up } }', 'weight: 3')).toEqual(['HEALTH', 'UNKNOWN_KEY']);
    expect(codes('health: { http: { path: up }, foo: 3 }')).toEqual(['UNKNOWN_KEY']);
  });

  it('runs a command with its arguments', () => {
    const health = healthOf(web('health: { command: { argv: [/usr/bin/check, "-a b", ""] } }'));
    expect([...(health?.destinations.values() ?? [])]).toMatchObject([
      { checks: [{ kind: 'command', argv: ['/usr/bin/check', '-a b', ''] }] },
    ]);
    expect(issuesOf(web('health: { command: /usr/bin/check }'))).toMatchObject([
      { code: 'WRONG_TYPE' },
    ]);
    expect(issuesOf(web('health: { command: {} }'))).toMatchObject([
      { code: 'MISSING_KEY', message: 'a command needs the key "argv"' },
    ]);
  });

  it('needs a port where the destination has none', () => {
    const mark = (line: string) =>
      briefProblemsOf(service('fwmark:1', line, 'destinations: [10.0.0.1]'));
    expect(mark('health: { http: {} }').join()).toContain('needs a port');
    expect(mark('health: { http: {}, port: 80 }')).toEqual([]);
    expect(mark('health: { command: { argv: [/bin/true] } }')).toEqual([]);
  });

  it('has fallbacks for some nodes, as other destinations are', () => {
    const text = web('health: { tcp: {}, fallback: [{ address: 10.0.0.9, nodes: [lb1] }] }');
    const fallbacks = (node: string) =>
      [
        ...(parseConfig(text, 'c.yaml', undefined, node).desired?.policy?.services.values() ?? []),
      ].map(({ health }) => health?.fallback.size);
    expect(fallbacks('lb1')).toEqual([1]);
    expect(fallbacks('lb2')).toEqual([0]);
    expect(
      issuesOf(web('health: { tcp: {}, fallback: [{ address: 10.0.0.9, nodes: [] }] }')),
    ).toMatchObject([{ code: 'NODE' }]);
  });

  it('warns of keys that a fallback does not use', () => {
    const text = web('health: { tcp: {}, fallback: [{ address: 10.0.0.9, health: { tcp: {} } }] }');
    expect(issuesOf(text)).toMatchObject([{ code: 'NO_EFFECT', severity: 'warning' }]);
  });

  it('and a preserved weight exclude each other', () => {
    expect(issuesOf(web('health: { tcp: {} }', 'preserve: [weight]'))).toMatchObject([
      { code: 'HEALTH', hint: 'remove one of them' },
    ]);
  });

  it('warns of keys of TLS without TLS', () => {
    expect(issuesOf(web('health: { http: { sni: a.example } }'))).toMatchObject([
      { code: 'NO_EFFECT', severity: 'warning', hint: 'write tls: true' },
    ]);
  });

  it('has an order of keys in the canonical form', () => {
    const text = web('health: { rise: 3, http: { host: a.example, path: /up }, interval: 5s }');
    expect(formatCanonical(text)).toContain(
      'health: { http: { path: "/up", host: a.example }, interval: 5s, rise: 3 }',
    );
  });
});
