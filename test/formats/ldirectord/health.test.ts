import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { formatConfigJson } from '../../../src/config/write/json.ts';
import { formatConfig } from '../../../src/config/write/yaml.ts';
import { LDIRECTORD } from '../../../src/formats/ldirectord/ldirectord.ts';

const WEB = 'tcp://192.0.2.1:80';
const MARK = 'fwmark:7';

/** A file with one service and one server. `own` are further lines of the service. */
const web = (...own: string[]): string[] => [
  'virtual=192.0.2.1:80',
  '\treal=10.0.0.1:80 masq',
  ...own.map((line) => `\t${line}`),
];

/** The health that the configuration has for an ldirectord.cf. It must be valid in each form. */
async function imported(lines: readonly string[], service = WEB) {
  const { desired, health, issues, layout } = await LDIRECTORD.parse(lines.join('\n'), 'ld.cf');
  const shown = (wanted: string): string[] =>
    issues
      .filter(({ severity }) => severity === wanted)
      .map(({ code, message, position: { line } }) => `${line} ${code} ${message}`);
  expect(shown('error')).toEqual([]);
  if (!desired) throw new Error('there is no configuration');
  const options = { ...(health && { health }), ...(layout && { layout }) };
  const parsed = [
    formatConfig(desired, options),
    formatConfig(desired, { ...options, isPlain: true }),
    formatConfigJson(desired, options),
  ].map((form) => {
    const { issues: found, desired: again } = parseConfig(form, 'a');
    expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
    return again?.policy?.services.get(service as never)?.health;
  });
  expect(parsed[1]).toEqual(parsed[0]);
  expect(parsed[2]).toEqual(parsed[0]);
  return {
    health: parsed[0],
    written: health?.get(service as never),
    warnings: shown('warning').filter((warning) => !warning.includes('must not both own')),
  };
}

const written = async (...lines: string[]) => (await imported(web(...lines))).written?.service;
const warnings = async (...lines: string[]) => (await imported(web(...lines))).warnings;

const DEFAULTS = {
  ...{ interval: '10s', timeout: '30s', rise: 1, fall: 1 },
  ...{ on_failure: 'remove', max_unhealthy: 'off' },
};
const QUIET = ['quiescent=yes'];
const REDIRECT = 'TRANSLATE health takes a redirect for a good answer, ldirectord follows it';

