import { describe, expect, it } from 'vitest';
import { briefProblemsOf, desiredOf } from '../support/config-problems.ts';

const EXAMPLE = `# Everything that a file can have.
version: 1
limits:
  max_service_deletes: 30%
  max_destination_deletes: off
defaults: { scheduler: wlc, forward: masq, weight: 10 }
timeouts: { tcp: 15m, udp: 300 }
sync_daemons:
  - { role: backup, interface: eth1 }
  - { role: master, interface: eth1, sync_id: 7, group: 239.1.1.1, port: 9000, ttl: 4, max_length: 1400 }
profiles:
  web: { scheduler: mh, scheduler_flags: [mh-port, mh-fallback], persistence: { timeout: 10m, netmask: 24 } }
pools:
  eu: ["10.1.0.11", { address: 10.1.0.12, weight: 50 }]
services:
  - name: shop
    address: tcp://192.0.2.10:443
    profile: web
    destinations:
      - pool: eu
      - { address: "10.1.0.14:8443", weight: 0, upper_threshold: 2000, lower_threshold: 1500 }
  - address: fwmark:100
    family: ipv6
    one_packet: true
    destinations:
      - { address: "[2001:db8::21]:0", forward: tunnel, tunnel: { type: gue, port: 6080, checksum: none } }
`;

function destinations(text: string): unknown[] {
  return [...desiredOf(text).services.values()].flatMap((entry) => [
    ...entry.destinations.values(),
  ]);
}

describe('normalize', () => {
  it('fills in every default', () => {
    const desired = desiredOf(EXAMPLE);
    expect([...desired.services.values()].map(({ service }) => service)).toEqual([
      {
        key: 'tcp://192.0.2.10:443',
        identity: { kind: 'address', protocol: 'tcp', address: '192.0.2.10', port: 443 },
        scheduler: 'mh',
        schedulerFlags: 0x18,
        onePacket: false,
        persistent: true,
        persistenceTimeoutSeconds: 600,
        persistenceNetmask: 0xffff_ff00,
        persistenceEngine: '',
      },
      {
        key: 'fwmark:100/ipv6',
        identity: { kind: 'fwmark', fwmark: 100, family: 'ipv6' },
        scheduler: 'wlc',
        schedulerFlags: 0,
        onePacket: true,
        persistent: false,
        persistenceTimeoutSeconds: 0,
        persistenceNetmask: 128,
        persistenceEngine: '',
      },
    ]);
    const plain = {
      forward: 'masq',
      upperThreshold: 0,
      lowerThreshold: 0,
      tunnelType: 'ipip',
      tunnelPort: 0,
      tunnelChecksum: 'none',
    };
    expect(destinations(EXAMPLE)).toEqual([
      { ...plain, key: '10.1.0.11:443', address: '10.1.0.11', port: 443, weight: 10 },
      { ...plain, key: '10.1.0.12:443', address: '10.1.0.12', port: 443, weight: 50 },
      {
        ...plain,
        key: '10.1.0.14:8443',
        address: '10.1.0.14',
        port: 8443,
        weight: 0,
        upperThreshold: 2000,
        lowerThreshold: 1500,
      },
      {
        ...plain,
        key: '[2001:db8::21]:0',
        address: '2001:db8::21',
        port: 0,
        weight: 10,
        forward: 'tunnel',
        tunnelType: 'gue',
        tunnelPort: 6080,
      },
    ]);
    expect(desired.timeouts).toEqual({ tcp: 900, udp: 300 });
    expect(desired.limits).toEqual({
      maxServiceDeletes: { kind: 'percent', value: 30 },
      maxDestinationDeletes: { kind: 'off' },
    });
    expect([...desired.names]).toEqual([['tcp://192.0.2.10:443', 'shop']]);
  });

  it('puts the master daemon first, with the values that the kernel will report', () => {
    expect(desiredOf(EXAMPLE).daemons).toEqual([
      {
        role: 'master',
        interface: 'eth1',
        syncId: 7,
        maxLength: 1400,
        group: '239.1.1.1',
        port: 9000,
        ttl: 4,
      },
      {
        role: 'backup',
        interface: 'eth1',
        syncId: 0,
        maxLength: 0,
        group: '224.0.0.81',
        port: 8848,
        ttl: 1,
      },
    ]);
  });

  it("uses ipvsadm's defaults for settings that a file leaves out", () => {
    expect(
      destinations(
        'version: 1\nservices: [{ address: "tcp://192.0.2.1:80", destinations: [10.0.0.1] }]',
      ),
    ).toEqual([
      {
        key: '10.0.0.1:80',
        address: '10.0.0.1',
        port: 80,
        forward: 'route',
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
        tunnelType: 'ipip',
        tunnelPort: 0,
        tunnelChecksum: 'none',
      },
    ]);
  });

  it('leaves out the timeouts, daemons and limits that the file does not mention', () => {
    const desired = desiredOf('version: 1\nservices: []\n');
    expect(desired).toMatchObject({ timeouts: {}, limits: {}, daemons: undefined });
    expect(desired.services.size + desired.names.size).toBe(0);
    expect(desiredOf('version: 1\nservices: []\nsync_daemons: []\n').daemons).toEqual([]);
  });

  it('reads every spelling of a limit', () => {
    const limit = (text: string) =>
      desiredOf(`version: 1\nservices: []\nlimits: { max_service_deletes: ${text} }\n`).limits
        .maxServiceDeletes;
    expect(limit('5')).toEqual({ kind: 'count', value: 5 });
    expect(limit('0')).toEqual({ kind: 'count', value: 0 });
    expect(limit('100%')).toEqual({ kind: 'percent', value: 100 });
    expect(limit('"off"')).toEqual({ kind: 'off' });
  });
});

