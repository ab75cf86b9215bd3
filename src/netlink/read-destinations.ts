import type { DestinationCounters } from '../model/counters.ts';
import type { Destination, DestinationKey } from '../model/destination.ts';
import { sameDestination } from '../model/equality.ts';
import type { Unmanageable } from '../model/ipvs.ts';
import { type Service, serviceFamily } from '../model/service.ts';
import { attributeLength, attributeType, type Bytes, malformed, nextAttribute } from './attributes.ts';
import type { Connection } from './connection.ts';
import { decodeDestination } from './decode-destination.ts';
import { DESTINATION_STATS, decodeStats } from './decode-stats.ts';
import { encodeServiceKeyRequest } from './encode.ts';
import { readError } from './request.ts';
import { IPVS_CMD_ATTR_DEST, IPVS_CMD_GET_DEST, NLA_HDRLEN, NLM_F_DUMP } from './uapi.ts';

/** The destinations of one service. A map each: an entry listed twice, because the table changed meanwhile, is kept once. */
export interface FoundDestinations {
  readonly destinations: Map<DestinationKey, Destination>;
  readonly counters: Map<DestinationKey, DestinationCounters>;
  /** undefined for none, as nearly always. */
  unmanageable: Map<string, Unmanageable> | undefined;
}

/**
 * Lists the destinations of a service. None are found when the service is gone: the kernel answers with an empty list. Those equal to
 * one of `like` are its objects.
 */
export async function listDestinations(
  connection: Connection,
  family: number,
  service: Service,
  stats: boolean,
  like: ReadonlyMap<DestinationKey, Destination> | undefined,
): Promise<FoundDestinations> {
  const found: FoundDestinations = { destinations: new Map(), counters: new Map(), unmanageable: undefined };
  const ownFamily = serviceFamily(service.identity);
  let refused = 0;
  encodeServiceKeyRequest(connection.writer, family, connection.begin(), IPVS_CMD_GET_DEST, service.identity, NLM_F_DUMP);
  await connection.dump({
    data: (bytes, start, end) => {
      const at = findDestination(bytes, start, end);
      const inside = at + NLA_HDRLEN;
      const stop = at + attributeLength(bytes, at, end);
      const decoded = decodeDestination(bytes, inside, stop, ownFamily, service.key);
      if ('reason' in decoded) {
        found.unmanageable ??= new Map();
        found.unmanageable.set(decoded.destination ?? '', decoded);
        return;
      }
      const { counters } = decoded;
      const known = like?.get(decoded.destination.key);
      const destination = known && sameDestination(known, decoded.destination) ? known : decoded.destination;
      found.destinations.set(destination.key, destination);
      found.counters.set(destination.key, stats ? { ...counters, stats: decodeStats(bytes, inside, stop, DESTINATION_STATS) } : counters);
    },
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused !== 0) throw readError(`list the destinations of ${service.key}`, refused);
  return found;
}

function findDestination(bytes: Bytes, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    if (attributeType(bytes, at) === IPVS_CMD_ATTR_DEST) return at;
    at = nextAttribute(at, length);
  }
  throw malformed('a destination reply without a destination');
}
