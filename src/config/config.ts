import {
  DESTINATION_ATTRIBUTES,
  type DestinationNumbers,
  type Forward,
  type TunnelChecksum,
  type TunnelType,
} from '../model/destination.ts';
import type { DestinationHealth, DnsType } from '../model/health.ts';
import type { Protocol } from '../model/service.ts';
import { DAEMON_ATTRIBUTES, type DaemonRole, TIMEOUT_ATTRIBUTES } from '../model/settings.ts';

/**
 * A configuration that meets schemas/config.schema.json, which describes the keys. No default is
 * filled in.
 */
export interface Config {
  readonly version: 1;
  readonly manage?: ManageMapping;
  readonly limits?: {
    readonly max_service_deletes?: number | string;
    readonly max_destination_deletes?: number | string;
  };
  readonly defaults?: Defaults;
  readonly timeouts?: {
    readonly nodes?: NodePatterns;
    readonly tcp?: DurationText;
    readonly tcp_fin?: DurationText;
    readonly udp?: DurationText;
  };
  readonly sync_daemons?: readonly SyncDaemon[];
  readonly sysctls?: SysctlsMapping;
  readonly profiles?: Readonly<Record<string, Profile>>;
  readonly pools?: Readonly<Record<string, readonly (string | DestinationMapping)[]>>;
  readonly services: readonly ServiceMapping[];
}

/** The nodes that something is for. Absent: all. */
export type NodePatterns = readonly string[];

/** Seconds, or text that `parseDuration` reads. */
export type DurationText = number | string;

interface ManageMapping {
  readonly include?: readonly SelectorMapping[];
  readonly exclude?: readonly SelectorMapping[];
}

export interface SelectorMapping {
  readonly cidr?: string;
  readonly protocol?: Protocol;
  /** A number, or a range such as `8000-8999`. */
  readonly port?: number | string;
  readonly fwmark?: number | string;
  readonly service?: string;
}

interface SysctlsMapping {
  readonly nodes?: NodePatterns;
  readonly mode?: 'enforce' | 'check';
  readonly values: Readonly<Record<string, number | boolean | string>>;
}

export type PreserveField = 'weight' | 'thresholds';

export interface PersistenceMapping {
  readonly timeout?: DurationText;
  readonly netmask?: number | string;
  readonly engine?: string;
  readonly enabled?: boolean;
}

/** A duration, or `off`. */
type DrainText = DurationText | { readonly timeout: DurationText; readonly linger?: DurationText };

export interface HttpCheckMapping {
  readonly path?: string;
  readonly host?: string;
  /** A number, or a range such as `200-299`. */
  readonly status?: number | string;
  readonly body?: string;
  readonly tls?: boolean;
  readonly sni?: string;
  readonly ca?: string;
}

/** The checks of a destination, and how often and how long they are made. */
export interface ChecksMapping {
  readonly tcp?: Readonly<Record<string, never>>;
  readonly http?: HttpCheckMapping;
  readonly udp?: { readonly send: string; readonly expect: string };
  readonly dns?: { readonly name: string; readonly type?: DnsType };
  readonly command?: { readonly argv: readonly string[] };
  readonly port?: number;
  readonly from?: string;
  readonly interval?: DurationText;
  /** A percentage, or `off`. */
  readonly jitter?: string;
  readonly timeout?: DurationText;
  readonly rise?: number;
  readonly fall?: number;
  /** A duration, or `off`. */
  readonly slow_start?: DurationText;
  readonly initial?: 'healthy' | 'unhealthy';
  readonly on_failure?: DestinationHealth['onFailure'];
}

export interface HealthMapping extends ChecksMapping {
  readonly max_unhealthy?: number | string;
  readonly fallback?: readonly (string | DestinationMapping)[];
}

export interface SchedulingMapping {
  readonly scheduler?: string;
  readonly scheduler_flags?: readonly string[];
  readonly persistence?: DurationText | PersistenceMapping;
  readonly drain?: DrainText;
  /** Checks, or `off`. */
  readonly health?: HealthMapping | string;
  readonly preserve?: readonly PreserveField[];
}

interface TunnelMapping {
  readonly type?: TunnelType;
  readonly port?: number;
  readonly checksum?: TunnelChecksum;
}

export interface DestinationKeys extends Readonly<Partial<DestinationNumberKeys>> {
  readonly forward?: Forward;
  readonly tunnel?: TunnelMapping;
  readonly preserve?: readonly PreserveField[];
  /** Checks, or `off`. */
  readonly health?: ChecksMapping | string;
}

/**
 * The numbers of a destination by their keys in the file: `upper_threshold` for `upperThreshold`.
 */
