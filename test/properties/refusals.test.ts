import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { formatEndpoint } from '../../src/model/endpoint.ts';
import { hasErrors } from '../../src/model/issue.ts';
import type { Operation } from '../../src/model/operation.ts';
import { isLinkLocalIPv6 } from '../../src/model/rules.ts';
import { type Service, serviceFamily } from '../../src/model/service.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { addressArbitrary } from '../support/arbitrary-table.ts';
import { FakeKernel } from '../support/fake-kernel/kernel.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { destinationOf, serviceOf, tableOf } from '../support/tables.ts';

/*
 * Which destinations are refused: by every reader of a configuration, by the table in memory and by
 * the fake kernel. The fake kernel has its own copy of the rules, each measured on a real kernel.
 */

interface Candidate {
  readonly service: Service;
  readonly destination: ReturnType<typeof destinationOf>;
}

const addresses = fc
  .oneof(
    addressArbitrary('ipv4'),
    addressArbitrary('ipv6'),
    fc.constantFrom('0.0.0.0', '::', '255.255.255.255', '224.0.0.1', '239.1.1.1', '240.0.0.1'),
    fc.constantFrom('::ffff:10.0.0.1', '::10.0.0.1', 'ff02::1', 'ff0e::1', '::1', '1::ffff:0:1'),
  )
  // The kernel accepts these only when the host has them, and 0.0.0.0/8 only from some version on.
  .filter((text) => !isLinkLocalIPv6(text as never) && !/^0\.(?!0\.0\.0$)/.test(text));

const candidates: fc.Arbitrary<Candidate> = fc
  .record({
    service: fc
      .constantFrom('tcp://192.0.2.1:80', 'tcp://[2001:db8::1]:80')
      .map((text) => serviceOf(text)),
    address: addresses,
    forward: fc.constantFrom('masq' as const, 'route' as const, 'tunnel' as const),
    lowerThreshold: fc.constantFrom(0, 0, 5),
    upperThreshold: fc.constantFrom(0, 5, 9),
    tunnelPort: fc.constantFrom(0, 6080),
  })
  .map(({ service, address, tunnelPort, ...settings }) => ({
    service,
    destination: destinationOf(formatEndpoint(address as never, 80), {
      ...settings,
      ...(settings.forward === 'tunnel' && { tunnelType: 'gue' as const, tunnelPort }),
    }),
  }));

type Judge = (candidate: Candidate) => boolean | Promise<boolean>;

const readsYaml: Judge = ({ service, destination: { key, tunnelPort, ...settings } }) => {
  const tunnel =
    settings.forward === 'tunnel'
      ? `, tunnel: { type: gue${tunnelPort ? `, port: ${tunnelPort}` : ''} }`
      : '';
  const { forward, upperThreshold, lowerThreshold } = settings;
  const keys = [
    `address: "${key}", forward: ${forward}${tunnel}`,
    `upper_threshold: ${upperThreshold}, lower_threshold: ${lowerThreshold}`,
  ];
  const text = [
    'version: 1',
    'services:',
    `  - address: "${service.key}"`,
    `    destinations: [{ ${keys.join(', ')} }]`,
    '',
  ].join('\n');
  return !hasErrors(parseConfig(text, 'c.yaml').issues);
};

const METHODS = { masq: '-m', route: '-g', tunnel: '-i --tun-type gue' } as const;

const readsSaveText: Judge = ({ service, destination }) => {
  const name = `-t ${service.key.slice('tcp://'.length)}`;
  const port = destination.tunnelPort ? ` --tun-port ${destination.tunnelPort}` : '';
  const { key, forward, upperThreshold, lowerThreshold } = destination;
  const thresholds = `-x ${upperThreshold} -y ${lowerThreshold}`;
  const text = `-A ${name}\n-a ${name} -r ${key} ${METHODS[forward]}${port} ${thresholds}\n`;
  return !hasErrors(parseScript(text, 'c.save').issues);
};

function adding({ service, destination }: Candidate): Operation[] {
  return [
    { kind: 'add-service', service },
    { kind: 'add-destination', service: service.identity, destination },
  ];
}

const simulates: Judge = async (candidate) =>
  (await openEmbeddedTable(tableOf({})).execute(adding(candidate))).size === 0;

const fakeKernelAccepts: Judge = async (candidate) => {
  const ipvs = await openKernel({ openSocket: new FakeKernel().openSocket });
  try {
    return (await ipvs.execute(adding(candidate))).size === 0;
  } finally {
    ipvs.close();
  }
};

const judges: readonly (readonly [string, Judge])[] = [
  ['a YAML file', readsYaml],
  ['save text', readsSaveText],
  ['the table in memory', simulates],
];

const agrees = (judge: Judge) =>
  fc.asyncProperty(
    candidates,
    async (candidate) => (await judge(candidate)) === (await fakeKernelAccepts(candidate)),
  );

test.each(judges)(
  '%s accepts the destinations that the kernel accepts, and no others',
  async (_, judge) => {
    await holds(agrees(judge));
  },
);

/** A judge that accepts some kind of destination that others refuse. */
function lenientAbout(isSpared: (candidate: Candidate) => boolean): Judge {
  return (candidate) => isSpared(candidate) || simulates(candidate);
}

test.each<[string, (candidate: Candidate) => boolean]>([
  [
    'IPv4 addresses that are written as IPv6',
    ({ destination }) => destination.address.startsWith('::ffff:'),
  ],
  ['multicast addresses', ({ destination }) => destination.address.startsWith('ff02:')],
  [
    'thresholds in the wrong order',
    ({ destination }) => destination.lowerThreshold > destination.upperThreshold,
  ],
  ['tunnels without their port', ({ destination }) => destination.tunnelType === 'gue'],
  [
    'families that need a tunnel',
    ({ service, destination }) =>
      destination.address.includes(':') !== (serviceFamily(service.identity) === 'ipv6'),
  ],
])('a reader that is blind to %s is found out', async (_, isSpared) => {
  await isBrokenBy(agrees(lenientAbout(isSpared)));
});

test('every reader refuses an IPv4 address that is written as IPv6', async () => {
  const candidate = {
    service: serviceOf('tcp://[2001:db8::1]:80'),
    destination: destinationOf('[::ffff:10.0.0.1]:80'),
  };
  for (const [, judge] of judges) expect(await judge(candidate)).toBe(false);
});
