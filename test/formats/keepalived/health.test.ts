import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { formatConfigJson } from '../../../src/config/write/json.ts';
import { formatConfig } from '../../../src/config/write/yaml.ts';
import { writableFormat } from '../../../src/formats/formats.ts';
import { read, serverWith } from './read.ts';

const WEB = 'tcp://192.0.2.1:80';

/** A virtual server with statements, whose one real server has others. */
const text = (checks: string, statements = ''): string =>
  serverWith(statements, `real_server 10.0.0.1 80 {\n${checks}\n}`);

/** The health that the configuration has for a keepalived.conf. It must be valid in each form. */
async function imported(source: string, service = WEB) {
  const { desired, health, warnings, errors, layout } = await read(source);
  expect(errors).toEqual([]);
  if (!desired) throw new Error('there is no configuration');
  const options = { ...(health && { health }), ...(layout && { layout }) };
  const forms = [
    formatConfig(desired, options),
    formatConfig(desired, { ...options, isPlain: true }),
    formatConfigJson(desired, options),
  ];
  const parsed = forms.map((form) => {
    const { issues, desired: again } = parseConfig(form, 'a');
    expect(issues).toEqual([]);
    return again?.policy?.services.get(service as never)?.health;
  });
  expect(parsed[1]).toEqual(parsed[0]);
  expect(parsed[2]).toEqual(parsed[0]);
  return { health: parsed[0], written: health?.get(service as never), warnings, yaml: forms[0] };
}

const written = async (checks: string, statements = '') =>
  (await imported(text(checks, statements))).written?.service;

const DEFAULTS = {
  ...{ interval: '1m', timeout: '5s', rise: 1, fall: 2 },
  ...{ on_failure: 'remove', max_unhealthy: 'off' },
};

