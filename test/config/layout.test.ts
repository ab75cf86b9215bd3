import { expect, it } from 'vitest';
import { type Layout, NO_LAYOUT, type ServiceLayout } from '../../src/config/layout.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import type { DestinationKey } from '../../src/model/destination.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import { desiredOf } from '../support/config-problems.ts';

const servers = '{ address: 10.1.0.12, weight: 5 }, 10.1.0.11';

const SHOP = `version: 1
defaults: { scheduler: wrr, forward: masq }
services:
  - { name: shop, address: tcp://192.0.2.10:443, destinations: [${servers}] }
  - { address: tcp://192.0.2.10:80, destinations: [${servers}] }
  - { address: tcp://192.0.2.3:25, destinations: [10.1.0.25] }
  - { name: dns, address: udp://192.0.2.53:53, destinations: [10.1.0.53, "10.1.0.54:5353"] }
`;

function layoutOf(services: Readonly<Record<string, Partial<ServiceLayout>>>): Layout {
  const nothing = { above: [], below: [], destinations: new Map() };
  return {
    head: ['the load balancer of the shop', '', 'ask ops'],
    tail: ['virtual services of the old shop'],
    services: new Map(
      Object.entries(services).map(([key, own]) => [key as ServiceKey, { ...nothing, ...own }]),
    ),
  };
}

const beside = (address: string, text: string, above: readonly string[] = []) =>
  new Map([[address as DestinationKey, { above, beside: text }]]);

it('keeps the order, the comments and the names of the source', () => {
  const { services, names } = desiredOf(SHOP);
  const layout = layoutOf({
    'tcp://192.0.2.10:443': { above: ['HTTPS'], pool: 'web', below: ['10.1.0.13: broken disk'] },
    'tcp://192.0.2.10:80': {
      below: ['10.1.0.13: broken disk'],
      destinations: new Map(),
    },
    'tcp://192.0.2.3:25': { beside: 'mail' },
    'udp://192.0.2.53:53': {
      destinations: beside('10.1.0.54:5353', 'unbound', ['the new one']),
    },
  });
  expect(formatConfig({ services }, { names, layout })).toBe(`# the load balancer of the shop
#
# ask ops
version: 1

defaults: { scheduler: wrr, forward: masq }

pools:
  web:
    - { address: 10.1.0.12, weight: 5 }
    - 10.1.0.11
    # 10.1.0.13: broken disk

services:
  # HTTPS
  - { name: shop, address: tcp://192.0.2.10:443, destinations: [{ pool: web }] }

  - { address: tcp://192.0.2.10:80, destinations: [{ pool: web }] }
  - { address: tcp://192.0.2.3:25, destinations: [10.1.0.25] } # mail

  - name: dns
    address: udp://192.0.2.53:53
    destinations:
      - 10.1.0.53
      # the new one
      - "10.1.0.54:5353" # unbound

# virtual services of the old shop
`);
});

it('keeps lists apart whose comments differ, and gives a long comment a line of its own', () => {
  const { services } = desiredOf(SHOP);
  const layout = layoutOf({
    'tcp://192.0.2.10:443': { below: ['one'] },
    'tcp://192.0.2.10:80': { below: ['two'] },
    'tcp://192.0.2.3:25': { beside: `mail ${'x'.repeat(60)}` },
  });
  const text = formatConfig({ services }, { layout });
  expect(text).not.toContain('pools:');
  expect(text).toContain(
    `  # mail ${'x'.repeat(60)}\n  - { address: tcp://192.0.2.3:25, destinations: [10.1.0.25] }\n`,
  );
});

it('writes ten services of a save file in twenty lines or less', () => {
  const web = (ip: number, port: number): string =>
    `-A -t 203.0.113.${ip}:${port} -s wlc -p 300\n${[11, 12, 13]
      .map((server) => `-a -t 203.0.113.${ip}:${port} -r 10.0.0.${server}:${port} -m -w 10\n`)
      .join('')}`;
  const mail = (port: number): string =>
    `-A -t 203.0.113.9:${port} -s wlc -p 300\n${[21, 22]
      .map((server) => `-a -t 203.0.113.9:${port} -r 10.0.0.${server}:${port} -m -w 10\n`)
      .join('')}`;
  const save = [1, 2, 3, 4].flatMap((ip) => [web(ip, 80), web(ip, 443)]).join('');
  const { desired } = parseScript(`${save}${mail(25)}${mail(993)}`, 'a');
  const text = formatConfig({ services: desired?.services ?? new Map() }, { layout: NO_LAYOUT });
  expect(desired?.services.size).toBe(10);
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
  expect(text).toContain(`defaults: { scheduler: wlc, persistence: 5m, forward: masq, weight: 10 }

pools:
  pool-1: [10.0.0.11, 10.0.0.12, 10.0.0.13]
  pool-2: [10.0.0.21, 10.0.0.22]

services:
  - { address: tcp://203.0.113.1:80, destinations: [{ pool: pool-1 }] }
`);
});
