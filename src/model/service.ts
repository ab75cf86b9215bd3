import {
  type Address,
  addressFamily,
  compareAddresses,
  compareFamilies,
  type Family,
} from './address.ts';
import { attributeRows, defaultsOf } from './attributes.ts';
import { formatEndpoint, parseEndpoint } from './endpoint.ts';
import { formatIPv4Mask } from './networks.ts';
import { schedulerFlagNames } from './scheduler.ts';

declare const brand: unique symbol;

/**
 * The identity of a virtual service as text: `tcp://192.0.2.1:80`, `udp://[2001:db8::1]:53`,
 * `fwmark:7`, `fwmark:7/ipv6`.
 */
export type ServiceKey = string & { readonly [brand]: 'ServiceKey' };

export type Protocol = 'tcp' | 'udp' | 'sctp';

export const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp'];

/**
 * The key by which the kernel finds a service: (family, mark) or (family, protocol, address, port).
 * It cannot be edited.
 */
export type ServiceIdentity =
  | {
      readonly kind: 'address';
      readonly protocol: Protocol;
      readonly address: Address;
      readonly port: number;
    }
  | { readonly kind: 'fwmark'; readonly fwmark: number; readonly family: Family };

/**
 * The settings of a service, all of which an edit replaces (kernel: IP_VS_SVC_* and the attributes
 * after the key). Each has a row in `SERVICE_ATTRIBUTES`.
 */
export interface ServiceSettings {
  /**
   * The scheduler, 1..15 characters. A service with `none` has no scheduler, and schedules nothing.
   */
  readonly scheduler: string;
  /**
   * The flag bits of the scheduler, a subset of 0x38 (uapi: IP_VS_SVC_F_SCHED1..3). Their names are
   * in scheduler.ts.
   */
  readonly schedulerFlags: number;
  /** One-packet scheduling: each datagram is scheduled anew. For UDP and fwmark services. */
  readonly onePacket: boolean;
  readonly persistent: boolean;
  /**
   * The life of a persistence template in seconds, 1..2678400; 0 when the service is not
   * persistent.
   */
  readonly persistenceTimeoutSeconds: number;
  /**
   * How persistent clients are grouped. IPv4: the mask as an unsigned 32-bit number. IPv6: a prefix
   * length, 1..128.
   */
  readonly persistenceNetmask: number;
  /** The persistence engine, such as `sip`; empty for none. */
  readonly persistenceEngine: string;
}

export interface Service extends ServiceSettings {
  readonly key: ServiceKey;
  readonly identity: ServiceIdentity;
}

/** Tells whether all that a service carries is UDP. A firewall mark may carry UDP among others. */
export function isUdpService(service: ServiceKey): boolean {
  return service.startsWith('udp://');
}

/**
 * The longest persistence timeout of ipvsadm, 31 days. A longer one overflows in the kernel
 * (seconds times HZ in 32 bits).
 */
export const MAX_PERSISTENCE_SECONDS = 2_678_400;
/** The timeout of ipvsadm for `-p` without a value. */
export const DEFAULT_PERSISTENCE_SECONDS = 360;
export const MAX_FWMARK = 0xffff_ffff;
export const SCHEDULER_NAME_LENGTH = 15;
export const ENGINE_NAME_LENGTH = 16;

/** Returns the netmask that groups no clients: /32 or /128. */
export function hostNetmask(family: Family): number {
  return family === 'ipv4' ? 0xffff_ffff : 128;
}

