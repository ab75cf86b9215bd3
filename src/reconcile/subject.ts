import type { Operation } from '../model/operation.ts';
import { type ServiceKey, serviceKey } from '../model/service.ts';

/** What an operation writes to. */
export interface Subject {
  /** The object's name for people, the same for every operation on it. */
  readonly name: string;
  /** The service that it is or belongs to; undefined for what belongs to none. */
  readonly service: ServiceKey | undefined;
}

export function subjectOf(operation: Operation): Subject {
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
