import { type DestinationCounters, NO_CONNECTIONS } from '../../model/counters.ts';
import type { Destination, DestinationKey } from '../../model/destination.ts';
import { sameDestination } from '../../model/equality.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import { type Service, serviceFamily } from '../../model/service.ts';
import { attributeLength, attributeType, type Bytes, malformed, nextAttribute } from './attributes.ts';
import type { Connection } from './connection.ts';
import { DestinationDecoder } from './decode-destination.ts';
import { DESTINATION_STATS, decodeStats } from './decode-stats.ts';
import { encodeServiceKeyRequest } from './encode.ts';
import { Expected } from './expected.ts';
import { readError } from './request.ts';
import { IPVS_CMD_ATTR_DEST, IPVS_CMD_GET_DEST, NLA_HDRLEN, NLM_F_DUMP } from './uapi.ts';

/** The destinations of one service. A map each: an entry listed twice, because the table changed meanwhile, is kept once. */
export interface FoundDestinations {
  readonly destinations: ReadonlyMap<DestinationKey, Destination>;
  /** Without stats, of those alone that have connections. */
  readonly counters: ReadonlyMap<DestinationKey, DestinationCounters>;
  /** undefined for none, as nearly always. */
  readonly unmanageable: ReadonlyMap<string, Unmanageable> | undefined;
}

/**
 * Lists the destinations of a service. None are found when the service is gone: the kernel answers with an empty list. Those equal to
 * one of `like` are its objects, and the map is that of `like` when all of them are.
 */
export async function listDestinations(
  connection: Connection,
  family: number,
  service: Service,
  stats: boolean,
  like: ReadonlyMap<DestinationKey, Destination> | undefined,
): Promise<FoundDestinations> {
  const listing = new Listing(service, stats, like);
  let refused = 0;
  encodeServiceKeyRequest(connection.writer, family, connection.begin(), IPVS_CMD_GET_DEST, service.identity, NLM_F_DUMP);
  await connection.dump({
    data: (bytes, start, end) => {
      const at = findDestination(bytes, start, end);
      listing.add(bytes, at + NLA_HDRLEN, at + attributeLength(bytes, at, end));
    },
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused !== 0) throw readError(`list the destinations of ${service.key}`, refused);
  return listing.found();
}

const NO_DESTINATIONS: ReadonlyMap<DestinationKey, Destination> = new Map();
const NO_COUNTERS: ReadonlyMap<DestinationKey, DestinationCounters> = new Map();

/** What a listing has brought so far. */
class Listing {
  readonly #decoder: DestinationDecoder;
  readonly #stats: boolean;
  readonly #like: ReadonlyMap<DestinationKey, Destination>;
  readonly #expected: Expected;
  readonly #listed: Destination[] = [];
  /** Whether each was the one that was expected: then none was listed twice. */
  #isExpected = true;
  #counters: Map<DestinationKey, DestinationCounters> | undefined;
  #unmanageable: Map<string, Unmanageable> | undefined;

  constructor({ identity, key }: Service, stats: boolean, like = NO_DESTINATIONS) {
    this.#decoder = new DestinationDecoder(serviceFamily(identity), key);
    this.#stats = stats;
    this.#like = like;
    this.#expected = new Expected(like);
  }

  /** The inside of a DEST nest. */
  add(bytes: Bytes, start: number, end: number): void {
    this.#decoder.read(bytes, start, end);
    const destination = this.#expected.next(this.#decoder) ?? this.#unexpected();
    if (!destination) return;
    this.#listed.push(destination);
    const connections = this.#decoder.connections();
    if (!connections && !this.#stats) return;
    this.#counters ??= new Map();
    const counted = this.#stats ? decodeStats(bytes, start, end, DESTINATION_STATS) : undefined;
    this.#counters.set(destination.key, { ...(connections ?? NO_CONNECTIONS), stats: counted });
  }

  found(): FoundDestinations {
    const isLike = this.#isExpected && this.#listed.length === this.#like.size;
    return {
      destinations: isLike ? this.#like : new Map(this.#listed.map((destination) => [destination.key, destination])),
      counters: this.#counters ?? NO_COUNTERS,
      unmanageable: this.#unmanageable,
    };
  }

  #unexpected(): Destination | undefined {
    this.#isExpected = false;
    const destination = this.#decoder.destination();
    if ('reason' in destination) {
      this.#unmanageable ??= new Map();
      this.#unmanageable.set(destination.destination ?? '', destination);
      return undefined;
    }
    const known = this.#like.get(destination.key);
    return known && sameDestination(known, destination) ? known : destination;
  }
}

function findDestination(bytes: Bytes, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    if (attributeType(bytes, at) === IPVS_CMD_ATTR_DEST) return at;
    at = nextAttribute(at, length);
  }
  throw malformed('a destination reply without a destination');
}
