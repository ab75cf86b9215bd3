import type { Family } from '../../model/address.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import type { Stats, Unmanageable } from '../../model/ipvs.ts';
import {
  MAX_PERSISTENCE_SECONDS,
  type Service,
  type ServiceIdentity,
  serviceKey,
} from '../../model/service.ts';
import { type AttributeReader, malformed } from './attribute-reader.ts';
import { decodeStats, decodeStats64 } from './decode-stats.ts';
import * as uapi from './uapi.ts';
import { FAMILY, PROTOCOL } from './words.ts';

const KNOWN_FLAGS =
  uapi.IP_VS_SVC_F_PERSISTENT |
  uapi.IP_VS_SVC_F_HASHED |
  uapi.IP_VS_SVC_F_ONEPACKET |
  uapi.IP_VS_SVC_F_SCHED_MASK;

export interface DecodedService {
  readonly service: Service;
  /** Undefined unless the caller asked for it. */
  readonly stats: Stats | undefined;
}

/**
 * Decodes the inside of a SERVICE nest (uapi: IPVS_SVC_ATTR_*).
 *
 * A persistence timeout without persistence has no effect, and is decoded as none. A service with
 * an effective value that the model cannot express is `Unmanageable`. Throws `PROTOCOL`.
 */
export function decodeService(
  attributes: AttributeReader,
  withStats: boolean,
): DecodedService | Unmanageable {
  const raw = readAttributes(attributes, withStats);
  const family = FAMILY.wordOf(raw.family);
  if (family === undefined) throw malformed(`a service of address family ${raw.family}`);
  const { scheduler, flags, timeout, netmask, prefixLength } = raw;
  if (scheduler === undefined || flags < 0 || timeout < 0 || netmask < 0) {
    throw malformed('a service without all its attributes');
  }
  const identity = decodeIdentity(attributes, raw, family);
  if ('reason' in identity) return identity;
  const persistent = (flags & uapi.IP_VS_SVC_F_PERSISTENT) !== 0;
  const key = serviceKey(identity);
  const reason = unmanageableReason(flags, persistent, timeout);
  if (reason !== undefined) return { service: key, destination: undefined, reason };
  const service: Service = {
    key,
    identity,
    scheduler,
    schedulerFlags: flags & uapi.IP_VS_SVC_F_SCHED_MASK,
    onePacket: (flags & uapi.IP_VS_SVC_F_ONEPACKET) !== 0,
    persistent,
    persistenceTimeoutSeconds: persistent ? timeout : 0,
    persistenceNetmask: family === 'ipv6' ? prefixLength : netmask,
    persistenceEngine: raw.persistenceEngine,
  };
  if (withStats && !raw.stats) throw malformed('a service without counters');
  return { service, stats: raw.stats };
}

/** The values of a SERVICE nest. A number that is missing and has no default is -1. */
interface RawService {
  family: number;
  protocol: number;
  addressOffset: number;
  port: number;
  fwmark: number;
  scheduler: string | undefined;
  flags: number;
  timeout: number;
  /** The attribute NETMASK of an IPv4 service. */
  netmask: number;
  /** The attribute NETMASK of an IPv6 service. */
  prefixLength: number;
  persistenceEngine: string;
  stats: Stats | undefined;
}

function readAttributes(attributes: AttributeReader, withStats: boolean): RawService {
  const raw: RawService = {
    family: 0,
    protocol: -1,
    addressOffset: -1,
    port: -1,
    fwmark: 0,
    scheduler: undefined,
    flags: -1,
    timeout: -1,
    netmask: -1,
    prefixLength: -1,
    persistenceEngine: '',
    stats: undefined,
  };
  while (attributes.next()) {
    switch (attributes.type) {
      case uapi.IPVS_SVC_ATTR_AF:
        raw.family = attributes.u16();
        break;
      case uapi.IPVS_SVC_ATTR_PROTOCOL:
        raw.protocol = attributes.u16();
        break;
      case uapi.IPVS_SVC_ATTR_ADDR:
        raw.addressOffset = attributes.addressOffset();
        break;
      case uapi.IPVS_SVC_ATTR_PORT:
        raw.port = attributes.u16be();
        break;
      case uapi.IPVS_SVC_ATTR_FWMARK:
        raw.fwmark = attributes.u32();
        break;
      case uapi.IPVS_SVC_ATTR_SCHED_NAME:
        raw.scheduler = attributes.string();
        break;
      case uapi.IPVS_SVC_ATTR_FLAGS:
        raw.flags = attributes.flags();
        break;
      case uapi.IPVS_SVC_ATTR_TIMEOUT:
        raw.timeout = attributes.u32();
        break;
      case uapi.IPVS_SVC_ATTR_NETMASK:
        raw.netmask = attributes.u32be();
        raw.prefixLength = attributes.u32();
        break;
      case uapi.IPVS_SVC_ATTR_PE_NAME:
        raw.persistenceEngine = attributes.string();
        break;
      case uapi.IPVS_SVC_ATTR_STATS:
        if (withStats) raw.stats ??= decodeStats(attributes.nested());
        break;
      case uapi.IPVS_SVC_ATTR_STATS64:
        if (withStats) raw.stats = decodeStats64(attributes.nested());
        break;
    }
  }
  return raw;
}

function decodeIdentity(
  attributes: AttributeReader,
  { fwmark, protocol, addressOffset, port }: RawService,
  family: Family,
): ServiceIdentity | Unmanageable {
  if (fwmark !== 0) return { kind: 'fwmark', fwmark, family };
  if (protocol < 0 || addressOffset < 0 || port < 0) throw malformed('a service without its key');
  const address = attributes.addressAt(addressOffset, family);
  const word = PROTOCOL.wordOf(protocol);
  if (word !== undefined) return { kind: 'address', protocol: word, address, port };
  return {
    service: `protocol ${protocol} ${formatEndpoint(address, port)}`,
    destination: undefined,
    reason: `protocol ${protocol}`,
  };
}

function unmanageableReason(
  flags: number,
  persistent: boolean,
  timeout: number,
): string | undefined {
  const unknown = (flags & ~KNOWN_FLAGS) >>> 0;
  if (unknown !== 0) return `unknown flag bits 0x${unknown.toString(16)}`;
  if (persistent && (timeout < 1 || timeout > MAX_PERSISTENCE_SECONDS))
    return `a persistence timeout of ${timeout} s`;
  return undefined;
}
