import { describe, expect, it } from 'vitest';
import { formatConfigJson } from '../../src/config/write/json.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { KERNEL_TIMEOUTS } from '../../src/model/settings.ts';
import type { Table } from '../../src/model/table.ts';
import { desiredOf } from '../support/config-problems.ts';

const EMPTY: Table = { services: new Map(), timeouts: KERNEL_TIMEOUTS, daemons: [] };

const YAML = `version: 1

timeouts: { tcp: 15m, tcp_fin: 2m, udp: 5m }

sync_daemons:
  - { role: master, interface: eth1, sync_id: 7 }
  - { role: backup, interface: "0", sync_id: 0, max_length: 1472, group: "ff02::81", port: 9000, ttl: 3 }

services:
  - name: "shop: the second"
    address: tcp://9.0.2.10:443
    scheduler: mh
    scheduler_flags: [mh-fallback, mh-port]
    persistence: { timeout: 10m, netmask: 24 }
    destinations:
      - { address: "10.1.0.11:443", forward: masq }
      - { address: "10.1.0.14:8443", forward: masq, weight: 0, upper_threshold: 2000, lower_threshold: 1500 }
      - { address: "192.0.2.7:443", forward: route, weight: 5 }
  - address: tcp://192.0.2.10:0
    scheduler: wlc
    persistence: 6m
    destinations: []
  - address: "udp://[2001:db8::1]:5060"
    scheduler: rr
    one_packet: true
    persistence: { enabled: false, netmask: 64, engine: sip }
    destinations:
      - { address: "[2001:db8::2]:5060", forward: tunnel }
      - { address: "[2001:db8::3]:5060", forward: tunnel, tunnel: { type: gue, port: 6080, checksum: csum } }
  - address: fwmark:4294967295
    family: ipv6
    scheduler: wlc
    destinations:
      - { address: "[2001:db8::2]:0", forward: tunnel, tunnel: { type: gre } }
`;

describe('the plain export as YAML', () => {
  it('is sorted, and has the forwarding method and the settings that are not defaults', () => {
    const { services, timeouts, daemons, names } = desiredOf(YAML);
    const shuffled = new Map(
      [...services]
        .reverse()
        .map(([key, entry]) => [
          key,
          { ...entry, destinations: new Map([...entry.destinations].reverse()) },
        ]),
    );
    expect(
      formatConfig(
        { services: shuffled, timeouts: timeouts as Table['timeouts'], daemons },
        { names, isPlain: true },
      ),
    ).toBe(YAML);
  });

  it('of an empty table has empty lists', () => {
    expect(formatConfig(EMPTY)).toBe(
      'version: 1\n\ntimeouts: { tcp: 15m, tcp_fin: 2m, udp: 5m }\n\nsync_daemons: []\n\nservices: []\n',
    );
  });

  it('leaves out the parts that it is not given', () => {
    expect(formatConfig({ services: new Map(), timeouts: { udp: 90 } }, { schema: 'x.json' })).toBe(
      '# yaml-language-server: $schema=x.json\nversion: 1\n\ntimeouts: { udp: 1m30s }\n\nservices: []\n',
    );
  });

  it('warns in a comment of each entry that no file can express', () => {
    const text = formatConfig(
      { ...EMPTY, timeouts: { tcp: 3_000_000, tcpFin: 120, udp: 300 } },
      {
        unmanageable: [
          {
            service: 'tcp://192.0.2.1:80',
            destination: '10.0.0.1:80',
            reason: 'forwarding method 5',
          },
          { service: 'protocol 1\nservices: [x]', destination: undefined, reason: 'protocol 1' },
        ],
      },
    );
    expect(text.match(/^# warning.*$/gm)).toEqual([
      '# warning: not exported: tcp://192.0.2.1:80 -> 10.0.0.1:80: forwarding method 5',
      '# warning: not exported: protocol 1\\u000aservices: [x]: protocol 1',
      '# warning: not exported: timeout tcp of 3000000 seconds',
    ]);
    expect(desiredOf(text).timeouts).toEqual({ tcpFin: 120, udp: 300 });
  });
});