describe('a check of keepalived', () => {
  it('has the defaults of keepalived, and not ours', async () => {
    expect(await written('TCP_CHECK {\n}')).toEqual({ tcp: {}, ...DEFAULTS });
    expect(await written('HTTP_GET {\n url {\n path /\n }\n}')).toEqual({
      http: { status: '200-299' },
      ...DEFAULTS,
    });
  });

  it.each([
    ['delay_loop 6', { interval: '6s' }],
    ['connect_timeout 3', { timeout: '3s' }],
    ['retry 0', { fall: 1 }],
    ['nb_get_retry 3', { fall: 4 }],
    ['alpha', { initial: 'unhealthy' }],
    ['alpha no', {}],
  ])('takes %s from the nearest block', async (statement, expected) => {
    const other = 'delay_loop 90\n connect_timeout 9\n retry 9\n alpha no';
    const known = { tcp: {}, ...DEFAULTS, ...expected };
    expect(await written(`TCP_CHECK {\n${statement}\n}`)).toEqual(known);
    expect(await written(`TCP_CHECK {\n}\n${statement}`)).toEqual(known);
    expect(await written('TCP_CHECK {\n}', statement)).toEqual(known);
    const nearest = await written(`TCP_CHECK {\n${statement}\n}`, other);
    expect(nearest).toMatchObject(expected);
  });

  it('goes to the port that it says, or else to that of the real server', async () => {
    expect(await written('TCP_CHECK {\n connect_port 8080\n}')).toMatchObject({ port: 8080 });
    expect(await written('TCP_CHECK {\n connect_port 80\n}')).not.toHaveProperty('port');
    const mark =
      'virtual_server fwmark 7 {\n lb_kind DR\n real_server 10.0.0.1 81 {\n TCP_CHECK {\n }\n }\n}\n';
    expect((await imported(mark, 'fwmark:7')).written?.service).toMatchObject({ port: 81 });
  });

  it('comes from the address that it says', async () => {
    expect(await written('TCP_CHECK {\n bindto 10.0.0.9\n}')).toMatchObject({ from: '10.0.0.9' });
  });

  it('asks for the path, with the host of the nearest block', async () => {
    const http = async (checks: string) => (await written(checks, 'virtualhost far'))?.http;
    const url = 'url {\n path "/a?b=1"\n status_code 204\n}';
    const expected = { path: '/a?b=1', host: 'far', status: 204 };
    expect(await http(`HTTP_GET {\n${url}\n}`)).toEqual(expected);
    expect(await http(`HTTP_GET {\n${url}\n}\nvirtualhost near`)).toEqual({
      ...expected,
      host: 'near',
    });
    expect(await http(`SSL_GET {\n enable_sni\n virtualhost nearest\n${url}\n}`)).toEqual({
      ...{ ...expected, host: 'nearest' },
      tls: true,
    });
    expect(await http('HTTP_GET {\n url {\n path /\n virtualhost here\n }\n}')).toEqual({
      ...{ host: 'here', status: '200-299' },
    });
  });

  it('searches the text of the answer that a simple expression means', async () => {
    const regex = 'url {\n path /\n regex "all is well"\n}';
    expect((await written(`HTTP_GET {\n${regex}\n}`))?.http).toMatchObject({
      body: 'all is well',
    });
  });

  it('removes a server, or sets weight 0 where keepalived does', async () => {
    expect(await written('TCP_CHECK {\n}', 'inhibit_on_failure')).not.toHaveProperty('on_failure');
    expect(await written('TCP_CHECK {\n}\ninhibit_on_failure no', 'inhibit_on_failure')).toEqual({
      ...{ tcp: {}, ...DEFAULTS },
    });
  });

  it('asks a name server, with the defaults of keepalived', async () => {
    expect(await written('DNS_CHECK {\n}', 'delay_loop 7')).toEqual({
      ...{ dns: { name: '.', type: 'SOA' }, ...DEFAULTS, interval: '7s', fall: 4 },
    });
    const named = await written('DNS_CHECK {\n type mx\n name example.com\n}', 'retry 0');
    expect(named).toMatchObject({ dns: { name: 'example.com', type: 'MX' }, fall: 1 });
  });

  it('runs a program with its arguments, and does not repeat it', async () => {
    const misc = 'MISC_CHECK {\n misc_path "/usr/bin/check  -a 1"\n user nobody\n}';
    const { written: found, warnings } = await imported(text(misc, 'delay_loop 7'));
    expect(found?.service).toEqual({
      ...{ command: { argv: ['/usr/bin/check', '-a', '1'] }, ...DEFAULTS },
      ...{ interval: '7s', timeout: '7s', fall: 1 },
    });
    expect(warnings).toContain('7:2 NOT_CARRIED not carried over: user');
    expect(warnings).toContain(
      '5:1 TRANSLATE health runs a command only with --allow-commands, and without its environment',
    );
    expect(await written('MISC_CHECK {\n misc_path /bin/a\n misc_timeout 3\n}')).toMatchObject({
      timeout: '3s',
    });
  });

  it('sends the bytes of a datagram, and searches those of the answer', async () => {
    const udp = await written('UDP_CHECK {\n payload Ab12f "3 456"\n require_reply 00 fF 4b\n}');
    expect(udp?.udp).toEqual({ send: '\xab\x12\x0f\x03\x45\x06', expect: '\0\xffK' });
  });

  it.each([
    ['MISC_CHECK {\n misc_path check\n}', 'MISC_CHECK with a program without its path'],
    ['MISC_CHECK {\n misc_path "/bin/a \\"b c\\""\n}', 'MISC_CHECK with quotes in misc_path'],
    ['MISC_CHECK {\n misc_path /bin/true\n misc_dynamic\n}', 'MISC_CHECK with misc_dynamic'],
    ['SMTP_CHECK {\n}', 'SMTP_CHECK'],
    ['DNS_CHECK {\n type SPF\n}', 'DNS_CHECK with type "SPF"'],
    ['DNS_CHECK {\n name a..b\n}', 'DNS_CHECK with a value: "a..b" is not a name'],
    ['UDP_CHECK {\n require_reply AB\n}', 'UDP_CHECK with no payload'],
    ['UDP_CHECK {\n payload AB\n}', 'UDP_CHECK with no bytes that are required'],
    ['UDP_CHECK {\n payload AB\n require_reply\n}', 'UDP_CHECK with no bytes that are required'],
    [
      'UDP_CHECK {\n payload AB\n require_reply 1X\n}',
      'UDP_CHECK with require_reply that is not only bytes',
    ],
    ['UDP_CHECK {\n payload hello\n}', 'UDP_CHECK with payload that is not only bytes'],
    ['TCP_CHECK {\n bind_port 99\n}', 'TCP_CHECK with bind_port'],
    ['TCP_CHECK {\n fwmark 9\n}', 'TCP_CHECK with fwmark'],
    ['PING_CHECK {\n}', 'PING_CHECK'],
    ['TCP_CHECK', 'TCP_CHECK with no block'],
    ['TCP_CHECK {\n connect_ip 10.0.0.7\n}', 'TCP_CHECK with connect_ip'],
    ['TCP_CHECK {\n bind_if eth0\n}', 'TCP_CHECK with bind_if'],
    ['TCP_CHECK {\n connect_port 0\n}', 'TCP_CHECK with connect_port "0"'],
    ['TCP_CHECK {\n connect_timeout 2.5\n}', 'TCP_CHECK with connect_timeout "2.5"'],
    ['TCP_CHECK {\n delay_loop 4000\n}', 'TCP_CHECK with delay_loop "4000"'],
    ['TCP_CHECK {\n retry 100\n}', 'TCP_CHECK with retry "100"'],
    [
      'TCP_CHECK {\n bindto 2001:db8::1\n}',
      'TCP_CHECK with bindto that is no address of its family',
    ],
    ['HTTP_GET {\n}', 'HTTP_GET with no URL'],
    ['HTTP_GET {\n url {\n }\n}', 'HTTP_GET with no path'],
    ['HTTP_GET {\n url {\n path /\n }\n url {\n path /\n }\n}', 'HTTP_GET with several URLs'],
    ['HTTP_GET {\n url {\n path /\n digest a\n }\n}', 'HTTP_GET with digest'],
    ['HTTP_GET {\n url {\n path /\n regex "a.b"\n }\n}', 'HTTP_GET with a regular expression'],
    [
      'HTTP_GET {\n url {\n path /\n regex a\n regex_no_match\n }\n}',
      'HTTP_GET with regex_no_match',
    ],
    [
      'HTTP_GET {\n url {\n path /\n status_code 200 301\n }\n}',
      'HTTP_GET with several status codes',
    ],
    ['HTTP_GET {\n url {\n path /\n status_code ok\n }\n}', 'HTTP_GET with status_code "ok"'],
    ['HTTP_GET {\n url {\n path a\n }\n}', 'HTTP_GET with a value: "a" is not a path'],
    ['HTTP_GET {\n enable_sni\n url {\n path /\n }\n}', 'HTTP_GET with enable_sni'],
  ])('is listed when health has no counterpart of it: %s', async (checks, reason) => {
    const { written: found, warnings } = await imported(text(checks, 'delay_loop 6'));
    expect(found).toBeUndefined();
    expect(warnings).toContainEqual(
      expect.stringContaining(`5:1 NOT_CARRIED not carried over: ${reason}`),
    );
    expect(warnings).toContainEqual(expect.stringContaining('timing of health checks'));
  });

  it('is listed when its server has another one, because both must hold', async () => {
    const { written: found, warnings } = await imported(text('TCP_CHECK {\n}\nMISC_CHECK {\n}'));
    expect(found).toBeUndefined();
    expect(warnings).toContain('5:1 NOT_CARRIED not carried over: TCP_CHECK beside another check');
  });

  it('is listed when nothing says its port', async () => {
    const mark =
      'virtual_server fwmark 7 {\n lb_kind DR\n real_server 10.0.0.1 {\n TCP_CHECK {\n }\n }\n}\n';
    const { written: found, warnings } = await imported(mark, 'fwmark:7');
    expect(found).toBeUndefined();
    expect(warnings).toContain(
      '4:2 NOT_CARRIED not carried over: TCP_CHECK of a server without a port',
    );
  });
});

