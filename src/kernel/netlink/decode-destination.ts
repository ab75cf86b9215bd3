import type { Family } from '../../model/address.ts';
import {
  type Destination,
  destinationKey,
  MAX_THRESHOLD,
  MAX_WEIGHT,
  type TunnelChecksum,
  type TunnelType,
} from '../../model/destination.ts';
import {
  type Connections,
  NO_CONNECTIONS,
  type Stats,
  type Unmanageable,
} from '../../model/ipvs.ts';
import { type Service, serviceFamily } from '../../model/service.ts';
import { type AttributeReader, malformed } from './attribute-reader.ts';
import { decodeStats, decodeStats64 } from './decode-stats.ts';
import * as uapi from './uapi.ts';
import { FAMILY, FORWARD, TUNNEL_CHECKSUM, TUNNEL_TYPE } from './words.ts';

export interface DecodedDestination {
  readonly destination: Destination;
  /** `NO_CONNECTIONS` itself when there are none. */
  readonly connections: Connections;
  /** Undefined unless the caller asked for it. */
  readonly stats: Stats | undefined;
}

interface Tunnel {
  readonly type: TunnelType;
  readonly port: number;
  readonly checksum: TunnelChecksum;
}

const NO_TUNNEL: Tunnel = { type: 'ipip', port: 0, checksum: 'none' };

/**
 * Decodes the inside of a DEST nest of `service` (uapi: IPVS_DEST_ATTR_*). Without ADDR_FAMILY the
 * destination has the family of the service.
 *
 * The kernel stores tunnel attributes for every forwarding method. Those without an effect are
 * decoded as `NO_TUNNEL`. A destination with an effective value that the model cannot express is
 * `Unmanageable`. Throws `PROTOCOL`.
 */
export function decodeDestination(
  attributes: AttributeReader,
  service: Service,
  withStats: boolean,
): DecodedDestination | Unmanageable {
  const raw = readAttributes(attributes, withStats);
  const { addressOffset, port, method, weight, upperThreshold, lowerThreshold } = raw;
  if (
    addressOffset < 0 ||
    port < 0 ||
    method < 0 ||
    weight < 0 ||
    upperThreshold < 0 ||
    lowerThreshold < 0
  ) {
    throw malformed('a destination without all its attributes');
  }
  const address = attributes.addressAt(addressOffset, decodeFamily(raw.family, service));
  const key = destinationKey(address, port);
  const unmanageable = (reason: string): Unmanageable => ({
    service: service.key,
    destination: key,
    reason,
  });
  const forward = FORWARD.wordOf(method);
  if (forward === undefined) return unmanageable(`forwarding method ${method}`);
  if (weight > MAX_WEIGHT) return unmanageable(`weight ${weight | 0}`);
  if (upperThreshold > MAX_THRESHOLD) return unmanageable(`upper threshold ${upperThreshold}`);
  if (lowerThreshold > MAX_THRESHOLD) return unmanageable(`lower threshold ${lowerThreshold}`);
  const tunnel = forward === 'tunnel' ? decodeTunnel(raw) : NO_TUNNEL;
  if (typeof tunnel === 'string') return unmanageable(tunnel);
  const destination: Destination = {
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
  };
  if (withStats && !raw.stats) throw malformed('a destination without counters');
  return { destination, connections: decodeConnections(raw), stats: raw.stats };
}

/** The sums of the destinations of one service. */
export interface DestinationTotals extends Connections {
  readonly destinations: number;
  /** The number of destinations that take new connections. */
  readonly usable: number;
}

/**
 * Adds the inside of a DEST nest to the sums. Decodes nothing else: a large table has many
 * destinations, and their keys and addresses would be most of the work. Throws `PROTOCOL`.
 */
export function addDestination(
  attributes: AttributeReader,
  sums: { -readonly [name in keyof DestinationTotals]: number },
): void {
  let weight = -1;
  while (attributes.next()) {
    switch (attributes.type) {
      case uapi.IPVS_DEST_ATTR_WEIGHT:
        weight = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_ACTIVE_CONNS:
        sums.active += attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_INACT_CONNS:
        sums.inactive += attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_PERSIST_CONNS:
        sums.persistent += attributes.u32();
        break;
    }
  }
  if (weight < 0) throw malformed('a destination without a weight');
  sums.destinations++;
  if (weight > 0) sums.usable++;
}

