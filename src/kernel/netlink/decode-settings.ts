import type { Address } from '../../model/address.ts';
import type { IpvsInfo, Unmanageable } from '../../model/ipvs.ts';
import { type Daemon, type DaemonRole, MAX_SYNC_ID, type Timeouts } from '../../model/settings.ts';
import {
  addressOffset,
  attributeLength,
  attributeType,
  type Bytes,
  malformed,
  nextAttribute,
  readAddressAt,
  readString,
  readU8,
  readU16,
  readU32,
  readU32BE,
} from './attributes.ts';
import * as uapi from './uapi.ts';

/** The attributes of a GET_CONFIG reply. */
export function decodeTimeouts(bytes: Bytes, start: number, end: number): Timeouts {
  let tcp = -1;
  let tcpFin = -1;
  let udp = -1;
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    const type = attributeType(bytes, at);
    if (type === uapi.IPVS_CMD_ATTR_TIMEOUT_TCP) tcp = readU32(bytes, at, length);
    else if (type === uapi.IPVS_CMD_ATTR_TIMEOUT_TCP_FIN) tcpFin = readU32(bytes, at, length);
    else if (type === uapi.IPVS_CMD_ATTR_TIMEOUT_UDP) udp = readU32(bytes, at, length);
    at = nextAttribute(at, length);
  }
  // A kernel built without TCP or UDP balancing leaves the attribute out; 0 then says "no such timeout" in both directions.
  return { tcp: Math.max(tcp, 0), tcpFin: Math.max(tcpFin, 0), udp: Math.max(udp, 0) };
}

/** The attributes of a GET_INFO reply. */
export function decodeInfo(bytes: Bytes, start: number, end: number): IpvsInfo {
  let version: number | undefined;
  let connectionTableSize: number | undefined;
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    const type = attributeType(bytes, at);
    if (type === uapi.IPVS_INFO_ATTR_VERSION) version = readU32(bytes, at, length);
    else if (type === uapi.IPVS_INFO_ATTR_CONN_TAB_SIZE) connectionTableSize = readU32(bytes, at, length);
    at = nextAttribute(at, length);
  }
  if (version === undefined || connectionTableSize === undefined) throw malformed('GET_INFO without all its attributes');
  return { version: `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`, connectionTableSize };
}

/** The inside of a DAEMON nest, with the values in effect (the kernel fills in its defaults). */
export function decodeDaemon(bytes: Bytes, start: number, end: number): Daemon | Unmanageable {
  let state = 0;
  let name: string | undefined;
  let syncId = -1;
  let maxLength = 0;
  let group: Address | undefined;
  let port = 0;
  let ttl = 0;
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    switch (attributeType(bytes, at)) {
      case uapi.IPVS_DAEMON_ATTR_STATE:
        state = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_IFN:
        name = readString(bytes, at, length);
        break;
      case uapi.IPVS_DAEMON_ATTR_SYNC_ID:
        syncId = readU32(bytes, at, length);
        break;
      case uapi.IPVS_DAEMON_ATTR_SYNC_MAXLEN:
        maxLength = readU16(bytes, at, length);
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_GROUP: {
        const value = readU32BE(bytes, at, length);
        group = `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}` as Address;
        break;
      }
      case uapi.IPVS_DAEMON_ATTR_MCAST_GROUP6:
        group = readAddressAt(bytes, 'ipv6', addressOffset(bytes, at, length));
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_PORT:
        port = readU16(bytes, at, length);
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_TTL:
        ttl = readU8(bytes, at, length);
        break;
    }
    at = nextAttribute(at, length);
  }
  const role = roleName(state);
  if (role === undefined || name === undefined || syncId < 0) throw malformed('a sync daemon without its state, interface or id');
  if (syncId > MAX_SYNC_ID) return { service: `sync daemon ${role}`, destination: undefined, reason: `sync id ${syncId}` };
  return { role, interface: name, syncId, maxLength, group, port, ttl };
}

/** The family id in a nlctrl reply. */
export function decodeFamilyId(bytes: Bytes, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    if (attributeType(bytes, at) === uapi.CTRL_ATTR_FAMILY_ID) return readU16(bytes, at, length);
    at = nextAttribute(at, length);
  }
  throw malformed('a family without an id');
}

function roleName(state: number): DaemonRole | undefined {
  if (state === uapi.IP_VS_STATE_MASTER) return 'master';
  return state === uapi.IP_VS_STATE_BACKUP ? 'backup' : undefined;
}
