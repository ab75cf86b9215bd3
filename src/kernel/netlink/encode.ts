import type { Operation, OperationKind } from '../../model/operation.ts';
import type { ServiceIdentity } from '../../model/service.ts';
import { writeDestination, writeDestinationKey } from './encode-destination.ts';
import { writeService, writeServiceKey } from './encode-service.ts';
import { writeDaemon, writeDaemonRole, writeTimeouts } from './encode-settings.ts';
import type { MessageWriter } from './message-writer.ts';
import * as uapi from './uapi.ts';

/** The command of each operation. A sysctl is a file, not a request. */
const COMMANDS = {
  'add-service': uapi.IPVS_CMD_NEW_SERVICE,
  'edit-service': uapi.IPVS_CMD_SET_SERVICE,
  'delete-service': uapi.IPVS_CMD_DEL_SERVICE,
  'add-destination': uapi.IPVS_CMD_NEW_DEST,
  'edit-destination': uapi.IPVS_CMD_SET_DEST,
  'delete-destination': uapi.IPVS_CMD_DEL_DEST,
  'set-timeouts': uapi.IPVS_CMD_SET_CONFIG,
  'start-daemon': uapi.IPVS_CMD_NEW_DAEMON,
  'stop-daemon': uapi.IPVS_CMD_DEL_DAEMON,
  zero: uapi.IPVS_CMD_ZERO,
  flush: uapi.IPVS_CMD_FLUSH,
} satisfies Record<Exclude<OperationKind, 'set-sysctl'>, number>;

/**
 * Encodes the one request of an operation. `family` is the id of the IPVS family.
 *
 * An edit has every attribute, because the kernel replaces all settings: without PE_NAME it removes
 * the persistence engine, without TUN_TYPE it makes an ipip tunnel. No request asks for an ACK,
 * because the kernel answers a refused request in any case.
 */
export function encodeOperation(
  writer: MessageWriter,
  family: number,
  sequence: number,
  operation: Operation,
): void {
  if (operation.kind === 'set-sysctl') throw new Error('a sysctl has no netlink request');
  openRequest(writer, family, sequence, COMMANDS[operation.kind]);
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service':
      writeService(writer, operation.service);
      break;
    case 'delete-service':
      writeServiceKey(writer, operation.service);
      break;
    case 'add-destination':
    case 'edit-destination':
      writeServiceKey(writer, operation.service);
      writeDestination(writer, operation.destination);
      break;
    case 'delete-destination':
      writeServiceKey(writer, operation.service);
      writeDestinationKey(writer, operation.destination);
      break;
    case 'set-timeouts':
      writeTimeouts(writer, operation.timeouts);
      break;
    case 'start-daemon':
      writeDaemon(writer, operation.daemon);
      break;
    case 'stop-daemon':
      writeDaemonRole(writer, operation.role);
      break;
    case 'zero':
      if (operation.service) writeServiceKey(writer, operation.service);
      break;
    case 'flush':
      break;
    default:
      operation satisfies never;
  }
  writer.closeMessage();
}

/**
 * Encodes a request without attributes: GET_INFO, GET_CONFIG, and the dumps of services and
 * daemons.
 */
export function encodeRequest(
  writer: MessageWriter,
  family: number,
  sequence: number,
  command: number,
  flags = 0,
): void {
  openRequest(writer, family, sequence, command, flags);
  writer.closeMessage();
}

/** Encodes a request that names a service: GET_SERVICE, and the dump of its destinations. */
export function encodeServiceKeyRequest(
  writer: MessageWriter,
  family: number,
  sequence: number,
  command: number,
  identity: ServiceIdentity,
  flags = 0,
): void {
  openRequest(writer, family, sequence, command, flags);
  writeServiceKey(writer, identity);
  writer.closeMessage();
}

/** Encodes the request for the id of a generic netlink family (uapi: CTRL_CMD_GETFAMILY). */
export function encodeFamilyRequest(writer: MessageWriter, sequence: number, name: string): void {
  writer.openMessage(uapi.GENL_ID_CTRL, uapi.NLM_F_REQUEST, sequence, uapi.CTRL_CMD_GETFAMILY, 1);
  writer.string(uapi.CTRL_ATTR_FAMILY_NAME, name);
  writer.closeMessage();
}

function openRequest(
  writer: MessageWriter,
  family: number,
  sequence: number,
  command: number,
  flags = 0,
): void {
  writer.openMessage(family, uapi.NLM_F_REQUEST | flags, sequence, command, uapi.IPVS_GENL_VERSION);
}
