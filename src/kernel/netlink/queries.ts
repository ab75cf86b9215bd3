import { type ErrnoName, IpvstateError } from '../../errors.ts';
import type { IpvsInfo, Unmanageable } from '../../model/ipvs.ts';
import type { Service, ServiceIdentity } from '../../model/service.ts';
import type { Daemon, Timeouts } from '../../model/settings.ts';
import { type AttributeReader, malformed } from './attribute-reader.ts';
import { type Connection, LostError, StaleFamilyError } from './connection.ts';
import {
  addDestination,
  type DecodedDestination,
  type DestinationTotals,
  decodeDestination,
} from './decode-destination.ts';
import { type DecodedService, decodeService } from './decode-service.ts';
import { decodeDaemon, decodeFamilyId, decodeInfo, decodeTimeouts } from './decode-settings.ts';
import { encodeFamilyRequest, encodeRequest, encodeServiceKeyRequest } from './encode.ts';
import { readRefusal } from './refusal.ts';
import * as uapi from './uapi.ts';

/*
 * The requests that read, one function each. `family` is the id of the IPVS family. All of them
 * throw `LOST`, `PROTOCOL`, `PERMISSION`, or `StaleFamilyError` when the kernel does not know the
 * family id.
 */

/**
 * Asks for the id of the IPVS family, which is another one whenever the module is loaded again. The
 * kernel loads the module if it can. Throws `UNAVAILABLE` when there is no module.
 */
