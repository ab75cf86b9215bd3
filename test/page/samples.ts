import type { ApiServices, ApiStatus, DestinationDetails } from '../../src/daemon/api/documents.ts';
import type { HistoryDocument, ServiceDetail } from '../../src/daemon/page/documents.ts';
import { statusOf } from '../daemon/statuses.ts';

/** Documents as the daemon sends them, for the page. They are the same each time. */

const AT = '2026-05-04T12:30:00.000Z';

/** Numbers between 0 and 1 that look random and are the same each time. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

const NO_TOTALS = {
  connections: '0',
  in_packets: '0',
  out_packets: '0',
  in_bytes: '0',
  out_bytes: '0',
};

const POINTS = 90;

function walk(next: () => number, level: number): number[] {
  let value = level;
  return Array.from({ length: POINTS }, () => {
    value = Math.max(0, value + (level - value) * 0.1 + (next() - 0.5) * level * 0.25);
    return Math.round(value);
  });
}

interface ServiceOptions {
  readonly service: string;
  readonly name?: string | null;
  readonly destinations?: number;
  readonly level?: number;
  readonly rest?: Partial<ServiceDetail>;
  readonly change?: (row: DestinationDetails, index: number) => Partial<DestinationDetails>;
}

/** A service with traffic. `level` is its connections per second. */
export function serviceOf(options: ServiceOptions): ServiceDetail {
  const { service, name = null, destinations = 3, level = 120, rest = {}, change } = options;
  const next = numbers([...service].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7) >>> 0);
  const rows = Array.from({ length: destinations }, (_, index): DestinationDetails => {
    const own = level / Math.max(1, destinations);
    const row: DestinationDetails = {
      destination: `10.1.${Math.floor(index / 250)}.${(index % 250) + 11}:8443`,
      forward: 'masq',
      weight: { live: 100, desired: 100 },
      connections: {
        active: Math.round(own * (4 + next())),
        inactive: Math.round(own * (9 + next() * 3)),
        persistent: 0,
      },
      rates: {
        connections: Math.round(own * (0.8 + next() * 0.4)),
        in_packets: Math.round(own * 40),
        out_packets: Math.round(own * 52),
        in_bytes: Math.round(own * 9000 * (0.8 + next() * 0.4)),
        out_bytes: Math.round(own * 61000 * (0.8 + next() * 0.4)),
      },
      totals: NO_TOTALS,
      live: true,
      share: 0,
      notes: [],
      drain: null,
      override: null,
      contested: false,
      state: 'ok',
    };
    return { ...row, ...change?.(row, index) };
  });
  const sum = (value: (row: DestinationDetails) => number): number =>
    rows.reduce((total, row) => total + value(row), 0);
  const connections = sum(({ rates }) => rates.connections);
  return {
    service,
    name,
    scheduler: 'wlc',
    persistence: null,
    state: 'ok',
    notes: [],
    live: true,
    totals: NO_TOTALS,
    source: { file: '/etc/ipvstate/conf.d/web.yaml', line: 12 },
    destinations,
    usable: rows.filter(({ weight }) => weight.live !== null && weight.live > 0).length,
    connections: {
      active: sum((row) => row.connections.active),
      inactive: sum((row) => row.connections.inactive),
      persistent: 0,
    },
    rates: {
      connections,
      in_packets: sum(({ rates }) => rates.in_packets),
      out_packets: sum(({ rates }) => rates.out_packets),
      in_bytes: sum(({ rates }) => rates.in_bytes),
      out_bytes: sum(({ rates }) => rates.out_bytes),
    },
    plot: {
      interval_seconds: 10,
      connections: walk(next, level),
      bytes: walk(next, level * 70000),
    },
    destinations_list: rows.map((row) => ({
      ...row,
      share: row.rates.connections / Math.max(1, connections),
    })),
    ...rest,
  };
}

