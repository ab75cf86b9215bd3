import { type Address, addressFamily, isIPv4Mapped } from './address.ts';
import type { Destination, Forward } from './destination.ts';
import { type Service, type ServiceIdentity, type ServiceKey, serviceFamily } from './service.ts';
import {
  type DaemonRole,
  MAX_SYNC_LENGTH,
  MAX_TIMEOUT_SECONDS,
  type Timeouts,
} from './settings.ts';
import type { ServiceEntry } from './table.ts';

/*
 * Rules of the kernel: what it refuses, and what it accepts although it cannot work. Each rule is
 * here once, for every reader, plan and simulation. A sentence about a refusal is complete, so that
 * all of them use the same words.
 */

/**
 * Tells whether an address is a multicast address: 224.0.0.0/4 or ff00::/8 (uapi: IN_MULTICAST,
 * IPV6_ADDR_MULTICAST).
 */
export function isMulticast(address: Address): boolean {
  return /^(?:22[4-9]\.|23[0-9]\.|ff[0-9a-f]{2}:)/.test(address);
}

/**
 * Tells whether an address is link-local, fe80::/10. The kernel accepts such a destination only
 * when it is an address of the host.
 */
export function isLinkLocalIPv6(address: Address): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/**
 * Why no kernel accepts an address as a new destination; undefined when it does, or when that
 * depends on the host (kernel: ip_vs_ctl.c ip_vs_new_dest by inet_addr_type and ipv6_addr_type;
 * measured: 0.0.0.1 and 240.0.0.1 are accepted).
 */
export function refuseDestinationAddress(address: Address): string | undefined {
  const reason = unusableAddress(address);
  return reason && `${address} cannot be a destination: ${reason}`;
}

function unusableAddress(address: Address): string | undefined {
  if (address === '0.0.0.0' || address === '::') return 'it means "no address"';
  if (address === '255.255.255.255') return 'it is the broadcast address';
  if (isMulticast(address)) return 'it is a multicast address';
  return isIPv4Mapped(address) ? 'it is an IPv4 address written as IPv6' : undefined;
}

export function isMixedFamily(service: ServiceIdentity, address: Address): boolean {
  return addressFamily(address) !== serviceFamily(service);
}

/**
 * Tells whether a forwarding method reaches an address. An address of another family than the
 * service needs a tunnel (kernel: ip_vs_ctl.c ip_vs_add_dest: EINVAL).
 */
export function reaches(forward: Forward, service: ServiceIdentity, address: Address): boolean {
  return forward === 'tunnel' || !isMixedFamily(service, address);
}

interface MixedFamily {
  readonly service: Service;
  readonly destination: Destination;
  /** Why no sync daemon may run beside it. */
  readonly message: string;
}

/**
 * The first destination of another family than its service's. It and a sync daemon exclude each
 * other, in either order (kernel: ip_vs_ctl.c ip_vs_add_dest and ip_vs_edit_dest,
 * ip_vs_genl_new_daemon: EINVAL).
 */
export function findMixedFamily(
  services: ReadonlyMap<ServiceKey, ServiceEntry>,
): MixedFamily | undefined {
  for (const { service, destinations } of services.values()) {
    for (const destination of destinations.values()) {
      if (!isMixedFamily(service.identity, destination.address)) continue;
      const subject = `${destination.key} is of another family than its service ${service.key}`;
      const message = `${subject}: the kernel allows that only while no sync daemon runs`;
      return { service, destination, message };
    }
  }
  return undefined;
}

/**
 * Why thresholds are refused. Without an upper threshold (0) there can be no lower one (kernel:
 * ip_vs_ctl.c ip_vs_add_dest, ip_vs_edit_dest: ERANGE).
 */
export function refuseThresholds({
  lowerThreshold,
  upperThreshold,
}: Pick<Destination, 'lowerThreshold' | 'upperThreshold'>): string | undefined {
  return lowerThreshold <= upperThreshold
    ? undefined
    : `the lower threshold ${lowerThreshold} is above the upper threshold ${upperThreshold}`;
}

/**
 * Tells whether a GUE tunnel has no port. The kernel refuses it, whatever the forwarding method is
 * (kernel: ip_vs_ctl.c ip_vs_add_dest, ip_vs_edit_dest: EINVAL).
 */
export function lacksTunnelPort({
  tunnelType,
  tunnelPort,
}: Pick<Destination, 'tunnelType' | 'tunnelPort'>): boolean {
  return tunnelType === 'gue' && tunnelPort === 0;
}

/**
 * Tells whether the destinations of a service have its port: packets that are routed or tunnelled
 * keep their port. The kernel stores another one and ignores it (kernel: ip_vs_xmit.c); ipvsadm
 * overwrites it.
 */
export function keepsPort(service: ServiceIdentity, forward: Forward): boolean {
  return service.kind === 'address' && forward !== 'masq';
}

/**
 * Tells whether a service has port 0, which stands for any port, without persistence. The kernel
 * stores such a service, and schedules none of its connections (kernel: ip_vs_core.c
 * ip_vs_schedule).
 */
export function isIdlePortZero({
  identity,
  persistent,
}: Pick<Service, 'identity' | 'persistent'>): boolean {
  return identity.kind === 'address' && identity.port === 0 && !persistent;
}

/**
 * Tells whether one-packet scheduling has an effect: the kernel stores the flag for any service,
 * and uses it for UDP only.
 */
export function allowsOnePacket(service: ServiceIdentity): boolean {
  return service.kind === 'fwmark' || service.protocol === 'udp';
}

/**
 * Returns the name of the first timeout that a kernel with HZ=1000 refuses (kernel: ip_vs_ctl.c
 * ip_vs_set_timeout: EINVAL). 0 is fine: it keeps the live value.
 */
export function findLongTimeout(timeouts: Partial<Timeouts>): keyof Timeouts | undefined {
  return (['tcp', 'tcpFin', 'udp'] as const).find((name) => !isTimeout(timeouts[name] ?? 0, 0));
}

/** Tells whether every kernel accepts a timeout of so many seconds, and reads back the same. */
export function isTimeout(seconds: number, min = 1): boolean {
  return seconds >= min && seconds <= MAX_TIMEOUT_SECONDS;
}

/**
 * Returns the lengths of sync messages that the kernel keeps. It silently changes others to the
 * nearest of them (kernel: ip_vs_sync.c start_sync_thread).
 */
export function syncLengthRange(
  role: DaemonRole,
  group: Address | undefined,
): { readonly min: number; readonly max: number } {
  const isIPv6 = group !== undefined && addressFamily(group) === 'ipv6';
  return { min: role === 'backup' ? 1024 : 1, max: MAX_SYNC_LENGTH - (isIPv6 ? 20 : 0) };
}
