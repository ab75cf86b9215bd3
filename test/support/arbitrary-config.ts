import fc from 'fast-check';

// Configurations whose services take their values from every layer that can have one: defaults,
// profile, pool, reference to the pool, and the service itself.

const optionally = <T extends Record<string, fc.Arbitrary<unknown>>>(keys: T) =>
  fc.record(keys, { requiredKeys: [] });

const durations = fc.constantFrom('5m', '10m', 300);
const numbers = {
  weight: fc.integer({ min: 0, max: 5 }),
  upper_threshold: fc.constantFrom(100, 200),
};
const preserve = fc.constantFrom([], ['weight'], ['weight', 'thresholds']);

const tunnel = fc.oneof(
  fc.record({ type: fc.constant('gre') }),
  fc.record({ type: fc.constant('gre'), checksum: fc.constantFrom('none', 'csum') }),
  fc.record({ type: fc.constant('gue'), port: fc.constantFrom(6080, 6081) }),
);
/** A tunnel is written beside its `forward`, because the one needs the other. */
const forwarding = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ forward: fc.constantFrom('masq', 'route') }) },
  { weight: 1, arbitrary: fc.record({ forward: fc.constant('tunnel'), tunnel }) },
);

const destinationKeys = fc
  .tuple(optionally({ ...numbers, lower_threshold: fc.constantFrom(10, 20), preserve }), forwarding)
  .map(([others, forward]) => ({ ...others, ...forward }));

const persistence = fc.oneof(
  fc.constantFrom('off', '5m', 300),
  optionally({
    timeout: durations,
    netmask: fc.constantFrom(24, 16),
    engine: fc.constant('sip'),
    enabled: fc.boolean(),
  }),
);

const scheduling = {
  scheduler: fc.constantFrom('rr', 'wrr', 'sh'),
  scheduler_flags: fc.constantFrom([], ['flag-1'], ['flag-1', 'flag-2']),
  persistence,
  drain: fc.oneof(
    fc.constantFrom('off', '5m'),
    fc.record({ timeout: durations, linger: fc.constantFrom('1m', '2m', 'off') }),
    fc.record({ timeout: durations }),
  ),
  preserve,
};

const profile = optionally({ ...scheduling, one_packet: fc.boolean(), protect: fc.boolean() });

const defaults = fc
  .tuple(optionally(scheduling), destinationKeys)
  .map(([service, destination]) => ({ ...service, ...destination }));

/** The service that is explained, and the other one. */
export const EXPLAINED = 'udp://192.0.2.2:53';
export const OTHER = 'udp://192.0.2.1:53';

const service = fc
  .tuple(profile, fc.boolean(), destinationKeys, destinationKeys)
  .map(([keys, hasProfile, own, override]) => ({
    address: EXPLAINED,
    ...(hasProfile && { profile: 'web' }),
    ...keys,
    destinations: ['10.0.0.1', { address: '10.0.0.2', ...own }, { pool: 'eu', ...override }],
  }));

const other = {
  address: OTHER,
  profile: 'web',
  destinations: [{ address: '10.0.0.1', weight: 9 }, { pool: 'eu' }],
};

/** Some are not valid, such as those with a lower threshold above an upper one. */
export const configs = fc
  .record({ defaults, profile, member: destinationKeys, service })
  .map(({ defaults: ofAll, profile: web, member, service: explained }) => ({
    version: 1,
    defaults: ofAll,
    profiles: { web },
    pools: { eu: ['10.0.0.3', { address: '10.0.0.4', ...member }] },
    services: [other, explained],
  }));

type Config = typeof configs extends fc.Arbitrary<infer C> ? C : never;

/** A configuration as YAML: blocks outside, and JSON, which is YAML too, inside. */
export function yamlOf({ defaults: ofAll, profiles, pools, services }: Config): string {
  const items = (list: readonly unknown[], indent: string) =>
    list.map((item) => `${indent}- ${JSON.stringify(item)}`);
  return [
    'version: 1',
    `defaults: ${JSON.stringify(ofAll)}`,
    'profiles:',
    `  web: ${JSON.stringify(profiles.web)}`,
    ...['pools:', '  eu:', ...items(pools.eu, '    ')],
    ...['services:', ...items(services, '  ')],
    '',
  ].join('\n');
}

export function jsonOf(config: Config): string {
  return JSON.stringify(config, undefined, 1);
}