describe('the lookup of a setting', () => {
  const scheduling = (defaults: string, profile: string, own: string) => {
    const text = `version: 1\ndefaults: {${defaults}}\nprofiles: { p: {${profile}} }\nservices: [{ address: "udp://192.0.2.1:53", profile: p, destinations: [10.0.0.1]${own} }]\n`;
    const [entry] = desiredOf(text).services.values();
    return entry?.service;
  };

  it('asks the service, then its profile, then the defaults', () => {
    expect(scheduling('scheduler: rr', 'scheduler: wrr', ', scheduler: lc')?.scheduler).toBe('lc');
    expect(scheduling('scheduler: rr', 'scheduler: wrr', '')?.scheduler).toBe('wrr');
    expect(scheduling('scheduler: rr', '', '')?.scheduler).toBe('rr');
    expect(scheduling('', 'one_packet: true', '')?.onePacket).toBe(true);
    expect(scheduling('', 'one_packet: true', ', one_packet: false')?.onePacket).toBe(false);
  });

  it('drops the flags of a scheduler that a nearer mapping replaces', () => {
    expect(scheduling('scheduler: mh, scheduler_flags: [mh-port]', '', '')?.schedulerFlags).toBe(
      0x10,
    );
    expect(
      scheduling('scheduler: mh, scheduler_flags: [mh-port]', '', ', scheduler: rr')
        ?.schedulerFlags,
    ).toBe(0);
    expect(
      scheduling(
        'scheduler: mh, scheduler_flags: [mh-port]',
        'scheduler: sh, scheduler_flags: [sh-fallback]',
        '',
      )?.schedulerFlags,
    ).toBe(0x08);
    expect(
      scheduling('scheduler: mh, scheduler_flags: [mh-port]', '', ', scheduler_flags: []')
        ?.schedulerFlags,
    ).toBe(0);
    expect(
      scheduling('scheduler: mh', '', ', scheduler_flags: [mh-fallback]')?.schedulerFlags,
    ).toBe(0x08);
  });

  it('replaces persistence as a whole, and can switch it off', () => {
    const profile = 'persistence: { timeout: 10m, netmask: 24 }';
    expect(scheduling('', profile, ', persistence: 5m')).toMatchObject({
      persistenceTimeoutSeconds: 300,
      persistenceNetmask: 0xffff_ffff,
    });
    expect(scheduling('', profile, ', persistence: { enabled: false }')).toMatchObject({
      persistent: false,
      persistenceTimeoutSeconds: 0,
    });
    expect(scheduling('', profile, ', persistence: off')).toEqual(
      scheduling('', profile, ', persistence: { enabled: false }'),
    );
    expect(scheduling('persistence: 1h30m', '', '')).toMatchObject({
      persistent: true,
      persistenceTimeoutSeconds: 5400,
    });
    expect(scheduling('', 'persistence: {}', '')).toMatchObject({
      persistent: true,
      persistenceTimeoutSeconds: 360,
    });
  });

  it('gives destinations the defaults, and prefers keys beside a pool to those in it', () => {
    const text = (reference: string) =>
      `version: 1\ndefaults: { forward: tunnel, tunnel: { type: gre }, weight: 5 }\npools: { p: [10.0.0.1, { address: 10.0.0.2, weight: 7, tunnel: { type: gue, port: 1 } }] }\nservices: [{ address: fwmark:1, destinations: [${reference}] }]\n`;
    const brief = (reference: string) =>
      (
        destinations(text(reference)) as { forward: string; weight: number; tunnelType: string }[]
      ).map((item) => [item.forward, item.weight, item.tunnelType]);
    expect(brief('{ pool: p }')).toEqual([
      ['tunnel', 5, 'gre'],
      ['tunnel', 7, 'gue'],
    ]);
    expect(brief('{ pool: p, weight: 0 }')).toEqual([
      ['tunnel', 0, 'gre'],
      ['tunnel', 0, 'gue'],
    ]);
    expect(brief('{ pool: p, forward: masq }')).toEqual([
      ['masq', 5, 'ipip'],
      ['masq', 7, 'ipip'],
    ]);
    expect(brief('{ pool: p, tunnel: { type: ipip } }')).toEqual([
      ['tunnel', 5, 'ipip'],
      ['tunnel', 7, 'ipip'],
    ]);
  });

  it('takes the destinations of the profile when the service has none', () => {
    const text =
      'version: 1\nprofiles: { p: { destinations: [10.0.0.1] } }\nservices: [{ address: fwmark:1, profile: p }, { address: fwmark:2, profile: p, destinations: [10.0.0.2] }]\n';
    expect(destinations(text)).toMatchObject([{ key: '10.0.0.1:0' }, { key: '10.0.0.2:0' }]);
  });

  it('reports a problem of a shared value once', () => {
    const services = Array.from(
      { length: 5 },
      (_, index) => `{ address: fwmark:${index + 1}, profile: p }`,
    );
    const text = `version: 1\nprofiles: { p: { scheduler: foo, destinations: [10.0.0.1] } }\nservices: [${services.join(', ')}]\n`;
    expect(briefProblemsOf(text)).toHaveLength(1);
  });
});

