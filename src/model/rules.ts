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
 * What the kernel refuses, and what it accepts although it cannot work. Each rule is here once, and every reader, plan and simulation
 * asks here. The sentences are complete, so that all of them say a thing in the same words.
 */

/** uapi: IN_MULTICAST (224.0.0.0/4) and IPV6_ADDR_MULTICAST (ff00::/8). */
export function isMulticast(address: Address): boolean {
  return /^(?:22[4-9]\.|23[0-9]\.|ff[0-9a-f]{2}:)/.test(address);
}

/** Link-local IPv6, fe80::/10: the kernel accepts it as a destination only when it is an address of the host itself. */
export function isLinkLocalIPv6(address: Address): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/**
 * Why no kernel accepts an address as a new destination; undefined when it does, or when that depends on the host (kernel:
 * ip_vs_ctl.c ip_vs_new_dest by inet_addr_type and ipv6_addr_type; measured: 0.0.0.1 and 240.0.0.1 are accepted).
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

/** Whether a forwarding method reaches an address: one of another family than the service's only through a tunnel (kernel: ip_vs_add_dest). */
export function reaches(forward: Forward, service: ServiceIdentity, address: Address): boolean {
  return forward === 'tunnel' || !isMixedFamily(service, address);
}

export interface MixedFamily {
  readonly service: Service;
  readonly destination: Destination;
  /** Why no sync daemon may run beside it. */
  readonly message: string;
}

/**
 * The first destination of another family than its service's. It and a sync daemon exclude each other, in either order (kernel:
 * ip_vs_ctl.c ip_vs_add_dest and ip_vs_edit_dest, ip_vs_genl_new_daemon: EINVAL).
 */
export function findMixedFamily(
  services: ReadonlyMap<ServiceKey, ServiceEntry>,
): MixedFamily | undefined {
  for (const { service, destinations } of services.values()) {
    for (const destination of destinations.values()) {
      if (!isMixedFamily(service.identity, destination.address)) continue;
      const message = `${destination.key} is of another family than its service ${service.key}: the kernel allows that only while no sync daemon runs`;
      return { service, destination, message };
    }
  }
  return undefined;
}

/** kernel: ip_vs_ctl.c ip_vs_add_dest, ip_vs_edit_dest: ERANGE. Without an upper threshold (0) there can be no lower one. */
export function refuseThresholds({
  lowerThreshold,
  upperThreshold,
}: Pick<Destination, 'lowerThreshold' | 'upperThreshold'>): string | undefined {
  return lowerThreshold <= upperThreshold
    ? undefined
    : `the lower threshold ${lowerThreshold} is above the upper threshold ${upperThreshold}`;
}

/** kernel: ip_vs_ctl.c ip_vs_add_dest, ip_vs_edit_dest: EINVAL, whatever the forwarding method is. */
export function lacksTunnelPort({
  tunnelType,
  tunnelPort,
}: Pick<Destination, 'tunnelType' | 'tunnelPort'>): boolean {
  return tunnelType === 'gue' && tunnelPort === 0;
}

/**
 * Whether the destinations of a service have its port: packets that are routed or tunnelled keep their port. The kernel stores
 * another one and ignores it (kernel: ip_vs_xmit.c); ipvsadm overwrites it.
 */
export function keepsPort(service: ServiceIdentity, forward: Forward): boolean {
  return service.kind === 'address' && forward !== 'masq';
}

/** Port 0 stands for any port. The kernel stores it, but schedules it for persistent services only (kernel: ip_vs_core.c ip_vs_schedule). */
export function isIdlePortZero({
  identity,
  persistent,
}: Pick<Service, 'identity' | 'persistent'>): boolean {
  return identity.kind === 'address' && identity.port === 0 && !persistent;
}

/** Whether one-packet scheduling has an effect: the kernel stores the flag for any service, and uses it for UDP only. */
export function allowsOnePacket(service: ServiceIdentity): boolean {
  return service.kind === 'fwmark' || service.protocol === 'udp';
}

/** The name of the first timeout that a kernel with HZ=1000 refuses (kernel: ip_vs_ctl.c ip_vs_set_timeout: EINVAL); 0 keeps a value. */
export function findLongTimeout(timeouts: Partial<Timeouts>): keyof Timeouts | undefined {
  return (['tcp', 'tcpFin', 'udp'] as const).find((name) => !isTimeout(timeouts[name] ?? 0, 0));
}

/** Whether every kernel accepts a timeout of so many seconds, and reads back the same. */
export function isTimeout(seconds: number, min = 1): boolean {
  return seconds >= min && seconds <= MAX_TIMEOUT_SECONDS;
}

/** Lengths of sync messages that stay as they are: the kernel silently changes others to the nearest of these (kernel: ip_vs_sync.c). */
export function syncLengthRange(
  role: DaemonRole,
  group: Address | undefined,
): { readonly min: number; readonly max: number } {
  const isIPv6 = group !== undefined && addressFamily(group) === 'ipv6';
  return { min: role === 'backup' ? 1024 : 1, max: MAX_SYNC_LENGTH - (isIPv6 ? 20 : 0) };
}
