import type { Destination, DestinationKey } from '../../model/destination.ts';
import {
  type DrainPolicy,
  type DrainRecord,
  drainKey,
  openConnections,
  type PendingDrain,
  rememberedConnections,
} from '../../model/drain.ts';
import { type Connections, NO_CONNECTIONS, type ServiceCounters } from '../../model/ipvs.ts';
import { isUdpService, type Service, type ServiceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';

/** A destination that the plan would delete, and keeps with weight 0 for its connections. */
export interface Drain extends PendingDrain {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  /** Open connections; of UDP, every flow. */
  readonly connections: number;
  /** All that the kernel remembers: closed connections and persistence templates as well. */
  readonly remembered: number;
  /** Seconds until it is deleted whatever it has. */
  readonly secondsLeft: number;
  /** Seconds that closed connections and templates are still waited for, once none is open. */
  readonly lingerSeconds: number;
}

/**
 * A destination that the plan deletes because its time is over, with the connections that it still
 * has.
 */
export interface OverdueDrain {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly connections: number;
}

/** The records of earlier runs, and the time. */
export interface DrainClock extends DrainRecord {
  /** The monotonic clock, in seconds. */
  readonly now: number;
}

export interface Drained {
  readonly entry: ServiceEntry;
  readonly drains: readonly Drain[];
  readonly overdue: readonly OverdueDrain[];
}

/**
 * Keeps the removed destinations of a service for as long as the kernel remembers their
 * connections, and time is left. `desired` is undefined for a service that was removed: then all
 * its destinations are, and the result has no destination when it can be deleted.
 */
export function drain(
  desired: ServiceEntry | undefined,
  live: ServiceEntry,
  policy: DrainPolicy,
  counters: ServiceCounters | undefined,
  clock: DrainClock,
): Drained {
  const { service } = live;
  const drains: Drain[] = [];
  const overdue: OverdueDrain[] = [];
  const destinations = new Map<DestinationKey, Destination>(desired?.destinations);
  for (const [key, destination] of live.destinations) {
    if (desired?.destinations.has(key)) continue;
    const counted = counters?.destinations.get(key) ?? NO_CONNECTIONS;
    const begun = clock.drains.get(drainKey(service.key, key));
    const decision = decideDrain(service, destination, counted, begun, policy, clock.now);
    const connections = openConnections(service.key, counted);
    if (decision === 'out-of-time' && connections > 0)
      overdue.push({ service: service.key, destination: key, connections });
    if (typeof decision === 'string') continue;
    destinations.set(key, { ...destination, weight: 0 });
    const { deadlineSeconds, quietSinceSeconds: quiet } = decision;
    drains.push({
      ...decision,
      ...(!desired && { leaving: true }),
      service: service.key,
      destination: key,
      connections,
      remembered: rememberedConnections(counted),
      secondsLeft: deadlineSeconds - clock.now,
      lingerSeconds: policy.lingerSeconds - (quiet === undefined ? 0 : clock.now - quiet),
    });
  }
  return { entry: { service: desired?.service ?? service, destinations }, drains, overdue };
}

/**
 * Decides whether a removed destination is kept, and until when. One that still takes new
 * connections is kept until the next read, at weight 0: a connection that came after this read was
 * counted nowhere.
 */
export function decideDrain(
  service: Service,
  destination: Destination,
  connections: Connections,
  begun: PendingDrain | undefined,
  { timeoutSeconds, lingerSeconds }: DrainPolicy,
  now: number,
): PendingDrain | 'forgotten' | 'out-of-time' {
  const isDrained = destination.weight === 0;
  if (rememberedConnections(connections) === 0 && (isDrained || hasNoFlows(service)))
    return 'forgotten';
  const deadlineSeconds = begun?.deadlineSeconds ?? now + timeoutSeconds;
  if (now >= deadlineSeconds) return 'out-of-time';
  const weight = begun?.weight ?? destination.weight;
  if (!isQuiet(service, connections)) return { deadlineSeconds, weight };
  const quietSinceSeconds = (isDrained ? begun?.quietSinceSeconds : undefined) ?? now;
  if (isDrained && now >= quietSinceSeconds + lingerSeconds) return 'forgotten';
  return { deadlineSeconds, weight, quietSinceSeconds };
}

/**
 * Tells whether no connection is open. A firewall mark may carry UDP, whose flows are all inactive.
 */
function isQuiet({ key, identity }: Service, connections: Connections): boolean {
  const mayBeFlows = identity.kind === 'fwmark' && connections.inactive > 0;
  return openConnections(key, connections) === 0 && !mayBeFlows;
}

/**
 * Tells whether the kernel forgets each packet at once. A firewall mark may carry TCP as well,
 * which it does not forget.
 */
function hasNoFlows({ key, onePacket }: Service): boolean {
  return onePacket && isUdpService(key);
}