describe('the health of a service', () => {
  const server = (last: number, checks: string) =>
    `real_server 10.0.0.${last} 80 {\n${checks}\n}\n`;
  const tcp = 'TCP_CHECK {\n}';

  it('is that of most destinations, and the others have their own', async () => {
    const real = server(1, '') + server(2, 'TCP_CHECK {\n retry 4\n}') + server(3, tcp);
    const { written: found, health } = await imported(serverWith('', real + server(4, tcp)));
    expect(found?.service).toMatchObject({ tcp: {}, fall: 2 });
    expect([...(found?.destinations ?? [])]).toEqual([
      ['10.0.0.1:80', 'off'],
      [
        '10.0.0.2:80',
        { tcp: {}, interval: '1m', timeout: '5s', rise: 1, fall: 5, on_failure: 'remove' },
      ],
    ]);
    expect([...(health?.destinations.keys() ?? [])]).toEqual([
      ...['10.0.0.2:80', '10.0.0.3:80', '10.0.0.4:80'],
    ]);
  });

  it('has the sorry server as its fallback, with weight 1', async () => {
    for (const more of ['', ' sorry_server_inhibit']) {
      const { written: found, health } = await imported(
        text(tcp, `weight 5\n sorry_server 10.0.0.9 8080\n${more}`),
      );
      expect(found?.service).not.toHaveProperty('max_unhealthy');
      expect([...(health?.fallback ?? [])]).toEqual([['10.0.0.9:8080', 1]]);
    }
  });

  it.each(['10.0.0.1 80', '2001:db8::9 80'])('has no fallback of %s', async (address) => {
    const { written: found, warnings } = await imported(text(tcp, `sorry_server ${address}`));
    expect(found?.fallback).toBeUndefined();
    expect(warnings).toContain('3:1 NOT_CARRIED not carried over: sorry server');
  });

  it('leaves the table as it is for other verbs', async () => {
    const { lines } = await read(text(tcp, 'sorry_server 10.0.0.9 80'));
    expect(lines).toEqual([
      '-A -t 192.0.2.1:80 -s wlc',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1',
    ]);
  });

  it('stands below each other when it is too long for a line', async () => {
    const path = `/${'a'.repeat(90)}`;
    const { yaml } = await imported(text(`HTTP_GET {\n url {\n path ${path}\n }\n}`));
    expect(yaml).toContain(`    health:\n      http:\n        path: "${path}"\n`);
  });

  it('is left out of the save format, which says so', async () => {
    const { desired, health } = await read(text(tcp));
    if (!desired || !health) throw new Error('there is no health');
    const { omissions } = await writableFormat('save').format(desired, { health });
    expect(omissions).toEqual(['the save format cannot hold `health`']);
  });
});

