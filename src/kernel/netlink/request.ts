import type { IpvsInfo } from '../../model/ipvs.ts';
import type { Timeouts } from '../../model/settings.ts';
import { type Bytes, malformed } from './attributes.ts';
import { type Connection, LostError } from './connection.ts';
import { decodeInfo, decodeTimeouts } from './decode-settings.ts';
import { encodeRequest } from './encode.ts';
import { errnoName } from './errno.ts';
import { readRefusal } from './refusal.ts';
import { StaleFamilyError } from './stale.ts';
import { IPVS_CMD_GET_CONFIG, IPVS_CMD_GET_INFO } from './uapi.ts';

/** The error for a read that the kernel refused. None of them knows ENOENT, so it says that the family id is stale. */
export function readError(request: string, errno: number): Error {
  const name = errnoName(errno);
  if (name === 'ENOENT') return new StaleFamilyError();
  if (name === 'EBUSY') return new LostError('the socket is busy with another listing');
  return readRefusal(request, name);
}

export function readInfo(connection: Connection, family: number): Promise<IpvsInfo> {
  return readOne(connection, family, IPVS_CMD_GET_INFO, 'read the version', decodeInfo);
}

export function readTimeouts(connection: Connection, family: number): Promise<Timeouts> {
  return readOne(connection, family, IPVS_CMD_GET_CONFIG, 'read the timeouts', decodeTimeouts);
}

async function readOne<T>(
  connection: Connection,
  family: number,
  command: number,
  request: string,
  decode: (bytes: Bytes, start: number, end: number) => T,
): Promise<T> {
  let value: T | undefined;
  let refused = 0;
  encodeRequest(connection.writer, family, connection.begin(), command);
  await connection.batch(1, {
    data: (bytes, start, end) => {
      value = decode(bytes, start, end);
    },
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused !== 0) throw readError(request, refused);
  if (value === undefined) throw malformed(`no data in answer to: ${request}`);
  return value;
}
