import type { Destination, DestinationKey } from '../model/destination.ts';
import type { Operation } from '../model/operation.ts';
import { type Service, type ServiceIdentity, type ServiceKey, serviceKey } from '../model/service.ts';
import type { Daemon, DaemonRole, Timeouts } from '../model/settings.ts';

export interface ScriptService {
  readonly service: Service;
  /** Offset of the word that names it. */
  readonly at: number;
  readonly destinations: Map<DestinationKey, Destination>;
  /** Offsets of the words that name them. */
  readonly destinationsAt: Map<DestinationKey, number>;
}

/** What the lines of a script have built so far. */
export interface ScriptState {
  readonly services: Map<ServiceKey, ScriptService>;
  readonly daemons: Map<DaemonRole, { readonly daemon: Daemon; readonly at: number }>;
  timeouts: Partial<Timeouts>;
  /** A service was added, or the table cleared: the script says which services there are. */
  declaresServices: boolean;
}

export function emptyScriptState(): ScriptState {
  return { services: new Map(), daemons: new Map(), timeouts: {}, declaresServices: false };
}

/** Why a line cannot be carried out, in ipvsadm's words for the kernel's refusal. */
export interface Refusal {
  readonly message: string;
  /** It exists already: where from. */
  readonly first?: number;
  /** It is the service that is missing. */
  readonly missing?: ServiceKey;
}

/** Carries one line out, as ipvsadm and the kernel would; the state is unchanged when it is refused. */
export function applyToScript(state: ScriptState, operation: Operation, at: number): Refusal | undefined {
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service':
      return putService(state, operation.kind, operation.service, at);
    case 'delete-service': {
      const key = serviceKey(operation.service);
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
      state.declaresServices = true;
      return undefined;
    default:
      return operation satisfies never;
  }
}

function putService(state: ScriptState, kind: 'add-service' | 'edit-service', service: Service, at: number): Refusal | undefined {
  const existing = state.services.get(service.key);
  if (kind === 'add-service' && existing) return { message: 'Service already exists', first: existing.at };
  if (kind === 'edit-service' && !existing) return { message: 'No such service', missing: service.key };
  const { destinations = new Map(), destinationsAt = new Map() } = existing ?? {};
  state.services.set(service.key, { service, at, destinations, destinationsAt });
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
  const key = serviceKey(identity);
  const service = state.services.get(key);
  if (!service) return { message: 'Service not defined', missing: key };
  const first = service.destinationsAt.get(destination.key);
  if (kind === 'add-destination' && first !== undefined) return { message: 'Destination already exists', first };
  if (kind !== 'add-destination' && first === undefined) return { message: 'No such destination' };
  if (kind === 'delete-destination') {
    service.destinations.delete(destination.key);
    service.destinationsAt.delete(destination.key);
  } else {
    service.destinations.set(destination.key, destination);
    service.destinationsAt.set(destination.key, at);
  }
  return undefined;
}

/** 0 keeps the live value, so it says nothing. */
function withoutZeros(timeouts: Timeouts): Partial<Timeouts> {
  return Object.fromEntries(Object.entries(timeouts).filter(([, seconds]) => seconds !== 0));
}
