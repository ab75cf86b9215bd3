import { addressFamily, type Family } from '../../model/address.ts';
import type { Connections } from '../../model/counters.ts';
import {
  type Destination,
  destinationKey,
  type Forward,
  MAX_THRESHOLD,
  MAX_WEIGHT,
  type TunnelChecksum,
  type TunnelType,
} from '../../model/destination.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import {
  addressOffset,
  attributeLength,
  attributeType,
  type Bytes,
  isAddressAt,
  malformed,
  nextAttribute,
  readAddressAt,
  readU8,
  readU16,
  readU16BE,
  readU32,
} from './attributes.ts';
import * as uapi from './uapi.ts';

/** The attributes of a DEST nest as the kernel sent them. */
interface RawDestination {
  family: number;
  addressAt: number;
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
}

interface Tunnel {
  readonly type: TunnelType;
  readonly port: number;
  readonly checksum: TunnelChecksum;
}

const NO_TUNNEL: Tunnel = { type: 'ipip', port: 0, checksum: 'none' };
const FORWARDS: readonly (Forward | undefined)[] = ['masq', undefined, 'tunnel', 'route'];
const CHECKSUMS: readonly TunnelChecksum[] = ['none', 'csum', 'remcsum'];

/**
 * The inside of DEST nests, one after the other: nothing is allocated for one that is as expected. A nest of a service of
 * `serviceFamily` without ADDR_FAMILY has its family. The kernel stores tunnel attributes whatever the forwarding method is; where they
 * have no effect they are read as the model's normal form.
 */
export class DestinationDecoder {
  readonly #serviceFamily: Family;
  readonly #service: string;
  readonly #raw = rawDestination();
  #bytes: Bytes = new DataView(new ArrayBuffer(0));

  constructor(serviceFamily: Family, service: string) {
    this.#serviceFamily = serviceFamily;
    this.#service = service;
  }

  /** Goes to the nest whose inside is `[start, end)`. */
  read(bytes: Bytes, start: number, end: number): void {
    this.#bytes = bytes;
    readAttributes(this.#raw, bytes, start, end);
  }

  /** Whether the nest says what is known of a destination. */
  is(known: Destination): boolean {
    const raw = this.#raw;
    return (
      raw.port === known.port &&
      raw.weight === known.weight &&
      raw.upperThreshold === known.upperThreshold &&
      raw.lowerThreshold === known.lowerThreshold &&
      FORWARDS[raw.method] === known.forward &&
      addressFamily(known.address) === this.#family &&
      isAddressAt(this.#bytes, known.address, raw.addressAt) &&
      (known.forward !== 'tunnel' || isTunnel(decodeTunnel(raw.tunnelType, raw.tunnelPort, raw.tunnelFlags), known))
    );
  }

  destination(): Destination | Unmanageable {
    const { addressAt, port, method, weight, upperThreshold, lowerThreshold, tunnelType, tunnelPort, tunnelFlags } = this.#raw;
    const address = readAddressAt(this.#bytes, this.#family, addressAt);
    const key = destinationKey(address, port);
    const unmanageable = (reason: string): Unmanageable => ({ service: this.#service, destination: key, reason });
    const forward = FORWARDS[method];
    if (forward === undefined) return unmanageable(`forwarding method ${method}`);
    if (weight > MAX_WEIGHT) return unmanageable(`weight ${weight | 0}`);
    if (upperThreshold > MAX_THRESHOLD) return unmanageable(`upper threshold ${upperThreshold}`);
    if (lowerThreshold > MAX_THRESHOLD) return unmanageable(`lower threshold ${lowerThreshold}`);
    const tunnel = forward === 'tunnel' ? decodeTunnel(tunnelType, tunnelPort, tunnelFlags) : NO_TUNNEL;
    if (typeof tunnel === 'string') return unmanageable(tunnel);
    return {
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
  }

  /** undefined for none. */
  connections(): Connections | undefined {
    const { active, inactive, persistent } = this.#raw;
    return (active | inactive | persistent) === 0 ? undefined : { active, inactive, persistent };
  }

  get #family(): Family {
    const { family } = this.#raw;
    return family === 0 ? this.#serviceFamily : family === uapi.AF_INET6 ? 'ipv6' : 'ipv4';
  }
}

function rawDestination(): RawDestination {
  return {
    family: 0,
    addressAt: 0,
    port: 0,
    method: 0,
    weight: 0,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: 0,
    tunnelPort: 0,
    tunnelFlags: 0,
    active: 0,
    inactive: 0,
    persistent: 0,
  };
}

function readAttributes(raw: RawDestination, bytes: Bytes, start: number, end: number): void {
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
  raw.family = family;
  raw.addressAt = addressAt;
  raw.port = port;
  raw.method = method;
  raw.weight = weight;
  raw.upperThreshold = upperThreshold;
  raw.lowerThreshold = lowerThreshold;
  raw.tunnelType = tunnelType;
  raw.tunnelPort = tunnelPort;
  raw.tunnelFlags = tunnelFlags;
  raw.active = active;
  raw.inactive = inactive;
  raw.persistent = persistent;
}

function isTunnel(tunnel: Tunnel | string, known: Destination): boolean {
  if (typeof tunnel === 'string') return false;
  return tunnel.type === known.tunnelType && tunnel.port === known.tunnelPort && tunnel.checksum === known.tunnelChecksum;
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
