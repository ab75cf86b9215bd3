import type { Family } from '../model/address.ts';
import type { DestinationCounters } from '../model/counters.ts';
import {
  type Destination,
  destinationKey,
  type Forward,
  MAX_THRESHOLD,
  MAX_WEIGHT,
  type TunnelChecksum,
  type TunnelType,
} from '../model/destination.ts';
import type { Unmanageable } from '../model/ipvs.ts';
import {
  addressOffset,
  attributeLength,
  attributeType,
  type Bytes,
  malformed,
  nextAttribute,
  readAddressAt,
  readU8,
  readU16,
  readU16BE,
  readU32,
} from './attributes.ts';
import * as uapi from './uapi.ts';

export interface DecodedDestination {
  readonly destination: Destination;
  readonly counters: DestinationCounters;
}

interface Tunnel {
  readonly type: TunnelType;
  readonly port: number;
  readonly checksum: TunnelChecksum;
}

/** Those of nearly every destination of a large table that is quiet. */
const NO_CONNECTIONS: DestinationCounters = { active: 0, inactive: 0, persistent: 0, stats: undefined };
const NO_TUNNEL: Tunnel = { type: 'ipip', port: 0, checksum: 'none' };
const FORWARDS: readonly (Forward | undefined)[] = ['masq', undefined, 'tunnel', 'route'];
const CHECKSUMS: readonly TunnelChecksum[] = ['none', 'csum', 'remcsum'];

/**
 * Decodes the inside of a DEST nest of a service of `serviceFamily` (a destination without ADDR_FAMILY has its family). The kernel
 * stores tunnel attributes whatever the forwarding method is; where they have no effect they are read as the model's normal form.
 */
export function decodeDestination(
  bytes: Bytes,
  start: number,
  end: number,
  serviceFamily: Family,
  service: string,
): DecodedDestination | Unmanageable {
  let family = 0;
  let addressAt = -1;
  let port = -1;
  let method = -1;
  let weight = -1;
  let upperThreshold = -1;
  let lowerThreshold = -1;
  let tunnelType = 0;
  let tunnelPort = 0;
  let tunnelFlags = 0;
  let active = 0;
  let inactive = 0;
  let persistent = 0;
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    switch (attributeType(bytes, at)) {
      case uapi.IPVS_DEST_ATTR_ADDR:
        addressAt = addressOffset(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_PORT:
        port = readU16BE(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_FWD_METHOD:
        method = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_WEIGHT:
        weight = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_U_THRESH:
        upperThreshold = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_L_THRESH:
        lowerThreshold = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_ACTIVE_CONNS:
        active = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_INACT_CONNS:
        inactive = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_PERSIST_CONNS:
        persistent = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_ADDR_FAMILY:
        family = readU16(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_TUN_TYPE:
        tunnelType = readU8(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_TUN_PORT:
        tunnelPort = readU16BE(bytes, at, length);
        break;
      case uapi.IPVS_DEST_ATTR_TUN_FLAGS:
        tunnelFlags = readU16(bytes, at, length);
        break;
    }
    at = nextAttribute(at, length);
  }
  if (family !== 0 && family !== uapi.AF_INET && family !== uapi.AF_INET6) throw malformed(`a destination of address family ${family}`);
  if (addressAt < 0 || port < 0 || method < 0 || weight < 0 || upperThreshold < 0 || lowerThreshold < 0) {
    throw malformed('a destination without all its attributes');
  }
  const address = readAddressAt(bytes, family === 0 ? serviceFamily : family === uapi.AF_INET6 ? 'ipv6' : 'ipv4', addressAt);
  const key = destinationKey(address, port);
  const forward = FORWARDS[method];
  if (forward === undefined) return { service, destination: key, reason: `forwarding method ${method}` };
  if (weight > MAX_WEIGHT) return { service, destination: key, reason: `weight ${weight | 0}` };
  if (upperThreshold > MAX_THRESHOLD) return { service, destination: key, reason: `upper threshold ${upperThreshold}` };
  if (lowerThreshold > MAX_THRESHOLD) return { service, destination: key, reason: `lower threshold ${lowerThreshold}` };
  const tunnel = forward === 'tunnel' ? decodeTunnel(tunnelType, tunnelPort, tunnelFlags) : NO_TUNNEL;
  if (typeof tunnel === 'string') return { service, destination: key, reason: tunnel };
  return {
    destination: {
      key,
      address,
      port,
      forward,
      weight,
      upperThreshold,
      lowerThreshold,
      tunnelType: tunnel.type,
      tunnelPort: tunnel.port,
      tunnelChecksum: tunnel.checksum,
    },
    counters: (active | inactive | persistent) === 0 ? NO_CONNECTIONS : { active, inactive, persistent, stats: undefined },
  };
}

/** ipip ignores port and flags, gre the port (kernel: ip_vs_xmit.c ip_vs_tunnel_xmit). Returns why it cannot be expressed as a string. */
function decodeTunnel(type: number, port: number, flags: number): Tunnel | string {
  if (type === uapi.IP_VS_CONN_F_TUNNEL_TYPE_IPIP) return NO_TUNNEL;
  if (type > uapi.IP_VS_CONN_F_TUNNEL_TYPE_GRE) return `tunnel type ${type}`;
  const checksum = CHECKSUMS[flags];
  if (checksum === undefined) return `tunnel flags 0x${flags.toString(16)}`;
  if (type === uapi.IP_VS_CONN_F_TUNNEL_TYPE_GUE) {
    return port === 0 ? 'a gue tunnel without a port' : { type: 'gue', port, checksum };
  }
  return checksum === 'remcsum' ? 'a gre tunnel with remote checksum' : { type: 'gre', port: 0, checksum };
}