describe('a difference to keepalived is said once', () => {
  const differences = async (checks: string, statements = ''): Promise<readonly string[]> => {
    const real = [1, 2].map((last) => `real_server 10.0.0.${last} 80 {\n${checks}\n}`);
    const { warnings } = await imported(serverWith(statements, real.join('\n')));
    return warnings.filter((warning) => !warning.includes('must not both own'));
  };
  const quiet = 'delay_before_retry 60\n inhibit_on_failure';

  it('for nothing when there is none', async () => {
    expect(await differences('TCP_CHECK {\n}', quiet)).toEqual([]);
  });

  it('for retries, unless there are none', async () => {
    const said = ' TRANSLATE health retries after its interval, keepalived after 1 s';
    expect(await differences('TCP_CHECK {\n}', 'inhibit_on_failure')).toEqual([`5:1${said}`]);
    expect(await differences('TCP_CHECK {\n}', 'inhibit_on_failure\nretry 0')).toEqual([]);
    expect(await differences('DNS_CHECK {\n}', 'inhibit_on_failure')).toEqual([]);
    const http = await differences('HTTP_GET {\n url {\n path /\n }\n}', 'inhibit_on_failure');
    expect(http[0]).toContain('keepalived after 3 s');
  });

  it('for names in TLS, settings without a counterpart, and sorry servers', async () => {
    const url = 'url {\n path /\n virtualhost a\n }';
    expect(await differences(`SSL_GET {\n${url}\n}`, quiet)).toEqual([
      expect.stringContaining('TRANSLATE health names the host in the TLS handshake'),
    ]);
    expect(await differences(`SSL_GET {\n enable_sni\n${url}\n}`, quiet)).toEqual([]);
    const udp = 'UDP_CHECK {\n payload 1\n require_reply 1\n max_reply_length 9\n}';
    expect(await differences(udp, quiet)).toEqual([
      '6:1 TRANSLATE health searches the bytes in the whole answer, keepalived at its beginning',
      '9:2 NOT_CARRIED not carried over: max_reply_length, 2 times (also at line 16)',
    ]);
    expect(await differences('TCP_CHECK {\n}', `warmup 3\n${quiet}`)).toEqual([
      '3:1 NOT_CARRIED not carried over: warmup',
    ]);
    expect(await differences('TCP_CHECK {\n}', `sorry_server 10.0.0.9 80\n${quiet}`)).toEqual([
      expect.stringContaining('3:1 TRANSLATE a fallback waits with weight 0'),
    ]);
  });
});
