import type { Address } from '../../model/address.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import { MAX_PERSISTENCE_SECONDS, type Protocol, type Service, type ServiceIdentity, serviceKey } from '../../model/service.ts';
import {
  addressOffset,
  attributeLength,
  attributeType,
  type Bytes,
  malformed,
  nextAttribute,
  readAddressAt,
  readFlags,
  readString,
  readU16,
  readU16BE,
  readU32,
  readU32BE,
} from './attributes.ts';
import * as uapi from './uapi.ts';

const KNOWN_FLAGS = uapi.IP_VS_SVC_F_PERSISTENT | uapi.IP_VS_SVC_F_HASHED | uapi.IP_VS_SVC_F_ONEPACKET | uapi.IP_VS_SVC_F_SCHED_MASK;

/**
 * Decodes the inside of a SERVICE nest. A stored value without effect is read as its normal form (a persistence timeout without
 * persistence, one-packet scheduling of anything but UDP and marks); one that has an effect no model value expresses makes the
 * service unmanageable.
 */
export function decodeService(bytes: Bytes, start: number, end: number): Service | Unmanageable {
  let family = 0;
  let protocol = -1;
  let addressAt = -1;
  let port = -1;
  let fwmark = 0;
  let scheduler: string | undefined;
  let flags = -1;
  let timeout = -1;
  let netmaskAt = -1;
  let persistenceEngine = '';
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    switch (attributeType(bytes, at)) {
      case uapi.IPVS_SVC_ATTR_AF:
        family = readU16(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_PROTOCOL:
        protocol = readU16(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_ADDR:
        addressAt = addressOffset(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_PORT:
        port = readU16BE(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_FWMARK:
        fwmark = readU32(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_SCHED_NAME:
        scheduler = readString(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_FLAGS:
        flags = readFlags(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_TIMEOUT:
        timeout = readU32(bytes, at, length);
        break;
      case uapi.IPVS_SVC_ATTR_NETMASK:
        readU32(bytes, at, length);
        netmaskAt = at;
        break;
      case uapi.IPVS_SVC_ATTR_PE_NAME:
        persistenceEngine = readString(bytes, at, length);
        break;
    }
    at = nextAttribute(at, length);
  }
  if (family !== uapi.AF_INET && family !== uapi.AF_INET6) throw malformed(`a service of address family ${family}`);
  if (scheduler === undefined || flags < 0 || timeout < 0 || netmaskAt < 0) throw malformed('a service without all its attributes');
  const familyName = family === uapi.AF_INET6 ? 'ipv6' : 'ipv4';
  let identity: ServiceIdentity;
  if (fwmark !== 0) {
    identity = { kind: 'fwmark', fwmark, family: familyName };
  } else {
    if (protocol < 0 || addressAt < 0 || port < 0) throw malformed('a service without its key');
    const address = readAddressAt(bytes, familyName, addressAt);
    const name = protocolName(protocol);
    if (name === undefined) return unknownProtocol(protocol, address, port);
    identity = { kind: 'address', protocol: name, address, port };
  }
  const key = serviceKey(identity);
  const persistent = (flags & uapi.IP_VS_SVC_F_PERSISTENT) !== 0;
  const reason = unmanageableReason(flags, persistent, timeout);
  if (reason !== undefined) return { service: key, destination: undefined, reason };
  return {
    key,
    identity,
    scheduler,
    schedulerFlags: flags & uapi.IP_VS_SVC_F_SCHED_MASK,
    // kernel: ip_vs_core.c ip_vs_schedule looks at the flag for UDP packets only.
    onePacket: (flags & uapi.IP_VS_SVC_F_ONEPACKET) !== 0 && (fwmark !== 0 || protocol === uapi.IPPROTO_UDP),
    persistent,
    persistenceTimeoutSeconds: persistent ? timeout : 0,
    persistenceNetmask: family === uapi.AF_INET6 ? readU32(bytes, netmaskAt, 8) : readU32BE(bytes, netmaskAt, 8),
    persistenceEngine,
  };
}

function protocolName(protocol: number): Protocol | undefined {
  if (protocol === uapi.IPPROTO_TCP) return 'tcp';
  if (protocol === uapi.IPPROTO_UDP) return 'udp';
  return protocol === uapi.IPPROTO_SCTP ? 'sctp' : undefined;
}

function unknownProtocol(protocol: number, address: Address, port: number): Unmanageable {
  return { service: `protocol ${protocol} ${formatEndpoint(address, port)}`, destination: undefined, reason: `protocol ${protocol}` };
}

function unmanageableReason(flags: number, persistent: boolean, timeout: number): string | undefined {
  const unknown = (flags & ~KNOWN_FLAGS) >>> 0;
  if (unknown !== 0) return `unknown flag bits 0x${unknown.toString(16)}`;
  if (persistent && (timeout < 1 || timeout > MAX_PERSISTENCE_SECONDS)) return `a persistence timeout of ${timeout} s`;
  return undefined;
}
