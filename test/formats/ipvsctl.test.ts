import { describe, expect, test } from 'vitest';
import { formatOf } from '../../src/formats/formats.ts';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { IPVSCTL } from '../../src/formats/ipvsctl/ipvsctl.ts';
import { workspace } from '../cli/workspace.ts';
import { keyOf } from '../support/tables.ts';

type Variables = Readonly<Record<string, string>>;

const read = (text: string, environment?: Variables) =>
  IPVSCTL.parse(text, 'i.yaml', environment && { environment });

/** The table as save text; the errors where there are some. */
async function table(text: string, environment?: Variables): Promise<string[]> {
  const { desired, issues } = await read(text, environment);
  if (!desired) return issues.map(({ message }) => message);
  return formatSave(desired).trimEnd().split('\n');
}

/** `line:column severity CODE message` of each issue. */
async function issues(text: string, environment?: Variables): Promise<string[]> {
  return (await read(text, environment)).issues.map(
    ({ position, severity, code, message }) =>
      `${position.line}:${position.column} ${severity} ${code} ${message}`,
  );
}

const parameter = (name: string): string => `\${${name}}`;
const VIP = parameter('env.VIP');
const PORT = parameter('env.PORT');

const DESTINATION = '{ address: "10.0.0.1:80", forward: nat, weight: 1 }';

describe('YAML for ipvsctl is read as the table that ipvsctl makes', () => {
  test('with the scheduler rr, and every protocol, mark and forwarding method', async () => {
    expect(
      await table(`services:
- address: tcp://192.0.2.1:80
  destinations:
  - address: 10.0.0.1:8080
    forward: nat
    weight: 5
  - { address: "10.0.0.2:80", forward: direct, weight: 1 }
- address: udp://192.0.2.1:53/
  sched: sh
- address: sctp://192.0.2.1:99
- address: fwmark:7
  destinations:
  - { address: "10.0.0.3:80", forward: tunnel, weight: 1 }
`),
    ).toEqual([
      '-A -t 192.0.2.1:80 -s rr',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 5',
      '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1',
      '-A -u 192.0.2.1:53 -s sh',
      '-A --sctp-service 192.0.2.1:99 -s rr',
      '-A -f 7 -s rr',
      '-a -f 7 -r 10.0.0.3:80 -i -w 1 --tun-type ipip',
    ]);
  });

  test('with the defaults of the file, whose weight is that of weight 0, too', async () => {
    const text = `defaults: { port: 8008, weight: 9, sched: wrr, forward: nat }
services:
- address: tcp://192.0.2.1
  destinations:
  - address: 10.0.0.1
  - { address: 10.0.0.2, weight: 0 }
  - { address: "10.0.0.3:80", weight: 3 }
`;
    expect(await table(text)).toEqual([
      '-A -t 192.0.2.1:8008 -s wrr',
      '-a -t 192.0.2.1:8008 -r 10.0.0.1:8008 -m -w 9',
      '-a -t 192.0.2.1:8008 -r 10.0.0.2:8008 -m -w 9',
      '-a -t 192.0.2.1:8008 -r 10.0.0.3:80 -m -w 3',
    ]);
    expect(await issues(text)).toEqual([
      '6:34 warning NO_EFFECT ipvsctl takes weight 0 for an absent one: it is 9',
    ]);
  });

  test('with weight 0 for destinations without a weight, said once', async () => {
    const text = `services:
- address: tcp://192.0.2.1:80
  destinations:
  - { address: "10.0.0.1:80", forward: nat }
  - { address: "10.0.0.2:80", forward: nat }
`;
    expect(await table(text)).toEqual([
      '-A -t 192.0.2.1:80 -s rr',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 0',
      '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 0',
    ]);
    expect(await issues(text)).toEqual([
      '4:5 warning UNSERVED 2 destinations without a weight get no connections: ipvsctl gives them weight 0',
    ]);
  });

  test('with the port of the service where packets keep it, and a warning', async () => {
    const text = `services:
- address: tcp://192.0.2.1:80
  sched: rr
  destinations: [{ address: "10.0.0.1:8080", forward: tunnel, weight: 1 }]
`;
    expect(await table(text)).toContain(
      '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -i -w 1 --tun-type ipip',
    );
    expect(await issues(text)).toEqual([
      "4:29 warning PORT port 8080 is replaced by the service's port 80: 'tunnel' cannot change ports, only -m can",
    ]);
  });

  test('with anchors and merge keys, which its YAML has, too', async () => {
    expect(
      await table(`services:
- address: tcp://192.0.2.1:80
  destinations: &web
  - ${DESTINATION}
- address: tcp://192.0.2.1:81
  destinations: *web
`),
    ).toHaveLength(4);
  });
});