/** The services of a small site. */
export const SITE: readonly ServiceDetail[] = [
  serviceOf({ service: 'tcp://192.0.2.10:443', name: 'shop', destinations: 6, level: 840 }),
  serviceOf({ service: 'tcp://192.0.2.10:80', name: 'shop-redirect', destinations: 6, level: 90 }),
  serviceOf({
    service: 'tcp://192.0.2.11:443',
    name: 'accounts',
    destinations: 4,
    level: 310,
    rest: { persistence: '10m per /24', scheduler: 'mh' },
  }),
  serviceOf({ service: 'tcp://192.0.2.12:443', name: 'images', destinations: 12, level: 2600 }),
  serviceOf({ service: 'tcp://192.0.2.20:5432', name: 'orders-db', destinations: 2, level: 14 }),
  serviceOf({ service: 'udp://192.0.2.53:53', name: 'dns', destinations: 3, level: 1900 }),
  serviceOf({ service: 'udp://[2001:db8::53]:53', name: 'dns6', destinations: 3, level: 700 }),
  serviceOf({ service: 'tcp://[2001:db8::10]:443', name: 'shop6', destinations: 6, level: 260 }),
  serviceOf({ service: 'sctp://192.0.2.60:3868', name: 'diameter', destinations: 2, level: 6 }),
  serviceOf({ service: 'fwmark:100', name: 'media', destinations: 8, level: 480 }),
  serviceOf({ service: 'tcp://192.0.2.30:25', name: 'mail-in', destinations: 3, level: 22 }),
  serviceOf({ service: 'tcp://192.0.2.31:993', name: 'imap', destinations: 3, level: 11 }),
];

/** `count` services of `destinations` destinations each. */
export function manyServices(count: number, destinations: number): ServiceDetail[] {
  return Array.from({ length: count }, (_, index) =>
    serviceOf({
      service: `tcp://10.${Math.floor(index / 250)}.0.${(index % 250) + 1}:443`,
      name: `tenant-${String(index + 1).padStart(4, '0')}`,
      destinations,
      level: 20 + ((index * 37) % 900),
    }),
  );
}

/** The status document, with some fields replaced. */
export function statusDocumentOf(
  status: Parameters<typeof statusOf>[0] = {},
  rest: Partial<ApiStatus> = {},
): ApiStatus {
  return {
    format: 'ipvstate-api-status',
    version: 1,
    at: AT,
    host: 'lb-1.example.net',
    status: statusOf({
      program: { version: '0.1.0', pid: 4711, started: '2026-05-04T06:00:00.000Z' },
      health_since: '2026-05-04T09:17:42.000Z',
      files: [
        {
          path: '/etc/ipvstate/conf.d/web.yaml',
          sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          problem: null,
        },
        {
          path: '/etc/ipvstate/conf.d/dns.yaml',
          sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          problem: null,
        },
      ],
      ...status,
    }),
    help: [],
    waiting_plan: null,
    error_excerpt: null,
    try: null,
    doctor: [],
    problems: [],
    ...rest,
  };
}

export const HISTORY: HistoryDocument = {
  runs: [
    ['watch', 'drift', '2026-05-04T12:11:04.000Z', 'applied', null, 2],
    ['watch', 'config', '2026-05-04T09:17:41.000Z', 'applied', null, 7],
    ['drain', 'command', '2026-05-04T09:02:13.000Z', 'applied', 'alice', 1],
    ['apply', 'command', '2026-05-03T17:45:00.000Z', 'rolled-back', 'bob', 4],
  ].map(([verb, trigger, begun, outcome, user, changes], index) => ({
    id: `run-${index}`,
    verb: String(verb),
    trigger: String(trigger),
    begun: String(begun),
    outcome: String(outcome),
    exit_code: 0,
    caller: { user: user === null ? 'root' : String(user) },
    by: null,
    planned: { changes: Number(changes), operations: Number(changes) },
    done: Number(changes),
  })),
};

/** The document of services. */
export function servicesDocumentOf<T extends object>(
  services: readonly ServiceDetail[],
  rest?: T,
): Omit<ApiServices, 'services'> & { readonly services: readonly ServiceDetail[] } & T {
  return {
    format: 'ipvstate-api-services',
    version: 1,
    at: AT,
    ...{ stale: false, reason: null, interval_seconds: 2 },
    services,
    ...(rest as T),
  };
}