/** The attributes of a service. The defaults are those of ipvsadm's `-A` for IPv4. */
export const SERVICE_ATTRIBUTES = attributeRows<Service, ServiceSettings>({
  scheduler: { name: 'scheduler', option: 'scheduler', default: 'wlc', omitsDefault: 'nowhere' },
  schedulerFlags: {
    name: 'scheduler_flags',
    option: 'sched-flags',
    default: 0,
    print: (bits, { scheduler }) => schedulerFlagNames(scheduler, bits),
  },
  onePacket: { name: 'one_packet', option: 'ops', default: false },
  persistent: { name: 'persistence.enabled', default: false, isPartOf: 'persistence.timeout' },
  persistenceTimeoutSeconds: {
    name: 'persistence.timeout',
    option: 'persistent',
    default: 0,
    range: { min: 1, max: MAX_PERSISTENCE_SECONDS },
    unit: 'seconds',
    applies: ({ persistent }) => persistent,
  },
  persistenceNetmask: {
    name: 'persistence.netmask',
    option: 'netmask',
    default: hostNetmask('ipv4'),
    print: (mask, { identity }) =>
      serviceFamily(identity) === 'ipv4' ? formatIPv4Mask(mask) : mask,
  },
  persistenceEngine: { name: 'persistence.engine', option: 'pe', default: '', none: '' },
});

const DEFAULT_SERVICE_SETTINGS: ServiceSettings = defaultsOf(SERVICE_ATTRIBUTES);

export function defaultServiceSettings(family: Family): ServiceSettings {
  return { ...DEFAULT_SERVICE_SETTINGS, persistenceNetmask: hostNetmask(family) };
}

/** Tells whether the settings are equal; the identities are equal already. */
export function sameService(a: Service, b: Service): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedulerFlags === b.schedulerFlags &&
    a.onePacket === b.onePacket &&
    a.persistent === b.persistent &&
    a.persistenceTimeoutSeconds === b.persistenceTimeoutSeconds &&
    a.persistenceNetmask === b.persistenceNetmask &&
    a.persistenceEngine === b.persistenceEngine
  );
}

export function serviceFamily(identity: ServiceIdentity): Family {
  return identity.kind === 'fwmark' ? identity.family : addressFamily(identity.address);
}

export function serviceKey(identity: ServiceIdentity): ServiceKey {
  if (identity.kind === 'fwmark')
    return `fwmark:${identity.fwmark}${identity.family === 'ipv6' ? '/ipv6' : ''}` as ServiceKey;
  return `${identity.protocol}://${formatEndpoint(identity.address, identity.port)}` as ServiceKey;
}

/**
 * Reads the text that `serviceKey` writes. The port may be missing (0), and `fwmark:7/ipv4` is
 * `fwmark:7`. undefined for anything else.
 */
export function parseServiceKey(text: string): ServiceIdentity | undefined {
  const mark = /^fwmark:(0|[1-9]\d{0,9})(\/ipv[46])?$/.exec(text);
  if (mark) {
    const fwmark = Number(mark[1]);
    if (fwmark < 1 || fwmark > MAX_FWMARK) return undefined;
    return { kind: 'fwmark', fwmark, family: mark[2] === '/ipv6' ? 'ipv6' : 'ipv4' };
  }
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? [];
  const protocol = PROTOCOLS.find((known) => known === scheme);
  const endpoint = parseEndpoint(rest);
  return (
    protocol &&
    endpoint && { kind: 'address', protocol, address: endpoint.address, port: endpoint.port ?? 0 }
  );
}

const PROTOCOL_ORDER: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/**
 * Sorts services with an address by family, protocol, address and port, then those with a mark by
 * mark and family.
 */
export function compareServices(a: ServiceIdentity, b: ServiceIdentity): number {
  if (a.kind !== b.kind) return a.kind === 'address' ? -1 : 1;
  const families = compareFamilies(serviceFamily(a), serviceFamily(b));
  if (a.kind === 'fwmark' || b.kind === 'fwmark') {
    if (a.kind !== 'fwmark' || b.kind !== 'fwmark') return 0;
    return a.fwmark - b.fwmark || families;
  }
  return (
    families ||
    PROTOCOL_ORDER[a.protocol] - PROTOCOL_ORDER[b.protocol] ||
    compareAddresses(a.address, b.address) ||
    a.port - b.port
  );
}
