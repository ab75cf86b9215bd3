import type { Address } from './address.ts';

/** Connection timeouts of a network namespace, in seconds (uapi: IPVS_CMD_ATTR_TIMEOUT_*). As an argument, 0 keeps the live value. */
export interface Timeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

/** A fresh network namespace's values. */
export const KERNEL_TIMEOUTS: Timeouts = { tcp: 900, tcpFin: 120, udp: 300 };
/** The longest timeout that every kernel accepts: 2^31 - 1 ticks at HZ=1000, nearly 25 days (kernel: ip_vs_ctl.c ip_vs_set_timeout). */
export const MAX_TIMEOUT_SECONDS = 2_147_483;

export type DaemonRole = 'master' | 'backup';

/** A connection synchronisation daemon. At most one of each role runs; it has no edit, a change stops and starts it. */
export interface Daemon {
  readonly role: DaemonRole;
  /** Multicast interface, 1..15 characters. */
  readonly interface: string;
  /** 0..255. */
  readonly syncId: number;
  /** Largest message in bytes. 0: the kernel chooses by the interface's MTU; a read never returns 0. */
  readonly maxLength: number;
  /** Multicast group; undefined asks for the kernel's 224.0.0.81, a read never returns it so. */
  readonly group: Address | undefined;
  /** UDP base port; 0 asks for the kernel's 8848. */
  readonly port: number;
  /** 0 asks for the kernel's 1. */
  readonly ttl: number;
}

export const DAEMON_ROLES: readonly DaemonRole[] = ['master', 'backup'];
export const INTERFACE_NAME_LENGTH = 15;
export const MAX_SYNC_ID = 255;
/** 65535 less the IPv4 and UDP headers (ipvsadm's limit). */
export const MAX_SYNC_LENGTH = 65_507;