type DestinationNumberKeys = { [Key in keyof DestinationNumbers as SnakeCase<Key>]: number };

type SnakeCase<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

interface Defaults extends SchedulingMapping, Omit<DestinationKeys, 'health'> {}

export interface DestinationMapping extends DestinationKeys {
  readonly address: string;
  readonly nodes?: NodePatterns;
}

export interface PoolReference extends DestinationKeys {
  readonly pool: string;
  readonly nodes?: NodePatterns;
}

export type DestinationItem = string | DestinationMapping | PoolReference;

export interface Profile extends SchedulingMapping {
  readonly one_packet?: boolean;
  readonly protect?: boolean;
  readonly destinations?: readonly DestinationItem[];
}

export interface ServiceMapping extends Profile {
  readonly name?: string;
  readonly address: string;
  readonly family?: 'ipv4' | 'ipv6';
  readonly nodes?: NodePatterns;
  readonly profile?: string;
}

export interface SyncDaemon {
  readonly role: DaemonRole;
  readonly interface: string;
  readonly sync_id?: number;
  readonly max_length?: number;
  readonly group?: string;
  readonly port?: number;
  readonly ttl?: number;
  readonly nodes?: NodePatterns;
}

const DESTINATION = [
  ...new Set(DESTINATION_ATTRIBUTES.map(({ block, name }) => block || name)),
  'preserve',
  'health',
];
const SCHEDULING = ['scheduler', 'scheduler_flags', 'persistence', 'drain'];
const CHECKS = [
  ...['tcp', 'http', 'udp', 'dns', 'command', 'port', 'from', 'interval', 'jitter'],
  ...['timeout', 'rise', 'fall', 'slow_start', 'initial', 'on_failure'],
];
const PROFILE = [...SCHEDULING, 'health', 'one_packet', 'destinations', 'preserve', 'protect'];

function keysOfBlock(name: string): string[] {
  return DESTINATION_ATTRIBUTES.filter(({ block }) => block === name).map((row) => row.keyInBlock);
}

/**
 * Each kind of mapping: its name in messages, and its keys. A test compares these with the schema.
 */
export const MAPPINGS = {
  root: {
    name: 'the file',
    keys: [
      'version',
      'manage',
      'limits',
      'defaults',
      'timeouts',
      'sync_daemons',
      'sysctls',
      'profiles',
      'pools',
      'services',
    ],
  },
  manage: { name: '"manage"', keys: ['include', 'exclude'] },
  selector: { name: 'a selector', keys: ['cidr', 'protocol', 'port', 'fwmark', 'service'] },
  limits: { name: '"limits"', keys: ['max_service_deletes', 'max_destination_deletes'] },
  defaults: { name: '"defaults"', keys: [...SCHEDULING, ...DESTINATION] },
  timeouts: { name: '"timeouts"', keys: ['nodes', ...TIMEOUT_ATTRIBUTES.map(({ name }) => name)] },
  syncDaemon: {
    name: 'a sync daemon',
    keys: ['role', ...DAEMON_ATTRIBUTES.map(({ name }) => name), 'nodes'],
  },
  sysctls: { name: '"sysctls"', keys: ['nodes', 'mode', 'values'] },
  profile: { name: 'a profile', keys: PROFILE },
  service: {
    name: 'a service',
    keys: ['name', 'address', 'family', 'nodes', 'profile', ...PROFILE],
  },
  destination: { name: 'a destination', keys: ['address', ...DESTINATION, 'nodes'] },
  poolReference: { name: 'a reference to a pool', keys: ['pool', ...DESTINATION, 'nodes'] },
  tunnel: { name: '"tunnel"', keys: keysOfBlock('tunnel') },
  persistence: { name: '"persistence"', keys: ['timeout', 'netmask', 'engine', 'enabled'] },
  drain: { name: '"drain"', keys: ['timeout', 'linger'] },
  health: { name: '"health"', keys: [...CHECKS, 'max_unhealthy', 'fallback'] },
  destinationHealth: { name: 'the "health" of a destination', keys: CHECKS },
  tcpCheck: { name: 'a check of TCP', keys: [] },
  httpCheck: {
    name: 'a check of HTTP',
    keys: ['path', 'host', 'status', 'body', 'tls', 'sni', 'ca'],
  },
  udpCheck: { name: 'a check of UDP', keys: ['send', 'expect'] },
  dnsCheck: { name: 'a check of DNS', keys: ['name', 'type'] },
  commandCheck: { name: 'a command', keys: ['argv'] },
} as const satisfies Record<string, { readonly name: string; readonly keys: readonly string[] }>;

export type MappingKind = keyof typeof MAPPINGS;
