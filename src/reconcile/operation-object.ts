import type { Operation } from '../model/operation.ts';
import { type ServiceKey, serviceKey } from '../model/service.ts';

/** The object that an operation writes to. */
interface OperationObject {
  /** The object's name in messages. All operations on the object have the same one. */
  readonly name: string;
  /** The service that the object is or belongs to. undefined for settings. */
  readonly service: ServiceKey | undefined;
}

export function objectOf(operation: Operation): OperationObject {
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service':
      return { name: operation.service.key, service: operation.service.key };
    case 'delete-service': {
      const service = serviceKey(operation.service);
      return { name: service, service };
    }
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination': {
      const service = serviceKey(operation.service);
      return { name: `${service} ${operation.destination.key}`, service };
    }
    case 'set-sysctl':
      return { name: `sysctl ${operation.name}`, service: undefined };
    case 'set-timeouts':
      return { name: 'timeouts', service: undefined };
    case 'start-daemon':
      return { name: `${operation.daemon.role} sync daemon`, service: undefined };
    case 'stop-daemon':
      return { name: `${operation.role} sync daemon`, service: undefined };
    case 'zero': {
      const service = operation.service && serviceKey(operation.service);
      return { name: service === undefined ? 'all counters' : `counters of ${service}`, service };
    }
    case 'flush':
      return { name: 'all services', service: undefined };
    default:
      return operation satisfies never;
  }
}

/** Begins the name of the part that is one sysctl. */
export const SYSCTL_PART = 'sysctl ';

/**
 * Returns the part of the table that succeeds or fails as one: a service with its destinations,
 * `timeouts`, `daemons`, or one sysctl.
 */
export function partOf(operation: Operation): string {
  const { service } = objectOf(operation);
  if (service !== undefined) return service;
  switch (operation.kind) {
    case 'set-sysctl':
      return `${SYSCTL_PART}${operation.name}`;
    case 'set-timeouts':
      return 'timeouts';
    default:
      return 'daemons';
  }
}
