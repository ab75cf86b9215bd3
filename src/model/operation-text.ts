import type { Operation } from './operation.ts';
import { serviceKey } from './service.ts';
import { TIMEOUT_ATTRIBUTES, type Timeouts } from './settings.ts';

/** One line for logs and errors, such as `add-destination tcp://192.0.2.1:80 10.0.0.1:80`: the kind and what it names, no settings. */
export function formatOperation(operation: Operation): string {
  switch (operation.kind) {
    case 'set-sysctl':
      return `${operation.kind} ${operation.name}=${operation.value}`;
    case 'add-service':
    case 'edit-service':
      return `${operation.kind} ${operation.service.key}`;
    case 'delete-service':
      return `${operation.kind} ${serviceKey(operation.service)}`;
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      return `${operation.kind} ${serviceKey(operation.service)} ${operation.destination.key}`;
    case 'set-timeouts':
      return [operation.kind, ...timeoutWords(operation.timeouts)].join(' ');
    case 'start-daemon':
      return `${operation.kind} ${operation.daemon.role} ${operation.daemon.interface}`;
    case 'stop-daemon':
      return `${operation.kind} ${operation.role}`;
    case 'zero':
      return operation.service
        ? `${operation.kind} ${serviceKey(operation.service)}`
        : operation.kind;
    case 'flush':
      return operation.kind;
    default:
      return operation satisfies never;
  }
}

function timeoutWords(timeouts: Timeouts): string[] {
  return TIMEOUT_ATTRIBUTES.map(({ key, name }) => `${name}=${timeouts[key]}`);
}