export async function readFamilyId(connection: Connection): Promise<number> {
  let id: number | undefined;
  let refused: ErrnoName | undefined;
  encodeFamilyRequest(connection.writer, connection.begin(), uapi.IPVS_GENL_NAME);
  await connection.batch(1, {
    data: (attributes) => {
      id = decodeFamilyId(attributes);
    },
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused === 'ENOENT') throw unavailable();
  if (refused !== undefined) throw readRefusal('look up the IPVS family', refused);
  if (id === undefined) throw malformed('an ACK in place of a family');
  return id;
}

export function unavailable(): IpvstateError {
  return new IpvstateError('UNAVAILABLE', 'the kernel has no IPVS', {
    hint: 'Load its module: modprobe ip_vs, in a container on the host. See `ipvstate doctor`.',
  });
}

export function readInfo(connection: Connection, family: number): Promise<IpvsInfo> {
  return readOne(connection, family, uapi.IPVS_CMD_GET_INFO, 'read the version', decodeInfo);
}

export function readTimeouts(connection: Connection, family: number): Promise<Timeouts> {
  return readOne(connection, family, uapi.IPVS_CMD_GET_CONFIG, 'read the timeouts', decodeTimeouts);
}

/** Lists the running sync daemons, master first. */
export async function listDaemons(
  connection: Connection,
  family: number,
): Promise<(Daemon | Unmanageable)[]> {
  const daemons: (Daemon | Unmanageable)[] = [];
  encodeRequest(
    connection.writer,
    family,
    connection.begin(),
    uapi.IPVS_CMD_GET_DAEMON,
    uapi.NLM_F_DUMP,
  );
  await dump(connection, 'list the sync daemons', (attributes) => {
    while (attributes.next()) {
      if (attributes.type === uapi.IPVS_CMD_ATTR_DAEMON)
        daemons.push(decodeDaemon(attributes.nested()));
    }
  });
  return daemons;
}

/**
 * Lists every service. `found` is called twice for a service that the kernel lists twice, as it may
 * when the table changes during the dump.
 */
export async function listServices(
  connection: Connection,
  family: number,
  withStats: boolean,
  found: (service: DecodedService | Unmanageable) => void,
): Promise<void> {
  encodeRequest(
    connection.writer,
    family,
    connection.begin(),
    uapi.IPVS_CMD_GET_SERVICE,
    uapi.NLM_F_DUMP,
  );
  await dump(connection, 'list the services', (attributes) =>
    found(decodeServiceReply(attributes, withStats)),
  );
}

/**
 * Looks up services by their identity, many in one send. `found` is called for those that exist.
 */
export async function findServices(
  connection: Connection,
  family: number,
  identities: readonly ServiceIdentity[],
  withStats: boolean,
  found: (service: DecodedService | Unmanageable, index: number) => void,
): Promise<void> {
  for (let start = 0; start < identities.length; start += connection.batchLimit) {
    const batch = identities.slice(start, start + connection.batchLimit);
    const sequence = connection.begin();
    for (const [index, identity] of batch.entries()) {
      encodeServiceKeyRequest(
        connection.writer,
        family,
        sequence + index,
        uapi.IPVS_CMD_GET_SERVICE,
        identity,
      );
    }
    let refused: ErrnoName | undefined;
    await connection.batch(batch.length, {
      data: (attributes, index) => found(decodeServiceReply(attributes, withStats), start + index),
      refused: (errno) => {
        // ESRCH says that there is no such service.
        if (errno !== 'ESRCH') refused = errno;
      },
    });
    if (refused !== undefined) throw queryError('look up services', refused);
  }
}

/**
 * Lists the destinations of a service. The list is also empty when the service no longer exists.
 * `found` is called twice for a destination that the kernel lists twice.
 */
export function listDestinations(
  connection: Connection,
  family: number,
  service: Service,
  withStats: boolean,
  found: (destination: DecodedDestination | Unmanageable) => void,
): Promise<void> {
  return dumpDestinations(connection, family, service, (attributes) =>
    found(decodeDestination(attributes, service, withStats)),
  );
}

/**
 * Sums up the destinations of a service. The sums are 0 when the service no longer exists. A
 * destination that the kernel lists twice counts twice, until the next read.
 */
export async function sumDestinations(
  connection: Connection,
  family: number,
  service: Service,
): Promise<DestinationTotals> {
  const sums = { destinations: 0, usable: 0, active: 0, inactive: 0, persistent: 0 };
  await dumpDestinations(connection, family, service, (attributes) =>
    addDestination(attributes, sums),
  );
  return sums;
}

/** Hands over the inside of the DEST nest of each destination. */
async function dumpDestinations(
  connection: Connection,
  family: number,
  service: Service,
  visit: (attributes: AttributeReader) => void,
): Promise<void> {
  const { writer } = connection;
  encodeServiceKeyRequest(
    writer,
    family,
    connection.begin(),
    uapi.IPVS_CMD_GET_DEST,
    service.identity,
    uapi.NLM_F_DUMP,
  );
  await dump(connection, `list the destinations of ${service.key}`, (attributes) => {
    if (!findAttribute(attributes, uapi.IPVS_CMD_ATTR_DEST))
      throw malformed('a destination reply without a destination');
    visit(attributes.nested());
  });
}

function decodeServiceReply(
  attributes: AttributeReader,
  withStats: boolean,
): DecodedService | Unmanageable {
  if (!findAttribute(attributes, uapi.IPVS_CMD_ATTR_SERVICE))
    throw malformed('a service reply without a service');
  return decodeService(attributes.nested(), withStats);
}

/** Moves to the first attribute of the type. Returns false when there is none. */
function findAttribute(attributes: AttributeReader, type: number): boolean {
  while (attributes.next()) if (attributes.type === type) return true;
  return false;
}

/** Sends the dump request in the writer. `request` is what the error says. */
async function dump(
  connection: Connection,
  request: string,
  data: (attributes: AttributeReader) => void,
): Promise<void> {
  let refused: ErrnoName | undefined;
  await connection.dump({
    data,
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused !== undefined) throw queryError(request, refused);
}

/** Sends a request without attributes that has one reply. `request` is what the error says. */
async function readOne<T>(
  connection: Connection,
  family: number,
  command: number,
  request: string,
  decode: (attributes: AttributeReader) => T,
): Promise<T> {
  let value: T | undefined;
  let refused: ErrnoName | undefined;
  encodeRequest(connection.writer, family, connection.begin(), command);
  await connection.batch(1, {
    data: (attributes) => {
      value = decode(attributes);
    },
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused !== undefined) throw queryError(request, refused);
  if (value === undefined) throw malformed(`no data in answer to: ${request}`);
  return value;
}

/**
 * ENOENT is the answer to an unknown family id, because no request that reads has ENOENT as an
 * answer of its own.
 */
function queryError(request: string, errno: ErrnoName): Error {
  if (errno === 'ENOENT') return new StaleFamilyError();
  if (errno === 'EBUSY') return new LostError('the socket is busy with another listing');
  return readRefusal(request, errno);
}