describe('a check of ldirectord', () => {
  it('asks the service that the port usually has, with the defaults of ldirectord', async () => {
    expect(await written()).toEqual({ http: {}, ...DEFAULTS });
    expect(await written('checktype=negotiate', 'service=https')).toEqual({
      ...{ http: { tls: true }, ...DEFAULTS },
    });
    expect(await written('checktype=connect')).toEqual({ tcp: {}, ...DEFAULTS, timeout: '5s' });
  });

  it.each<[string, string[], string[], object]>([
    ['of the service', ['checktimeout=2'], ['checktimeout=9'], { timeout: '2s' }],
    ['that stands for the other one', [], ['checktimeout=9'], { timeout: '9s' }],
    ['of its own kind first', ['checktimeout=2', 'negotiatetimeout=3'], [], { timeout: '3s' }],
    [
      'of the service before that of all',
      ['checktimeout=2'],
      ['negotiatetimeout=9'],
      { timeout: '2s' },
    ],
    ['between two passes', [], ['checkinterval=4'], { interval: '4s' }],
    [
      'of one service, where each has a process',
      ['checkinterval=3'],
      ['checkinterval=4', 'fork=yes'],
      { interval: '3s' },
    ],
    [
      'of one service, which ldirectord ignores',
      ['checkinterval=3'],
      ['checkinterval=4'],
      { interval: '4s' },
    ],
    ['until a server is down', ['failurecount=5'], ['failurecount=2'], { fall: 5 }],
    ['until any server is down', [], ['failurecount=2'], { fall: 2 }],
  ])('has the time or the number %s', async (_, own, globals, expected) => {
    const { written: found } = await imported([...globals, ...web(...own)]);
    expect(found?.service).toEqual({ http: {}, ...DEFAULTS, ...expected });
  });

  it('removes a server, or sets weight 0 where it is quiescent', async () => {
    const { on_failure: _, ...quiet } = { http: {}, ...DEFAULTS };
    expect(await written('quiescent=yes')).toEqual(quiet);
    expect((await imported(['quiescent=yes', ...web()])).written?.service).toEqual(quiet);
    const { written: found } = await imported(['quiescent=yes', ...web('quiescent=no')]);
    expect(found?.service).toMatchObject({ on_failure: 'remove' });
  });

  it('asks for the document, with the host, and searches the text of the answer', async () => {
    const lines = [
      'request="a b?c=1"',
      'receive="it is\\: \\(ok\\)"',
      'virtualhost = "shop.example"',
    ];
    const http = { path: '/a%20b?c=1', host: 'shop.example', body: 'it is: (ok)' };
    expect((await written(...lines))?.http).toEqual(http);
    expect((await written(...lines, 'service=https'))?.http).toEqual({ ...http, tls: true });
  });

  it('prefers the request of one server to that of the service', async () => {
    const own = ['request="all"', 'receive="yes"', 'real=10.0.0.2:80 masq 1 "one", "no"'];
    const { written: found } = await imported(web(...own));
    expect(found?.service.http).toEqual({ path: '/all', body: 'yes' });
    expect([...(found?.destinations.values() ?? [])]).toEqual([
      expect.objectContaining({ http: { path: '/one', body: 'no' } }),
    ]);
  });

  it('goes to the port that the service says, or else to that of the server', async () => {
    expect(await written('checkport=8080')).toMatchObject({ port: 8080 });
    expect(await written('checkport=80')).not.toHaveProperty('port');
    const routed = ['virtual=192.0.2.1:80', '\treal=10.0.0.1:81 gate'];
    expect((await imported(routed)).written?.service).toMatchObject({ port: 81 });
    const mark = ['virtual=7', '\treal=10.0.0.1 gate', '\tservice=http'];
    expect((await imported(mark, MARK)).written?.service).toMatchObject({ http: {}, port: 80 });
    const connect = ['virtual=7', '\treal=10.0.0.1:25 gate', '\tchecktype=connect'];
    expect((await imported(connect, MARK)).written?.service).not.toHaveProperty('port');
  });

  it('asks a name server for a name, or for the name of an address', async () => {
    const dns = async (request: string) => {
      const lines = ['virtual=192.0.2.1:53', '\treal=10.0.0.1:53 masq', '\treceive="10"'];
      const source = [...lines, `\trequest="${request}"`];
      return (await imported(source, 'udp://192.0.2.1:53')).written?.service.dns;
    };
    expect(await dns('www.example.com')).toEqual({ name: 'www.example.com' });
    expect(await dns('192.0.2.9')).toEqual({ name: '9.2.0.192.in-addr.arpa', type: 'PTR' });
  });

  it.each([['checktype=on'], ['checktype=off'], ['service=none']])(
    'is none, without a word, when ldirectord does not check: %s',
    async (line) => {
      const { written: found, warnings: said } = await imported(web(line));
      expect(found).toBeUndefined();
      expect(said.filter((warning) => warning.includes('health check'))).toEqual([]);
    },
  );

  it.each([
    ['service=smtp', 'negotiate, smtp'],
    ['service=simpletcp', 'negotiate, simpletcp'],
    ['checktype=ping', 'ping'],
    ['checktype=external\n\tcheckcommand=check-it', 'external) with a program without its path'],
    ['checktype=external-perl', 'external-perl'],
    ['receive="a.b"', 'negotiate, http) with a regular expression'],
    ['request="\u00e4"', 'negotiate, http) with a value: "/\u00e4" is not a path'],
    ['checkinterval=4000', 'negotiate, http) with a value: the interval'],
    ['failurecount=1000', 'negotiate, http) with a failurecount of more than 100'],
  ])('is listed when health has no counterpart of it: %s', async (line, shown) => {
    const [keyword = ''] = line.split('=');
    const outside = keyword === 'checkinterval';
    const source = outside ? [line, ...web(...QUIET)] : web(line, ...QUIET);
    const { written: found, warnings: said } = await imported(source);
    expect(found).toBeUndefined();
    expect(said.join('\n')).toContain(`not carried over: health check (${shown}`);
  });

  it.each<[string, string[], string]>([
    [
      'UDP, which ldirectord pings',
      ['virtual=192.0.2.1:9', '\treal=10.0.0.1:9 masq', '\tprotocol=udp', '\tchecktype=connect'],
      'ping',
    ],
    [
      'a query by TCP',
      [
        'virtual=192.0.2.1:53',
        '\treal=10.0.0.1:53 masq',
        '\tprotocol=tcp',
        '\trequest="a.b"',
        '\treceive="1"',
      ],
      'negotiate, dns) with a query by TCP',
    ],
    [
      'a query that nothing answers well',
      ['virtual=192.0.2.1:53', '\treal=10.0.0.1:53 masq', '\trequest="a.b"'],
      'negotiate, dns) with no receive',
    ],
    [
      'a short name',
      ['virtual=192.0.2.1:53', '\treal=10.0.0.1:53 masq', '\trequest="a"', '\treceive="1"'],
      'negotiate, dns) with a name that resolv.conf completes',
    ],
    [
      'a mark without a port',
      ['virtual=7', '\treal=10.0.0.1 gate', '\tchecktype=connect'],
      'connect) of a server without a port',
    ],
    [
      'another server',
      ['virtual=192.0.2.1:80', '\treal=10.0.0.1:80 masq "http://10.0.0.9/", "a"'],
      'negotiate, http) with a request that names another server',
    ],
    [
      'HEAD and a text',
      web('httpmethod=HEAD', 'receive="a"'),
      'negotiate, http) with HEAD, whose answer has no text',
    ],
  ])('is listed for %s', async (_, source, shown) => {
    const { warnings: said } = await imported(source, 'none');
    expect(said.join('\n')).toContain(`not carried over: health check (${shown}`);
  });
});