describe('parameters of an address', () => {
  const text = `services:\n- address: tcp://${VIP}:${PORT}\n`;

  test('are replaced from the environment that is given', async () => {
    expect(await table(text, { VIP: '192.0.2.1', PORT: '80' })).toEqual([
      '-A -t 192.0.2.1:80 -s rr',
    ]);
    expect(await issues(text, { PORT: '80' })).toEqual([
      `2:12 error REFERENCE ${VIP}: the environment has no VIP`,
    ]);
    expect(await issues(text, { VIP: '$', PORT: VIP })).toEqual([
      `2:12 error ADDRESS "$:${VIP}" is not an IPv4 address with a port`,
    ]);
  });

  test('are refused without one, and from other sources', async () => {
    expect(await issues(text)).toEqual([`2:12 error REFERENCE ${VIP} depends on the environment`]);
    for (const name of ['host.eth0', 'ports.web', '', '__proto__', 'env.toString'])
      expect(await issues(`services:\n- address: tcp://${parameter(name)}:80\n`, {})).toEqual([
        expect.stringMatching(
          /^2:12 error REFERENCE \$\{.*\}(?: is the value of|: the environment)/,
        ),
      ]);
  });

  test('are read with `import --env` only', async () => {
    const { run } = workspace({ 'i.yaml': text });
    const env = { VIP: '192.0.2.1', PORT: '80' };
    expect(await run('import ./i.yaml --env -o save', { env })).toMatchObject({
      status: 0,
      stdout: '-A -t 192.0.2.1:80 -s rr\n',
    });
    expect(await run('import ./i.yaml', { env })).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('hint: write its value, or give `import --env` and VIP'),
    });
  });
});

test('comments stay with the entries that they are about', async () => {
  const { layout, desired } = await read(`# lb1

services:
# shop
- address: "tcp://192.0.2.1:80" # edge
  sched: rr
  destinations:
  # fast
  - address: 10.0.0.1:80 # web1
    forward: nat
    weight: 1
  #- address: 10.0.0.2:80
  #  forward: nat

# end
`);
  const key = keyOf('tcp://192.0.2.1:80');
  expect(desired?.locate(key)).toEqual({ file: 'i.yaml', line: 5, column: 12 });
  expect(layout).toEqual({
    head: ['lb1'],
    services: new Map([
      [
        key,
        {
          above: ['shop'],
          beside: 'edge',
          destinations: new Map([['10.0.0.1:80', { above: ['fast'], beside: 'web1' }]]),
          below: ['- address: 10.0.0.2:80', 'forward: nat'],
        },
      ],
    ]),
    tail: ['end'],
  });
});

