import { addressFamily } from '../../model/address.ts';
import type { Destination } from '../../model/destination.ts';
import type { Operation } from '../../model/operation.ts';
import { type Protocol, type Service, type ServiceIdentity, serviceFamily } from '../../model/service.ts';
import type { Daemon, DaemonRole } from '../../model/settings.ts';
import { appendDestination, appendDestinationKey, setDestination, setDestinationKey } from './encode-destination.ts';
import * as uapi from './uapi.ts';
import type { MessageWriter } from './writer.ts';

const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: uapi.IPPROTO_TCP, udp: uapi.IPPROTO_UDP, sctp: uapi.IPPROTO_SCTP };

const ROLE_NUMBERS: Readonly<Record<DaemonRole, number>> = { master: uapi.IP_VS_STATE_MASTER, backup: uapi.IP_VS_STATE_BACKUP };

/**
 * Writes the one request that an operation is. Edits carry every attribute, because the kernel takes them as full replacements (a
 * missing PE_NAME removes the engine, missing TUN_* make an ipip tunnel). No ACK is asked for: errors are answered anyway.
 */
export function encodeOperation(writer: MessageWriter, family: number, sequence: number, operation: Operation): void {
  switch (operation.kind) {
    case 'add-service':
      encodeServiceRequest(writer, family, sequence, uapi.IPVS_CMD_NEW_SERVICE, operation.service);
      break;
    case 'edit-service':
      encodeServiceRequest(writer, family, sequence, uapi.IPVS_CMD_SET_SERVICE, operation.service);
      break;
    case 'delete-service':
      encodeServiceKeyRequest(writer, family, sequence, uapi.IPVS_CMD_DEL_SERVICE, operation.service);
      break;
    case 'add-destination':
      encodeDestinationRequest(writer, family, sequence, uapi.IPVS_CMD_NEW_DEST, operation);
      break;
    case 'edit-destination':
      encodeDestinationRequest(writer, family, sequence, uapi.IPVS_CMD_SET_DEST, operation);
      break;
    case 'delete-destination':
      encodeDestinationRequest(writer, family, sequence, uapi.IPVS_CMD_DEL_DEST, operation);
      break;
    case 'set-sysctl':
      throw new Error('a sysctl is a file, not a netlink request');
    case 'set-timeouts':
      openRequest(writer, family, sequence, uapi.IPVS_CMD_SET_CONFIG);
      writer.u32(uapi.IPVS_CMD_ATTR_TIMEOUT_TCP, operation.timeouts.tcp);
      writer.u32(uapi.IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, operation.timeouts.tcpFin);
      writer.u32(uapi.IPVS_CMD_ATTR_TIMEOUT_UDP, operation.timeouts.udp);
      writer.closeMessage();
      break;
    case 'start-daemon':
      openRequest(writer, family, sequence, uapi.IPVS_CMD_NEW_DAEMON);
      writeDaemon(writer, operation.daemon);
      writer.closeMessage();
      break;
    case 'stop-daemon': {
      openRequest(writer, family, sequence, uapi.IPVS_CMD_DEL_DAEMON);
      const nest = writer.openNest(uapi.IPVS_CMD_ATTR_DAEMON);
      writer.u32(uapi.IPVS_DAEMON_ATTR_STATE, ROLE_NUMBERS[operation.role]);
      writer.closeNest(nest);
      writer.closeMessage();
      break;
    }
    case 'zero':
      if (operation.service) encodeServiceKeyRequest(writer, family, sequence, uapi.IPVS_CMD_ZERO, operation.service);
      else encodeRequest(writer, family, sequence, uapi.IPVS_CMD_ZERO);
      break;
    case 'flush':
      encodeRequest(writer, family, sequence, uapi.IPVS_CMD_FLUSH);
      break;
    default:
      operation satisfies never;
  }
}

/** A request without attributes: GET_INFO, GET_CONFIG, FLUSH, and the dumps of services and daemons. */
export function encodeRequest(writer: MessageWriter, family: number, sequence: number, command: number, flags = 0): void {
  openRequest(writer, family, sequence, command, flags);
  writer.closeMessage();
}

/** A request that names a service: GET_SERVICE, DEL_SERVICE, ZERO, and the dump of its destinations. */
export function encodeServiceKeyRequest(
  writer: MessageWriter,
  family: number,
  sequence: number,
  command: number,
  identity: ServiceIdentity,
  flags = 0,
): void {
  openRequest(writer, family, sequence, command, flags);
  const nest = openService(writer, identity);
  writer.closeNest(nest);
  writer.closeMessage();
}