describe('locate', () => {
  const lines = (file: string, text: string) => {
    const { services, locate } = desiredOf(text, file);
    return [...services].map(([key, { destinations: map }]) =>
      [locate(key), ...[...map.keys()].map((destination) => locate(key, destination))].map(
        (at) => at && `${at.line}:${at.column}`,
      ),
    );
  };

  it('finds services and destinations, and destinations of pools in the pool', () => {
    expect(lines('c.yaml', EXAMPLE)).toEqual([
      ['16:5', '14:8', '14:21', '21:9'],
      ['22:5', '26:9'],
    ]);
  });

  it('finds services and destinations in JSON', () => {
    const text =
      '{"version": 1,\n "pools": {"a\\u0062": ["10.0.0.1"]},\n "services": [\n  {"name": "x{[\\"", "address": "fwmark:1",\n   "destinations": ["10.0.0.2",\n {"pool": "ab"}]}]}';
    expect(lines('c.json', text)).toEqual([['4:3', '5:21', '2:24']]);
  });

  it('returns undefined for a service or destination that is not in the file', () => {
    const { locate, services } = desiredOf(EXAMPLE);
    const [key] = services.keys();
    expect(locate('fwmark:9' as never)).toBeUndefined();
    expect(locate('fwmark:9' as never, '10.0.0.1:80' as never)).toBeUndefined();
    expect(locate(key as never, '10.9.9.9:80' as never)).toBeUndefined();
  });

  it('finds the sections', () => {
    const { sections } = desiredOf(EXAMPLE);
    expect(Object.entries(sections ?? {}).map(([name, at]) => [name, at?.line])).toEqual([
      ['limits', 3],
      ['timeouts', 7],
      ['sync_daemons', 8],
    ]);
  });
});
