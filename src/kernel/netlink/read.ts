import { IpvstateError } from '../../errors.ts';
import type { Destination, DestinationKey } from '../../model/destination.ts';
import {
  type DestinationCounters,
  NO_CONNECTIONS,
  type ReadOptions,
  type ServiceCounters,
  type ServiceTotals,
  type Snapshot,
  type Unmanageable,
} from '../../model/ipvs.ts';
import {
  parseServiceKey,
  type Service,
  type ServiceIdentity,
  type ServiceKey,
} from '../../model/service.ts';
import type { Daemon } from '../../model/settings.ts';
import type { ServiceEntry } from '../../model/table.ts';
import type { Connection } from './connection.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { DestinationTotals } from './decode-destination.ts';
import type { DecodedService } from './decode-service.ts';
import {
  findServices,
  listDaemons,
  listDestinations,
  listServices,
  readTimeouts,
  sumDestinations,
} from './queries.ts';

/**
 * Dumps on several sockets share the turns of the event loop. One more socket pays for this many
 * services.
 */
const SERVICES_PER_SOCKET = 16;
const MAX_DUMP_SOCKETS = 8;

type Services = ReadonlyMap<ServiceKey, DecodedService>;

/**
 * The destinations of one service. They are maps, because a dump may list an entry twice when the
 * table changes meanwhile.
 */
interface FoundDestinations {
  readonly destinations: Map<DestinationKey, Destination>;
  /** Without stats, only those of destinations that have connections. */
  readonly counters: Map<DestinationKey, DestinationCounters>;
  readonly unmanageable: Map<string, Unmanageable>;
}

/**
 * Reads the table once. `family` is the id of the IPVS family. Throws rather than return a part of
 * the table. The caller may then read again with new dump connections. Throws `ABORTED` when the
 * signal fires.
 */
export async function readSnapshot(
  pool: ConnectionPool,
  family: number,
  options: ReadOptions,
): Promise<Snapshot> {
  const { stats = false, signal } = options;
  const services = new Map<ServiceKey, DecodedService>();
  const unmanageable = new Map<string, Unmanageable>();
  const found = (decoded: DecodedService | Unmanageable) => {
    if ('reason' in decoded) unmanageable.set(decoded.service, decoded);
    else services.set(decoded.service.key, decoded);
  };
  if (options.services === undefined)
    await listServices(dumpConnection(pool), family, stats, found);
  else await findServices(pool.command(), family, identitiesOf(options.services), stats, found);
  const destinations = await eachService(
    pool,
    services,
    (connection, { service }) => readDestinations(connection, family, service, stats),
    signal,
  );
  await dropDeletedServices(pool.command(), family, services, destinations, isEmpty);

  const entries = new Map<ServiceKey, ServiceEntry>();
  const counters = new Map<ServiceKey, ServiceCounters>();
  const unmanageableDestinations: Unmanageable[] = [];
  for (const [key, { service, stats: serviceStats }] of services) {
    const of = destinations.get(key);
    if (!of) continue;
    entries.set(key, { service, destinations: of.destinations });
    counters.set(key, { stats: serviceStats, destinations: of.counters });
    for (const entry of of.unmanageable.values()) unmanageableDestinations.push(entry);
  }
  const timeouts = await readTimeouts(pool.command(), family);
  const daemons: Daemon[] = [];
  for (const daemon of await listDaemons(dumpConnection(pool), family)) {
    if ('reason' in daemon) unmanageable.set(daemon.service, daemon);
    else daemons.push(daemon);
  }
  return {
    table: { services: entries, timeouts, daemons },
    counters,
    unmanageable: [...unmanageable.values(), ...unmanageableDestinations],
  };
}

/**
 * Reads the traffic of every service, with the sums of its destinations. No list of destinations is
 * kept, so that a large table takes little memory. Throws as `readSnapshot` does.
 */
export async function readTotals(pool: ConnectionPool, family: number): Promise<ServiceTotals[]> {
  const services = new Map<ServiceKey, DecodedService>();
  await listServices(dumpConnection(pool), family, true, (decoded) => {
    if (!('reason' in decoded)) services.set(decoded.service.key, decoded);
  });
  const sums = await eachService(pool, services, (connection, { service }) =>
    sumDestinations(connection, family, service),
  );
  await dropDeletedServices(pool.command(), family, services, sums, isWithoutDestinations);
  return [...sums].flatMap(([key, own]) => {
    const { service, stats } = services.get(key) ?? {};
    return service && stats ? [{ service, stats, ...own }] : [];
  });
}

function isWithoutDestinations(sums: DestinationTotals | undefined): boolean {
  return sums === undefined || sums.destinations === 0;
}

/** Reads something of every service, on several connections at a time. */
async function eachService<T>(
  pool: ConnectionPool,
  services: Services,
  read: (connection: Connection, service: DecodedService) => Promise<T>,
  signal?: AbortSignal,
): Promise<Map<ServiceKey, T>> {
  const found = new Map<ServiceKey, T>();
  // All connections take their next service from this one iterator.
  const queue = services.values();
  const drain = async (connection: Connection) => {
    for (const decoded of queue) {
      if (signal?.aborted) return;
      found.set(decoded.service.key, await read(connection, decoded));
    }
  };
  const sockets = Math.min(MAX_DUMP_SOCKETS, Math.ceil(services.size / SERVICES_PER_SOCKET));
  await Promise.all(pool.dumps(sockets).map(drain));
  if (signal?.aborted) throw new IpvstateError('ABORTED', 'the read was stopped before its end');
  return found;
}

async function readDestinations(
  connection: Connection,
  family: number,
  service: Service,
  withStats: boolean,
): Promise<FoundDestinations> {
  const found: FoundDestinations = {
    destinations: new Map(),
    counters: new Map(),
    unmanageable: new Map(),
  };
  await listDestinations(connection, family, service, withStats, (decoded) => {
    if ('reason' in decoded) {
      found.unmanageable.set(decoded.destination ?? '', decoded);
      return;
    }
    const { destination, connections, stats } = decoded;
    found.destinations.set(destination.key, destination);
    if (connections !== NO_CONNECTIONS || withStats)
      found.counters.set(destination.key, { ...connections, stats });
  });
  return found;
}

/**
 * Deletes services from `destinations` that were deleted after they were listed. The kernel answers
 * with an empty list for them, so every service without destinations is looked up once more.
 */
async function dropDeletedServices<T>(
  connection: Connection,
  family: number,
  services: Services,
  destinations: Map<ServiceKey, T>,
  isWithout: (found: T | undefined) => boolean,
): Promise<void> {
  const empty = [...services.values()]
    .map(({ service }) => service)
    .filter(({ key }) => isWithout(destinations.get(key)));
  const existing = new Set<number>();
  const identities = empty.map(({ identity }) => identity);
  await findServices(connection, family, identities, false, (_service, index) =>
    existing.add(index),
  );
  for (const [index, { key }] of empty.entries())
    if (!existing.has(index)) destinations.delete(key);
}

function isEmpty(found: FoundDestinations | undefined): boolean {
  return found === undefined || (found.destinations.size === 0 && found.unmanageable.size === 0);
}

function identitiesOf(keys: Iterable<ServiceKey>): ServiceIdentity[] {
  return [...new Set(keys)].map((key) => {
    const identity = parseServiceKey(key);
    if (!identity) throw new Error(`not a service key: ${key}`);
    return identity;
  });
}

function dumpConnection(pool: ConnectionPool): Connection {
  const [connection] = pool.dumps(1);
  if (!connection) throw new Error('no connection');
  return connection;
}
