import type { Stats } from '../../model/counters.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import type { Service, ServiceIdentity } from '../../model/service.ts';
import { attributeLength, attributeType, type Bytes, malformed, nextAttribute } from './attributes.ts';
import type { Connection } from './connection.ts';
import { decodeService } from './decode-service.ts';
import { decodeStats, SERVICE_STATS } from './decode-stats.ts';
import { encodeRequest, encodeServiceKeyRequest } from './encode.ts';
import { errnoName } from './errno.ts';
import { readError } from './request.ts';
import { IPVS_CMD_ATTR_SERVICE, IPVS_CMD_GET_SERVICE, NLA_HDRLEN, NLM_F_DUMP } from './uapi.ts';

export interface FoundService {
  readonly service: Service;
  readonly stats: Stats | undefined;
}

/** Lists every service. One that is there twice, because the table changed meanwhile, is reported twice. */
export async function listServices(
  connection: Connection,
  family: number,
  stats: boolean,
  found: (service: FoundService | Unmanageable) => void,
): Promise<void> {
  let refused = 0;
  encodeRequest(connection.writer, family, connection.begin(), IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
  await connection.dump({
    data: (bytes, start, end) => found(decodeReply(bytes, start, end, stats)),
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused !== 0) throw readError('list the services', refused);
}

/** Looks these services up, packed; reports those that exist. */
export async function findServices(
  connection: Connection,
  family: number,
  identities: readonly ServiceIdentity[],
  stats: boolean,
  found: (service: FoundService | Unmanageable, index: number) => void,
): Promise<void> {
  for (let start = 0; start < identities.length; start += connection.batchLimit) {
    const part = identities.slice(start, start + connection.batchLimit);
    const first = connection.begin();
    for (const [index, identity] of part.entries()) {
      encodeServiceKeyRequest(connection.writer, family, first + index, IPVS_CMD_GET_SERVICE, identity);
    }
    let refused = 0;
    await connection.batch(part.length, {
      data: (bytes, from, to, index) => found(decodeReply(bytes, from, to, stats), start + index),
      refused: (errno) => {
        if (errnoName(errno) !== 'ESRCH') refused = errno;
      },
    });
    if (refused !== 0) throw readError('look up services', refused);
  }
}

function decodeReply(bytes: Bytes, start: number, end: number, stats: boolean): FoundService | Unmanageable {
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    if (attributeType(bytes, at) === IPVS_CMD_ATTR_SERVICE) {
      const inside = at + NLA_HDRLEN;
      const service = decodeService(bytes, inside, at + length);
      if ('reason' in service) return service;
      return { service, stats: stats ? decodeStats(bytes, inside, at + length, SERVICE_STATS) : undefined };
    }
    at = nextAttribute(at, length);
  }
  throw malformed('a service reply without a service');
}