describe('a fallback of ldirectord', () => {
  const fallbacks = async (source: readonly string[], service?: string) =>
    [...((await imported(source, service)).health?.fallback ?? [])].map(([key]) => key);

  it('is that of the service, or that of all services of its family, with weight 1', async () => {
    expect(await fallbacks(web('fallback=127.0.0.1:8080 masq'))).toEqual(['127.0.0.1:8080']);
    expect(await fallbacks(['fallback=10.0.0.9', ...web()])).toEqual(['10.0.0.9:80']);
    expect(await fallbacks(['fallback=10.0.0.9', ...web('fallback=10.0.0.8')])).toEqual([
      '10.0.0.8:80',
    ]);
    const six = ['virtual6=[2001:db8::1]:80', '\treal6=[2001:db8::2]:80 masq'];
    const globals = ['fallback=10.0.0.9', 'fallback6=[2001:db8::9]:81 masq'];
    expect(await fallbacks([...globals, ...six], 'tcp://[2001:db8::1]:80')).toEqual([
      '[2001:db8::9]:81',
    ]);
  });

  it('lets all servers be out', async () => {
    expect(await written('fallback=127.0.0.1')).not.toHaveProperty('max_unhealthy');
  });

  it.each([
    ['of a service that is not checked', ['checktype=on', 'fallback=127.0.0.1']],
    ['that is a server', ['fallback=10.0.0.1:80 masq']],
    ['that is the name of a host', ['fallback=sorry.example']],
    ['of the other family', ['fallback=[2001:db8::9]:80']],
  ])('is listed when health cannot have one %s', async (_, lines) => {
    const { health, warnings: said } = await imported(web(...lines));
    expect(health?.fallback.size ?? 0).toBe(0);
    expect(said).toContainEqual(expect.stringContaining('not carried over: fallback'));
  });
});