/** The values of a DEST nest. A number that is missing and has no default is -1. */
interface RawDestination {
  /** 0 stands for the family of the service. */
  family: number;
  addressOffset: number;
  port: number;
  method: number;
  weight: number;
  upperThreshold: number;
  lowerThreshold: number;
  tunnelType: number;
  tunnelPort: number;
  tunnelFlags: number;
  active: number;
  inactive: number;
  persistent: number;
  stats: Stats | undefined;
}

function readAttributes(attributes: AttributeReader, withStats: boolean): RawDestination {
  const raw: RawDestination = {
    family: 0,
    addressOffset: -1,
    port: -1,
    method: -1,
    weight: -1,
    upperThreshold: -1,
    lowerThreshold: -1,
    tunnelType: 0,
    tunnelPort: 0,
    tunnelFlags: 0,
    active: 0,
    inactive: 0,
    persistent: 0,
    stats: undefined,
  };
  while (attributes.next()) {
    switch (attributes.type) {
      case uapi.IPVS_DEST_ATTR_ADDR_FAMILY:
        raw.family = attributes.u16();
        break;
      case uapi.IPVS_DEST_ATTR_ADDR:
        raw.addressOffset = attributes.addressOffset();
        break;
      case uapi.IPVS_DEST_ATTR_PORT:
        raw.port = attributes.u16be();
        break;
      case uapi.IPVS_DEST_ATTR_FWD_METHOD:
        raw.method = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_WEIGHT:
        raw.weight = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_U_THRESH:
        raw.upperThreshold = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_L_THRESH:
        raw.lowerThreshold = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_TUN_TYPE:
        raw.tunnelType = attributes.u8();
        break;
      case uapi.IPVS_DEST_ATTR_TUN_PORT:
        raw.tunnelPort = attributes.u16be();
        break;
      case uapi.IPVS_DEST_ATTR_TUN_FLAGS:
        raw.tunnelFlags = attributes.u16();
        break;
      case uapi.IPVS_DEST_ATTR_ACTIVE_CONNS:
        raw.active = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_INACT_CONNS:
        raw.inactive = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_PERSIST_CONNS:
        raw.persistent = attributes.u32();
        break;
      case uapi.IPVS_DEST_ATTR_STATS:
        if (withStats) raw.stats ??= decodeStats(attributes.nested());
        break;
      case uapi.IPVS_DEST_ATTR_STATS64:
        if (withStats) raw.stats = decodeStats64(attributes.nested());
        break;
    }
  }
  return raw;
}

function decodeFamily(number: number, service: Service): Family {
  if (number === 0) return serviceFamily(service.identity);
  const family = FAMILY.wordOf(number);
  if (family === undefined) throw malformed(`a destination of address family ${number}`);
  return family;
}

/**
 * Returns the reason as a string when the model cannot express the tunnel. An ipip tunnel ignores
 * port and flags, a gre tunnel ignores the port (kernel: ip_vs_xmit.c ip_vs_tunnel_xmit).
 */
function decodeTunnel({ tunnelType, tunnelPort, tunnelFlags }: RawDestination): Tunnel | string {
  const type = TUNNEL_TYPE.wordOf(tunnelType);
  if (type === undefined) return `tunnel type ${tunnelType}`;
  if (type === 'ipip') return NO_TUNNEL;
  const checksum = TUNNEL_CHECKSUM.wordOf(tunnelFlags);
  if (checksum === undefined) return `tunnel flags 0x${tunnelFlags.toString(16)}`;
  if (type === 'gue')
    return tunnelPort === 0 ? 'a gue tunnel without a port' : { type, port: tunnelPort, checksum };
  return checksum === 'remcsum' ? 'a gre tunnel with remote checksum' : { type, port: 0, checksum };
}

function decodeConnections({ active, inactive, persistent }: RawDestination): Connections {
  return active === 0 && inactive === 0 && persistent === 0
    ? NO_CONNECTIONS
    : { active, inactive, persistent };
}
