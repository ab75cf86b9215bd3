import { type Address, compareAddresses } from './address.ts';
import { attributeRows, defaultsOf, type Row } from './attributes.ts';
import { formatEndpoint } from './endpoint.ts';

declare const brand: unique symbol;

/** Identity of a destination inside its service: `10.0.0.1:80` or `[2001:db8::1]:80`. The forwarding method is not part of it. */
export type DestinationKey = string & { readonly [brand]: 'DestinationKey' };

/** Forwarding methods, in ipvsadm's words (uapi: IP_VS_CONN_F_MASQ, _TUNNEL, _DROUTE). */
export type Forward = 'masq' | 'tunnel' | 'route';

export type TunnelType = 'ipip' | 'gue' | 'gre';

/** ipvsadm: `--tun-nocsum`, `--tun-csum`, `--tun-remcsum`. */
export type TunnelChecksum = 'none' | 'csum' | 'remcsum';

/** Everything about a destination that an edit replaces. Each attribute has a row in `DESTINATION_ATTRIBUTES`. */
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

const isTunnel = ({ forward }: Destination): boolean => forward === 'tunnel';
const THRESHOLD = { default: 0, range: { min: 0, max: MAX_THRESHOLD } };

/** The attributes of a destination. The defaults are those of ipvsadm's `-a`. */
export const DESTINATION_ATTRIBUTES = attributeRows<Destination, DestinationSettings>({
  forward: { name: 'forward', default: 'route', omitsDefault: 'nowhere' },
  weight: {
    name: 'weight',
    option: 'weight',
    default: 1,
    range: { min: 0, max: MAX_WEIGHT },
    omitsDefault: 'in YAML',
  },
  upperThreshold: { name: 'upper_threshold', option: 'u-threshold', ...THRESHOLD },
  lowerThreshold: { name: 'lower_threshold', option: 'l-threshold', ...THRESHOLD },
  tunnelType: {
    name: 'tunnel.type',
    default: 'ipip',
    applies: isTunnel,
    omitsDefault: 'in YAML',
  },
  tunnelPort: {
    name: 'tunnel.port',
    option: 'tun-port',
    default: 0,
    none: 0,
    range: { min: 1, max: 65_535 },
  },
  tunnelChecksum: {
    name: 'tunnel.checksum',
    default: 'none',
    applies: isTunnel,
    omitsDefault: 'in YAML',
  },
});

/** The settings that are a plain number, whatever the others are. */
export type DestinationNumbers = Omit<DestinationSettings, 'forward' | `tunnel${string}`>;

/** Their attributes. Readers and writers treat all of them alike. */
export const DESTINATION_NUMBERS = DESTINATION_ATTRIBUTES.filter(
  ({ name, range }) => range !== undefined && !name.includes('.'),
) as unknown as readonly Row<Destination, DestinationNumbers>[];

export const DEFAULT_DESTINATION_SETTINGS: DestinationSettings = defaultsOf(DESTINATION_ATTRIBUTES);

/**
 * Whether the settings are equal; the keys are equal already. Written out: in the diff of 100,000
 * destinations, a loop over the rows took 40 % longer.
 */
export function sameDestination(a: Destination, b: Destination): boolean {
  return (
    a.weight === b.weight &&
    a.forward === b.forward &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold &&
    a.tunnelType === b.tunnelType &&
    a.tunnelPort === b.tunnelPort &&
    a.tunnelChecksum === b.tunnelChecksum
  );
}

export function destinationKey(address: Address, port: number): DestinationKey {
  return formatEndpoint(address, port) as DestinationKey;
}

/** By family, address and port. */
export function compareDestinations(a: Destination, b: Destination): number {
  return compareAddresses(a.address, b.address) || a.port - b.port;
}
