import { type Address, parseAddress } from './address.ts';
import { attributeRows, defaultsOf } from './attributes.ts';

/**
 * The connection timeouts of a network namespace, in seconds (uapi: IPVS_CMD_ATTR_TIMEOUT_*). As an
 * argument, 0 keeps the live value.
 */
export interface Timeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

/**
 * The longest timeout that every kernel accepts: 2^31 - 1 ticks at HZ=1000, nearly 25 days (kernel:
 * ip_vs_ctl.c ip_vs_set_timeout).
 */
export const MAX_TIMEOUT_SECONDS = 2_147_483;

const TIMEOUT = {
  unit: 'seconds',
  range: { min: 1, max: MAX_TIMEOUT_SECONDS },
  omitsDefault: 'nowhere',
} as const;

/** The timeouts. The defaults are those of a fresh network namespace. */
export const TIMEOUT_ATTRIBUTES = attributeRows<Timeouts, Timeouts>({
  tcp: { name: 'tcp', default: 900, ...TIMEOUT },
  tcpFin: { name: 'tcp_fin', default: 120, ...TIMEOUT },
  udp: { name: 'udp', default: 300, ...TIMEOUT },
});

export const KERNEL_TIMEOUTS: Timeouts = defaultsOf(TIMEOUT_ATTRIBUTES);

export function sameTimeouts(a: Timeouts, b: Timeouts): boolean {
  return a.tcp === b.tcp && a.tcpFin === b.tcpFin && a.udp === b.udp;
}

/** Returns timeouts whose values are computed one by one. */
export function mapTimeouts(secondsOf: (name: keyof Timeouts) => number): Timeouts {
  return Object.fromEntries(
    TIMEOUT_ATTRIBUTES.map(({ key }) => [key, secondsOf(key)]),
  ) as unknown as Timeouts;
}

export type DaemonRole = 'master' | 'backup';

/**
 * A connection synchronisation daemon. At most one of each role runs. The kernel cannot edit one: a
 * change stops and starts it.
 */
export interface Daemon {
  readonly role: DaemonRole;
  /** The multicast interface, 1..15 bytes. */
  readonly interface: string;
  /** 0..255. */
  readonly syncId: number;
  /**
   * The largest message in bytes. 0 lets the kernel choose by the MTU of the interface; a read
   * never returns 0.
   */
  readonly maxLength: number;
  /**
   * The multicast group. undefined asks for 224.0.0.81, the kernel's default; a read never returns
   * undefined.
   */
  readonly group: Address | undefined;
  /** The UDP base port. 0 asks for 8848, the kernel's default. */
  readonly port: number;
  /** The time to live. 0 asks for 1, the kernel's default. */
  readonly ttl: number;
}

/** A daemon in a table. */
export interface RunningDaemon extends Daemon {
  /**
   * True when its interface is gone. It reaches no other director, also when another interface gets
   * the same name, until it is started again.
   */
  readonly isStranded?: true;
}

export const DAEMON_ROLES: readonly DaemonRole[] = ['master', 'backup'];
export const INTERFACE_NAME_LENGTH = 15;
export const MAX_SYNC_ID = 255;
/** 65535 less the IPv4 and UDP headers (ipvsadm's limit). */
export const MAX_SYNC_LENGTH = 65_507;

/**
 * The attributes of a sync daemon. The defaults are what the kernel fills in (kernel: ip_vs_sync.c
 * start_sync_thread).
 */
export const DAEMON_ATTRIBUTES = attributeRows<Daemon, Omit<Daemon, 'role'>>({
  interface: {
    name: 'interface',
    option: 'mcast-interface',
    default: '',
    omitsDefault: 'nowhere',
  },
  syncId: {
    name: 'sync_id',
    option: 'syncid',
    default: 0,
    range: { min: 0, max: MAX_SYNC_ID },
    omitsDefault: 'nowhere',
  },
  maxLength: {
    name: 'max_length',
    option: 'sync-maxlen',
    default: 0,
    none: 0,
    range: { min: 1, max: MAX_SYNC_LENGTH },
  },
  group: {
    name: 'group',
    option: 'mcast-group',
    default: parseAddress('224.0.0.81'),
    none: undefined,
    omitsDefault: 'in YAML',
  },
  port: {
    name: 'port',
    option: 'mcast-port',
    default: 8848,
    none: 0,
    range: { min: 1, max: 65_535 },
    omitsDefault: 'in YAML',
  },
  ttl: {
    name: 'ttl',
    option: 'mcast-ttl',
    default: 1,
    none: 0,
    range: { min: 1, max: 255 },
    omitsDefault: 'in YAML',
  },
});

export function sameDaemon(a: Daemon, b: Daemon): boolean {
  return (
    a.role === b.role &&
    a.interface === b.interface &&
    a.syncId === b.syncId &&
    a.maxLength === b.maxLength &&
    a.group === b.group &&
    a.port === b.port &&
    a.ttl === b.ttl
  );
}