test.each<[string, string, string[]]>([
  ['no services', 'services: []\n', ['1:1 error EMPTY this file for ipvsctl has no services']],
  ['a list in place of a mapping', '- a\n', ['1:1 error WRONG_TYPE expected a mapping']],
  [
    'YAML that cannot be read',
    'services:\n- address: "a\n',
    [expect.stringContaining(' error SYNTAX ')],
  ],
  [
    'keys that ipvsctl does not have',
    'default: {}\nservices:\n- address: fwmark:7\n  shed: rr\n  destinations: [{ addres: 1 }]\n',
    [
      '1:1 error UNKNOWN_KEY ipvsctl has no key "default" here',
      '4:3 error UNKNOWN_KEY ipvsctl has no key "shed" here',
      '5:18 error MISSING_KEY the address is missing',
      '5:18 error MISSING_KEY the forwarding method is missing',
      '5:18 warning UNSERVED a destination without a weight gets no connections: ipvsctl gives it weight 0',
      '5:20 error UNKNOWN_KEY ipvsctl has no key "addres" here',
    ],
  ],
  [
    'values of another type',
    'defaults: { port: "80" }\nservices:\n- address: [1]\n- 7\n',
    [
      '1:19 error WRONG_TYPE expected a whole number',
      '3:3 error MISSING_KEY the address is missing',
      '3:12 error WRONG_TYPE expected a text',
      '4:3 error WRONG_TYPE expected a mapping',
      '4:3 error MISSING_KEY the address is missing',
    ],
  ],
  [
    'words that ipvsctl does not have',
    `defaults: { sched: wr, forward: masq }\nservices:\n- { address: "fwmark:7", sched: foo, destinations: [{ address: "10.0.0.1:80", forward: route, weight: 1 }] }\n`,
    [
      '1:20 error BAD_VALUE "wr" is not a value of "sched"',
      '1:33 error BAD_VALUE "masq" is not a value of "forward"',
      '3:33 error BAD_VALUE "foo" is not a value of "sched"',
      '3:88 error BAD_VALUE "route" is not a value of "forward"',
    ],
  ],
  [
    'addresses that are none',
    `services:\n- address: 192.0.2.1:80\n- address: tcp://lvs:80\n- address: tcp://[2001:db8::1]:80\n- address: tcp://192.0.2.1\n- address: tcp://192.0.2.1:99999\n- address: fwmark:x\n`,
    [
      '2:12 error ADDRESS "192.0.2.1:80" is not the address of a service',
      '3:12 error ADDRESS "lvs:80" is not an IPv4 address with a port',
      '4:12 error FAMILY ipvsctl reads no IPv6 addresses',
      '5:12 error PORT the port is missing',
      '6:12 error PORT 99999 is no port',
      '7:12 error ADDRESS "fwmark:x" is not the address of a service',
    ],
  ],
  [
    'weights that are none',
    `defaults: { weight: 70000 }\nservices:\n- { address: "fwmark:7", destinations: [{ address: "10.0.0.1:80", forward: nat, weight: -1 }] }\n`,
    [
      '1:21 error OUT_OF_RANGE a weight of ipvsctl is from 0 to 65535',
      '3:89 error OUT_OF_RANGE a weight of ipvsctl is from 0 to 65535',
    ],
  ],
  [
    'a service twice, and a destination twice',
    `services:\n- { address: "fwmark:7", destinations: [${DESTINATION}, ${DESTINATION}] }\n- address: fwmark:7\n`,
    [
      '2:105 error DUPLICATE Destination already exists',
      '3:12 error DUPLICATE Service already exists',
    ],
  ],
])('%s is told with its place', async (_, text, expected) => {
  expect(await issues(text)).toEqual(expected);
});

test('a text that is cut at any byte never throws, and gives a table or issues', async () => {
  const text = `defaults: { port: 80, forward: nat }\nservices:\n- address: tcp://192.0.2.1:80\n  destinations:\n  # a "b\n  - { address: "10.0.0.1:80", weight: 3 } # c\n`;
  for (let end = 0; end <= text.length; end++) {
    const { desired, issues: found } = await read(text.slice(0, end));
    expect(desired !== undefined || found.length > 0).toBe(true);
  }
});

test('it is recognised by its keys, and not applied', async () => {
  const text = 'services:\n- address: fwmark:7\n  sched: rr\n';
  expect(formatOf(text, 'a.yaml').name).toBe('ipvsctl');
  expect(formatOf(`services:\n- address: tcp://${VIP}:80\n`, 'a').name).toBe('ipvsctl');
  expect(formatOf(`version: 1\n${text}`, 'a.yaml').name).toBe('yaml');
  const { run } = workspace({ 'i.yaml': text });
  expect(await run('plan -f ./i.yaml')).toMatchObject({
    status: 65,
    stderr: expect.stringContaining('TRANSLATE: this is YAML for ipvsctl'),
  });
});
