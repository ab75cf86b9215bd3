import { IpvstateError } from '../../errors.ts';
import type { ServiceCounters } from '../../model/counters.ts';
import { sameService } from '../../model/equality.ts';
import type { ReadOptions, Snapshot, Unmanageable } from '../../model/ipvs.ts';
import { parseServiceKey, type Service, type ServiceKey } from '../../model/service.ts';
import type { Daemon } from '../../model/settings.ts';
import type { ServiceEntry } from '../../model/table.ts';
import type { Connection } from './connection.ts';
import type { ConnectionPool } from './pool.ts';
import { listDaemons } from './read-daemons.ts';
import { type FoundDestinations, listDestinations } from './read-destinations.ts';
import { type FoundService, findServices, listServices } from './read-services.ts';
import { readTimeouts } from './request.ts';

/** One more dump socket for so many services, up to a bound: parallel dumps share the turns of the event loop. */
const SERVICES_PER_SOCKET = 16;
const MAX_DUMP_SOCKETS = 8;

/** Reads the table once. Throws rather than return less than there is; the caller may then try again with new dump sockets. */
export async function readSnapshot(pool: ConnectionPool, family: number, options: ReadOptions): Promise<Snapshot> {
  const stats = options.stats ?? false;
  const services = new Map<ServiceKey, FoundService>();
  const unmanageable = new Map<string, Unmanageable>();
  const found = (service: FoundService | Unmanageable) => {
    if ('reason' in service) unmanageable.set(service.service, service);
    else services.set(service.service.key, service);
  };
  if (options.services === undefined) {
    await listServices(firstOf(pool.dumps(1)), family, stats, found);
  } else {
    await findServices(pool.command(), family, identitiesOf(options.services), stats, found);
  }
  const destinations = await listAllDestinations(pool, family, services, options);
  await dropVanished(pool.command(), family, services, destinations);

  const entries = new Map<ServiceKey, ServiceEntry>();
  const counters = new Map<ServiceKey, ServiceCounters>();
  const destinationReasons: Unmanageable[] = [];
  for (const [key, { service, stats: serviceStats }] of services) {
    const pooled = destinations.get(key);
    if (!pooled) continue;
    entries.set(key, entryLike(options.like?.services.get(key), service, pooled.destinations));
    counters.set(key, { stats: serviceStats, destinations: pooled.counters });
    if (pooled.unmanageable) destinationReasons.push(...pooled.unmanageable.values());
  }
  const timeouts = await readTimeouts(pool.command(), family);
  const daemons: Daemon[] = [];
  for (const daemon of await listDaemons(firstOf(pool.dumps(1)), family)) {
    if ('reason' in daemon) unmanageable.set(daemon.service, daemon);
    else daemons.push(daemon);
  }
  return {
    table: { services: entries, timeouts, daemons },
    counters,
    unmanageable: [...unmanageable.values(), ...destinationReasons],
  };
}

/** The entry that was expected, when it is that one in all. */
function entryLike(like: ServiceEntry | undefined, service: Service, destinations: ServiceEntry['destinations']): ServiceEntry {
  return like && like.destinations === destinations && sameService(like.service, service) ? like : { service, destinations };
}

async function listAllDestinations(
  pool: ConnectionPool,
  family: number,
  services: ReadonlyMap<ServiceKey, FoundService>,
  { stats = false, like, signal }: ReadOptions,
): Promise<Map<ServiceKey, FoundDestinations>> {
  const destinations = new Map<ServiceKey, FoundDestinations>();
  const queue = services.values();
  const drain = async (connection: Connection) => {
    for (const { service } of queue) {
      if (signal?.aborted) return;
      const known = like?.services.get(service.key)?.destinations;
      destinations.set(service.key, await listDestinations(connection, family, service, stats, known));
    }
  };
  const sockets = Math.min(MAX_DUMP_SOCKETS, Math.ceil(services.size / SERVICES_PER_SOCKET));
  await Promise.all(pool.dumps(sockets).map(drain));
  if (signal?.aborted) throw new IpvstateError('ABORTED', 'the read was ended, as the caller asked');
  return destinations;
}

/** A destination list is also empty when its service was deleted after it was listed: such a service is left out. */
async function dropVanished(
  connection: Connection,
  family: number,
  services: ReadonlyMap<ServiceKey, FoundService>,
  destinations: Map<ServiceKey, FoundDestinations>,
): Promise<void> {
  const empty = [...services.values()].filter(({ service }) => isEmpty(destinations.get(service.key)));
  const confirmed = new Set<number>();
  const identities = empty.map(({ service }) => service.identity);
  await findServices(connection, family, identities, false, (_service, index) => confirmed.add(index));
  for (const [index, { service }] of empty.entries()) if (!confirmed.has(index)) destinations.delete(service.key);
}

function isEmpty(found: FoundDestinations | undefined): boolean {
  return found === undefined || (found.destinations.size === 0 && found.unmanageable === undefined);
}

function identitiesOf(keys: Iterable<ServiceKey>) {
  return [...new Set(keys)].map((key) => {
    const identity = parseServiceKey(key);
    if (!identity) throw new Error(`not a service key: ${key}`);
    return identity;
  });
}

function firstOf(connections: readonly Connection[]): Connection {
  const [connection] = connections;
  if (!connection) throw new Error('no connection');
  return connection;
}
