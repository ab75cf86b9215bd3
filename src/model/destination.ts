import { type Address, compareAddresses } from './address.ts';
import { formatEndpoint } from './endpoint.ts';

declare const brand: unique symbol;

/** Identity of a destination inside its service: `10.0.0.1:80` or `[2001:db8::1]:80`. The forwarding method is not part of it. */
export type DestinationKey = string & { readonly [brand]: 'DestinationKey' };

/** Forwarding methods, in ipvsadm's words (uapi: IP_VS_CONN_F_MASQ, _TUNNEL, _DROUTE). */
export type Forward = 'masq' | 'tunnel' | 'route';

export type TunnelType = 'ipip' | 'gue' | 'gre';

/** ipvsadm: `--tun-nocsum`, `--tun-csum`, `--tun-remcsum`. */
export type TunnelChecksum = 'none' | 'csum' | 'remcsum';

/** Everything about a destination that an edit replaces. */
export interface DestinationSettings {
  readonly forward: Forward;
  /** 0..2147483647; 0 takes no new connections and keeps the old ones. */
  readonly weight: number;
  /** No new connections from this many on; 0 is no limit. 0..2147483647. */
  readonly upperThreshold: number;
  /** New connections again below this many; 0 is the kernel's three quarters of the upper one. At most the upper one. */
  readonly lowerThreshold: number;
  /** The three tunnel fields are `ipip`, 0, `none` unless `forward` is `tunnel`. */
  readonly tunnelType: TunnelType;
  /** GUE only: 1..65535. 0 for the others. */
  readonly tunnelPort: number;
  readonly tunnelChecksum: TunnelChecksum;
}

export interface Destination extends DestinationSettings {
  readonly key: DestinationKey;
  readonly address: Address;
  /** 0 means "the port of the request"; only for fwmark and port-0 services. */
  readonly port: number;
}

export const MAX_WEIGHT = 0x7fff_ffff;
export const MAX_THRESHOLD = 0x7fff_ffff;

/** ipvsadm's defaults for `-a`. */
export const DEFAULT_DESTINATION_SETTINGS: DestinationSettings = {
  forward: 'route',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnelType: 'ipip',
  tunnelPort: 0,
  tunnelChecksum: 'none',
};

export function destinationKey(address: Address, port: number): DestinationKey {
  return formatEndpoint(address, port) as DestinationKey;
}

/** By family, address and port. */
export function compareDestinations(a: Destination, b: Destination): number {
  return compareAddresses(a.address, b.address) || a.port - b.port;
}