/** nlctrl: asks for the id of a generic netlink family (linux/genetlink.h). */
export function encodeFamilyRequest(writer: MessageWriter, sequence: number, name: string): void {
  writer.openMessage(uapi.GENL_ID_CTRL, uapi.NLM_F_REQUEST, sequence, uapi.CTRL_CMD_GETFAMILY, 1);
  writer.string(uapi.CTRL_ATTR_FAMILY_NAME, name);
  writer.closeMessage();
}

function openRequest(writer: MessageWriter, family: number, sequence: number, command: number, flags = 0): void {
  writer.openMessage(family, uapi.NLM_F_REQUEST | flags, sequence, command, uapi.IPVS_GENL_VERSION);
}

/** The key alone. FWMARK is never sent for an address service: even as 0 it would decide the key. */
function openService(writer: MessageWriter, identity: ServiceIdentity): number {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_SERVICE);
  writer.u16(uapi.IPVS_SVC_ATTR_AF, serviceFamily(identity) === 'ipv6' ? uapi.AF_INET6 : uapi.AF_INET);
  if (identity.kind === 'fwmark') {
    if (identity.fwmark === 0) throw new Error('a service with firewall mark 0');
    writer.u32(uapi.IPVS_SVC_ATTR_FWMARK, identity.fwmark);
  } else {
    writer.u16(uapi.IPVS_SVC_ATTR_PROTOCOL, PROTOCOL_NUMBERS[identity.protocol]);
    writer.address(uapi.IPVS_SVC_ATTR_ADDR, identity.address);
    writer.u16be(uapi.IPVS_SVC_ATTR_PORT, identity.port);
  }
  return nest;
}

function encodeServiceRequest(writer: MessageWriter, family: number, sequence: number, command: number, service: Service): void {
  openRequest(writer, family, sequence, command);
  const nest = openService(writer, service.identity);
  writer.string(uapi.IPVS_SVC_ATTR_SCHED_NAME, service.scheduler);
  if (service.persistenceEngine !== '') writer.string(uapi.IPVS_SVC_ATTR_PE_NAME, service.persistenceEngine);
  const flags =
    (service.schedulerFlags & uapi.IP_VS_SVC_F_SCHED_MASK) |
    (service.persistent ? uapi.IP_VS_SVC_F_PERSISTENT : 0) |
    (service.onePacket ? uapi.IP_VS_SVC_F_ONEPACKET : 0);
  writer.flags(uapi.IPVS_SVC_ATTR_FLAGS, flags, 0xffff_ffff);
  writer.u32(uapi.IPVS_SVC_ATTR_TIMEOUT, service.persistenceTimeoutSeconds);
  if (serviceFamily(service.identity) === 'ipv4') writer.u32be(uapi.IPVS_SVC_ATTR_NETMASK, service.persistenceNetmask);
  else writer.u32(uapi.IPVS_SVC_ATTR_NETMASK, service.persistenceNetmask);
  writer.closeNest(nest);
  writer.closeMessage();
}

function encodeDestinationRequest(
  writer: MessageWriter,
  family: number,
  sequence: number,
  command: number,
  { service, destination }: { readonly service: ServiceIdentity; readonly destination: Destination },
): void {
  const isKeyAlone = command === uapi.IPVS_CMD_DEL_DEST;
  // A service's destinations usually follow each other, and their messages differ in a few bytes.
  let nest = writer.repeatModel(service, command, sequence);
  if (nest === -1) {
    openRequest(writer, family, sequence, command);
    writer.closeNest(openService(writer, service));
    nest = isKeyAlone ? appendDestinationKey(writer) : appendDestination(writer);
    writer.closeMessage();
    writer.keepModel(service, command, nest);
  }
  if (isKeyAlone) setDestinationKey(writer, nest, destination);
  else setDestination(writer, nest, destination);
}

/** Attributes whose value is "the kernel's choice" are left out. */
function writeDaemon(writer: MessageWriter, daemon: Daemon): void {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_DAEMON);
  writer.u32(uapi.IPVS_DAEMON_ATTR_STATE, ROLE_NUMBERS[daemon.role]);
  writer.string(uapi.IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface);
  writer.u32(uapi.IPVS_DAEMON_ATTR_SYNC_ID, daemon.syncId);
  if (daemon.maxLength !== 0) writer.u16(uapi.IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.maxLength);
  if (daemon.group !== undefined) {
    if (addressFamily(daemon.group) === 'ipv4') writer.address4(uapi.IPVS_DAEMON_ATTR_MCAST_GROUP, daemon.group);
    else writer.address(uapi.IPVS_DAEMON_ATTR_MCAST_GROUP6, daemon.group);
  }
  if (daemon.port !== 0) writer.u16(uapi.IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
  if (daemon.ttl !== 0) writer.u8(uapi.IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl);
  writer.closeNest(nest);
}
