import type { Address } from '../../model/address.ts';
import type { IpvsInfo, Unmanageable } from '../../model/ipvs.ts';
import { type Daemon, MAX_SYNC_ID, type Timeouts } from '../../model/settings.ts';
import { type AttributeReader, malformed } from './attribute-reader.ts';
import * as uapi from './uapi.ts';
import { DAEMON_ROLE } from './words.ts';

/**
 * Decodes a GET_CONFIG reply, in seconds. A kernel that is built without TCP or UDP balancing
 * leaves out the attribute. Its timeout is then 0, which a request takes as "no change".
 */
export function decodeTimeouts(attributes: AttributeReader): Timeouts {
  let tcp = 0;
  let tcpFin = 0;
  let udp = 0;
  while (attributes.next()) {
    switch (attributes.type) {
      case uapi.IPVS_CMD_ATTR_TIMEOUT_TCP:
        tcp = attributes.u32();
        break;
      case uapi.IPVS_CMD_ATTR_TIMEOUT_TCP_FIN:
        tcpFin = attributes.u32();
        break;
      case uapi.IPVS_CMD_ATTR_TIMEOUT_UDP:
        udp = attributes.u32();
        break;
    }
  }
  return { tcp, tcpFin, udp };
}

/** Decodes a GET_INFO reply (uapi: IPVS_INFO_ATTR_*). Throws `PROTOCOL`. */
export function decodeInfo(attributes: AttributeReader): IpvsInfo {
  let version: number | undefined;
  let connectionTableSize: number | undefined;
  while (attributes.next()) {
    if (attributes.type === uapi.IPVS_INFO_ATTR_VERSION) version = attributes.u32();
    else if (attributes.type === uapi.IPVS_INFO_ATTR_CONN_TAB_SIZE)
      connectionTableSize = attributes.u32();
  }
  if (version === undefined || connectionTableSize === undefined)
    throw malformed('GET_INFO without all its attributes');
  return {
    version: `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`,
    connectionTableSize,
  };
}

/**
 * Decodes the inside of a DAEMON nest (uapi: IPVS_DAEMON_ATTR_*). The kernel has filled in its
 * defaults. A daemon with a sync id that does not fit into its messages is `Unmanageable`. Throws
 * `PROTOCOL`.
 */
export function decodeDaemon(attributes: AttributeReader): Daemon | Unmanageable {
  let state = 0;
  let interfaceName: string | undefined;
  let syncId = -1;
  let maxLength = 0;
  let group: Address | undefined;
  let port = 0;
  let ttl = 0;
  while (attributes.next()) {
    switch (attributes.type) {
      case uapi.IPVS_DAEMON_ATTR_STATE:
        state = attributes.u32();
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_IFN:
        interfaceName = attributes.string();
        break;
      case uapi.IPVS_DAEMON_ATTR_SYNC_ID:
        syncId = attributes.u32();
        break;
      case uapi.IPVS_DAEMON_ATTR_SYNC_MAXLEN:
        maxLength = attributes.u16();
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_GROUP:
        group = attributes.address4();
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_GROUP6:
        group = attributes.addressAt(attributes.addressOffset(), 'ipv6');
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_PORT:
        port = attributes.u16();
        break;
      case uapi.IPVS_DAEMON_ATTR_MCAST_TTL:
        ttl = attributes.u8();
        break;
    }
  }
  const role = DAEMON_ROLE.wordOf(state);
  if (role === undefined || interfaceName === undefined || syncId < 0) {
    throw malformed('a sync daemon without its state, interface or id');
  }
  if (syncId > MAX_SYNC_ID)
    return { service: `sync daemon ${role}`, destination: undefined, reason: `sync id ${syncId}` };
  return { role, interface: interfaceName, syncId, maxLength, group, port, ttl };
}

/** Decodes the family id in the reply to CTRL_CMD_GETFAMILY. Throws `PROTOCOL`. */
export function decodeFamilyId(attributes: AttributeReader): number {
  while (attributes.next()) {
    if (attributes.type === uapi.CTRL_ATTR_FAMILY_ID) return attributes.u16();
  }
  throw malformed('a family without an id');
}
