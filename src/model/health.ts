import type { Address } from './address.ts';
import type { Limit } from './desired.ts';
import type { DestinationKey } from './destination.ts';
import type { DrainKey } from './drain.ts';
import type { Range } from './policy.ts';

/** A connection is accepted. */
export interface TcpCheck {
  readonly kind: 'tcp';
}

/** A request is answered with one of some status codes. */
export interface HttpCheck {
  readonly kind: 'http';
  readonly path: string;
  /** The `Host` of the request. undefined: the address of the destination. */
  readonly host: string | undefined;
  /** The good status codes. */
  readonly status: Range;
  /** A text that the answer must contain. */
  readonly body: string | undefined;
  readonly tls: boolean;
  /** The name that the certificate is asked for and must be for. undefined: `host`, or none. */
  readonly sni: string | undefined;
  /** The path of the certificates that sign that of the server. undefined: any one is good. */
  readonly ca: string | undefined;
}

/** A datagram is answered by one with a text. Each character is one byte. */
export interface UdpCheck {
  readonly kind: 'udp';
  readonly send: string;
  readonly expect: string;
}

/** The types of records that a check can ask for, with their numbers. */
export const DNS_TYPES = {
  ...{ A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 },
} as const;

export type DnsType = keyof typeof DNS_TYPES;

/** A query is answered without an error. */
export interface DnsCheck {
  readonly kind: 'dns';
  readonly name: string;
  readonly type: DnsType;
}

/** A program ends with exit code 0. */
export interface CommandCheck {
  readonly kind: 'command';
  /** The absolute path of the program, and its arguments. */
  readonly argv: readonly string[];
}

export type HealthCheck = TcpCheck | HttpCheck | UdpCheck | DnsCheck | CommandCheck;

/**
 * The effect on an unhealthy destination: weight 0, so that it keeps its connections, or none in
 * the table, so that it loses them.
 */
export const ON_FAILURE = ['weight', 'remove'] as const;

type OnFailure = (typeof ON_FAILURE)[number];

/** How one destination is checked. */
export interface DestinationHealth {
  /** All of them must hold. */
  readonly checks: readonly HealthCheck[];
  /** undefined: the port of the destination. */
  readonly port: number | undefined;
  /** The source address of the checks. undefined: the kernel chooses one. */
  readonly from: Address | undefined;
  readonly intervalSeconds: number;
  /** Each interval is longer or shorter by up to this share of it, by chance. */
  readonly jitter: number;
  readonly timeoutSeconds: number;
  /** So many good answers in a row make it healthy. */
  readonly rise: number;
  /** So many bad answers in a row make it unhealthy. */
  readonly fall: number;
  /** The state before the first answers. */
  readonly initial: 'healthy' | 'unhealthy';
  readonly onFailure: OnFailure;
  /** After a recovery, the weight rises from 1 in so many seconds. 0: at once. */
  readonly slowStartSeconds: number;
}

/** How the destinations of one service are checked. */
export interface ServiceHealth {
  /** The most destinations that health alone takes out. undefined: the default. */
  readonly maxUnhealthy: Limit | undefined;
  /** Destinations that take traffic only when no other one is usable, with their weights. */
  readonly fallback: ReadonlyMap<DestinationKey, number>;
  /** Only the destinations that are checked. */
  readonly destinations: ReadonlyMap<DestinationKey, DestinationHealth>;
}

/** The health of one destination, as plans need it. Times are on the monotonic clock. */
export interface HealthState {
  readonly isHealthy: boolean;
  readonly sinceSeconds: number;
  /** The last bad answer in words, such as "connection refused". Empty: there was none. */
  readonly reason: string;
  /** The end of the ramp after a recovery. Absent: there is no ramp. */
  readonly rampEndSeconds?: number;
}

/** The known states. A destination without one is as healthy as its policy says at first. */
export type HealthStates = ReadonlyMap<DrainKey, HealthState>;

/** Where plans take the health of destinations from. */
export interface HealthSource {
  /** The monotonic clock, in seconds. */
  now(): number;
  /** Throws `IO`: what cannot be read is not "healthy". */
  read(): Promise<HealthStates>;
  /**
   * False for a program that does not check. Its plans take no destination out, and put none back:
   * they keep the effect that the daemon's checks had.
   */
  readonly isChecking: boolean;
}