describe('the export as JSON', () => {
  it('has the same configuration as YAML', () => {
    const { services, timeouts, daemons, names } = desiredOf(YAML);
    const table = { services, timeouts, daemons };
    const json = formatConfigJson(table, { names });
    const again = desiredOf(json, 'c.json');
    expect(again.services).toEqual(services);
    expect(again.timeouts).toEqual(timeouts);
    expect(again.daemons).toEqual(daemons);
    expect(again.names).toEqual(names);
    expect(JSON.parse(json).services[0]).toEqual({
      name: 'shop: the second',
      address: 'tcp://9.0.2.10:443',
      scheduler: 'mh',
      scheduler_flags: ['mh-fallback', 'mh-port'],
      persistence: { timeout: 600, netmask: 24 },
      destinations: [
        { address: '10.1.0.11:443', forward: 'masq', weight: 1 },
        {
          address: '10.1.0.14:8443',
          forward: 'masq',
          weight: 0,
          upper_threshold: 2000,
          lower_threshold: 1500,
        },
        { address: '192.0.2.7:443', forward: 'route', weight: 5 },
      ],
    });
  });

  it('leaves out the parts that it is not given', () => {
    expect(JSON.parse(formatConfigJson({ services: new Map() }))).toEqual({
      version: 1,
      services: [],
    });
  });
});

/** Text of ten services with four destinations each, which share most of their values. */
function tenServices(): string {
  const services = Array.from({ length: 10 }, (_, service) => {
    const destinations = Array.from({ length: 4 }, (__, index) => {
      const weight = service === 3 && index === 2 ? ', weight: 5' : ', weight: 2';
      const port = service === 7 ? 8443 : 443;
      return `{ address: "10.${Math.min(service, 8)}.0.${index + 1}:${port}", forward: masq${weight} }`;
    });
    return `  - { address: "tcp://192.0.2.${service}:443", scheduler: mh, persistence: 10m, destinations: [${destinations}] }\n`;
  });
  return `version: 1\nservices:\n${services.join('')}`;
}

describe('the export as YAML', () => {
  it('has what most entries share once, plain addresses, and pools', () => {
    const text = formatConfig(desiredOf(tenServices()));
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(32);
    expect(text).toContain(
      'defaults: { scheduler: mh, persistence: 10m, forward: masq, weight: 2 }\n\n' +
        'pools:\n  pool-1: [10.8.0.1, 10.8.0.2, 10.8.0.3, 10.8.0.4]\n\nservices:\n',
    );
    expect(text).toContain(`  - address: tcp://192.0.2.3:443
    destinations:
      - 10.3.0.1
      - 10.3.0.2
      - { address: 10.3.0.3, weight: 5 }
      - 10.3.0.4
`);
    expect(text).toContain('destinations: ["10.7.0.1:8443", "10.7.0.2:8443"');
    expect(text).toContain(
      '  - address: tcp://192.0.2.9:443\n    destinations: [{ pool: pool-1 }]\n',
    );
  });

  it('writes an entry that differs from the defaults as it is', () => {
    const text = formatConfig(
      desiredOf(`version: 1
services:
  - { address: "tcp://192.0.2.1:80", scheduler: sh, scheduler_flags: [sh-port], persistence: 5m, destinations: [{ address: 10.0.0.1, weight: 7 }] }
  - { address: "tcp://192.0.2.2:80", scheduler: sh, scheduler_flags: [sh-port], persistence: 5m, destinations: [{ address: 10.0.0.2, weight: 7 }] }
  - { address: "tcp://192.0.2.3:80", scheduler: sh, scheduler_flags: [sh-port], persistence: 5m, destinations: [{ address: 10.0.0.3, weight: 7 }] }
  - { address: "tcp://192.0.2.4:80", scheduler: sh, persistence: 5m, destinations: [{ address: 10.0.0.4, weight: 7 }] }
  - { address: "tcp://192.0.2.5:80", scheduler: sh, scheduler_flags: [sh-port], destinations: [{ address: 10.0.0.5 }] }
`),
    );
    expect(text).toContain(
      'defaults: { scheduler: sh, scheduler_flags: [sh-port], persistence: 5m, forward: route, weight: 7 }\n',
    );
    expect(text).toContain('192.0.2.4:80\n    scheduler: sh\n    destinations: [10.0.0.4]\n');
    expect(text).toContain(
      '192.0.2.5:80\n    persistence: off\n    destinations: [{ address: 10.0.0.5, weight: 1 }]\n',
    );
  });

  it('has no defaults and no pools where they make nothing shorter', () => {
    const text = formatConfig(
      desiredOf(
        'version: 1\nservices: [{ address: "tcp://192.0.2.1:80", destinations: [10.0.0.1] }]\n',
      ),
    );
    expect(text).toBe(`version: 1

services:
  - address: tcp://192.0.2.1:80
    scheduler: wlc
    destinations: [{ address: 10.0.0.1, forward: route }]
`);
  });
});