describe('a difference to ldirectord is said once', () => {
  it('for nothing but redirects when there is none', async () => {
    expect(await warnings(...QUIET)).toEqual([`1 ${REDIRECT}`]);
    expect(await warnings(...QUIET, 'checktype=connect')).toEqual([]);
  });

  it.each([
    ['HEAD', ['httpmethod=head'], 'health asks by GET, ldirectord by HEAD'],
    ['names in TLS', ['service=https', 'virtualhost=a'], 'health names the host in the TLS'],
    ['rare negotiations', ['checktype=4'], 'health asks each time, ldirectord only connects'],
    ['fallbacks', ['fallback=127.0.0.1'], 'a fallback waits with weight 0, ldirectord adds it'],
  ])('for %s', async (_, lines, message) => {
    const source = [...web(...lines), ...web(...lines).map((line) => line.replace('2.1:', '2.2:'))];
    const { warnings: said } = await imported(source);
    expect(said.filter((warning) => warning.includes(message))).toHaveLength(1);
  });

  it('for the answers to queries', async () => {
    const lines = ['virtual=192.0.2.1:53', '\treal=10.0.0.1:53 masq', '\treceive="10"'];
    const { warnings: said } = await imported([...lines, '\trequest="a.b"'], 'udp://192.0.2.1:53');
    expect(said.join('\n')).toContain('health takes any answer without an error');
  });

  it('for settings that no check uses, and never at the line of a password', async () => {
    const lines = ['checktype=connect', 'request="a"', 'passwd="secret"', 'checkcount=2', ...QUIET];
    expect(await warnings(...lines, 'checkinterval=3')).toEqual([
      '1 NOT_CARRIED not carried over: passwd that no check uses',
      '4 NOT_CARRIED not carried over: request that no check uses',
      '6 NOT_CARRIED not carried over: checkcount that no check uses',
      '8 NOT_CARRIED not carried over: checkinterval that no check uses',
    ]);
  });

  it('for the settings of all services, when no service is checked', async () => {
    const globals = ['checktimeout=3', 'checkcount=2', 'quiescent=no', 'fallback=127.0.0.1'];
    const { warnings: said } = await imported([...globals, ...web('checktype=on')]);
    expect(said).toEqual([
      '1 NOT_CARRIED not carried over: setting of health checks, 3 times (also at line 2, line 3)',
      '4 NOT_CARRIED not carried over: fallback',
    ]);
  });
});

it.each([
  ['checktimeout=0', 'is not a number of seconds from 1'],
  ['checkinterval=1.5', 'is not a number of seconds from 1'],
  ['failurecount=no', 'is not a number from 1'],
  ['checkport=65536', 'is not a port from 1 to 65535'],
  ['quiescent=maybe', 'is not "yes" or "no"'],
  ['httpmethod=POST', 'is not GET or HEAD'],
  ['service=gopher', 'is not a service that ldirectord can ask, such as http'],
  ['request=index.html', 'is not a text in quotes'],
  ['receive=""', 'is not a text in quotes'],
  ['fallback=127.0.0.1 nat', 'is not a server and gate, masq or ipip'],
  ['fallback6=[::1]:80', 'virtual does not have fallback6'],
])('a value that ldirectord refuses is an error: %s', async (line, message) => {
  const { desired, issues } = await LDIRECTORD.parse(web(line).join('\n'), 'ld.cf');
  expect(desired).toBeUndefined();
  expect(issues.map((issue) => issue.message)).toContainEqual(expect.stringContaining(message));
});

it('the health of many servers is written with those that differ beside them', async () => {
  const { written: found } = await imported(web('real=10.0.0.2->10.0.0.5:81 masq', ...QUIET));
  expect(found?.service).toMatchObject({ http: {}, fall: 1 });
  expect(found?.destinations.size).toBe(0);
});
