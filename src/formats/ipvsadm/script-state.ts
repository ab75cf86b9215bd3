import type { Destination, DestinationKey } from '../../model/destination.ts';
import type { Operation } from '../../model/operation.ts';
import {
  type Service,
  type ServiceIdentity,
  type ServiceKey,
  serviceKey,
} from '../../model/service.ts';
import type { Daemon, DaemonRole, Timeouts } from '../../model/settings.ts';

interface ScriptService {
  readonly service: Service;
  /** Offset of the word that names the service. */
  readonly at: number;
  readonly destinations: Map<DestinationKey, Destination>;
  /**
   * Offsets of the words that name the destinations. A list in the order of `destinations` while
   * all lines only add: a second map takes as much memory as the text.
   */
  places: number[] | Map<DestinationKey, number>;
}

/** The table after the lines that are read. */
export interface ScriptState {
  readonly services: Map<ServiceKey, ScriptService>;
  /**
   * The service of the last destination. The destinations of a service usually follow each other.
   */
  recent: { readonly identity: ServiceIdentity; readonly service: ScriptService } | undefined;
  readonly daemons: Map<DaemonRole, { readonly daemon: Daemon; readonly at: number }>;
  timeouts: Partial<Timeouts>;
  /**
   * True when a line added a service or cleared the table. Else the script does not describe
   * services.
   */
  declaresServices: boolean;
}

export function emptyScriptState(): ScriptState {
  return {
    services: new Map(),
    recent: undefined,
    daemons: new Map(),
    timeouts: {},
    declaresServices: false,
  };
}

/** A copy that later lines change apart from the original. */
export function copyScriptState(state: ScriptState): ScriptState {
  const services = Array.from(state.services, ([key, { service, at, destinations, places }]) => {
    const copy = {
      ...{ service, at, destinations: new Map(destinations) },
      places: Array.isArray(places) ? [...places] : new Map(places),
    };
    return [key, copy] as const;
  });
  return {
    ...state,
    services: new Map(services),
    recent: undefined,
    daemons: new Map(state.daemons),
  };
}

/** The reason why a line cannot run, in the words of ipvsadm for a refusal by the kernel. */
export interface Refusal {
  readonly message: string;
  /** For an entry that exists: the offset of the line that added it. */
  readonly first?: number;
  /** For a missing service: its key. */
  readonly missing?: ServiceKey;
}

/** Offsets of the words that name the destinations of a service. */
export function placesOf(service: ScriptService): Map<DestinationKey, number> {
  const { places } = service;
  if (!Array.isArray(places)) return places;
  const byKey = new Map(
    Array.from(service.destinations.keys(), (key, index) => [key, places[index] ?? 0]),
  );
  service.places = byKey;
  return byKey;
}

/**
 * Applies one operation like ipvsadm and the kernel. A refused operation does not change the state.
 */
export function applyToScript(
  state: ScriptState,
  operation: Operation,
  at: number,
): Refusal | undefined {
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service':
      return putService(state, operation.kind, operation.service, at);
    case 'delete-service': {
      const key = serviceKey(operation.service);
      state.recent = undefined;
      return state.services.delete(key) ? undefined : { message: 'No such service', missing: key };
    }
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      return putDestination(state, operation.kind, operation.service, operation.destination, at);
    case 'set-timeouts':
      state.timeouts = { ...state.timeouts, ...withoutZeros(operation.timeouts) };
      return undefined;
    case 'start-daemon': {
      const running = state.daemons.get(operation.daemon.role);
      if (running) return { message: 'Daemon has already run', first: running.at };
      state.daemons.set(operation.daemon.role, { daemon: operation.daemon, at });
      return undefined;
    }
    case 'stop-daemon':
      state.daemons.delete(operation.role);
      return undefined;
    case 'zero':
    case 'set-sysctl':
      return undefined;
    case 'flush':
      state.services.clear();
      state.recent = undefined;
      state.declaresServices = true;
      return undefined;
    default:
      return operation satisfies never;
  }
}

function putService(
  state: ScriptState,
  kind: 'add-service' | 'edit-service',
  service: Service,
  at: number,
): Refusal | undefined {
  const existing = state.services.get(service.key);
  if (kind === 'add-service' && existing)
    return { message: 'Service already exists', first: existing.at };
  if (kind === 'edit-service' && !existing)
    return { message: 'No such service', missing: service.key };
  const { destinations = new Map(), places = [] } = existing ?? {};
  state.services.set(service.key, { service, at, destinations, places });
  state.recent = undefined;
  state.declaresServices = true;
  return undefined;
}

function putDestination(
  state: ScriptState,
  kind: 'add-destination' | 'edit-destination' | 'delete-destination',
  identity: ServiceIdentity,
  destination: Destination,
  at: number,
): Refusal | undefined {
  const service = findService(state, identity);
  if (!service) return { message: 'Service not defined', missing: serviceKey(identity) };
  const { destinations, places } = service;
  const { key } = destination;
  const isThere = destinations.has(key);
  if (kind === 'add-destination' && isThere)
    return { message: 'Destination already exists', first: placesOf(service).get(key) ?? 0 };
  if (kind !== 'add-destination' && !isThere) return { message: 'No such destination' };
  if (kind === 'add-destination' && Array.isArray(places)) places.push(at);
  else if (kind === 'delete-destination') placesOf(service).delete(key);
  else placesOf(service).set(key, at);
  if (kind === 'delete-destination') destinations.delete(key);
  else destinations.set(key, destination);
  return undefined;
}

function findService(state: ScriptState, identity: ServiceIdentity): ScriptService | undefined {
  if (state.recent && isSameService(state.recent.identity, identity)) return state.recent.service;
  const service = state.services.get(serviceKey(identity));
  state.recent = service && { identity, service };
  return service;
}

/** Compares two identities, which takes less time than making and finding a key. */
function isSameService(a: ServiceIdentity, b: ServiceIdentity): boolean {
  if (a.kind !== 'address' || b.kind !== 'address') return a === b;
  return a.address === b.address && a.port === b.port && a.protocol === b.protocol;
}

/** A timeout of 0 keeps the live value, so it is not part of the desired state. */
function withoutZeros(timeouts: Timeouts): Partial<Timeouts> {
  return Object.fromEntries(Object.entries(timeouts).filter(([, seconds]) => seconds !== 0));
}
