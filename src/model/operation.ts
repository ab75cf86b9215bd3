import type { Destination } from './destination.ts';
import { type Service, type ServiceIdentity, serviceKey } from './service.ts';
import { type Daemon, type DaemonRole, TIMEOUT_ATTRIBUTES, type Timeouts } from './settings.ts';

/**
 * One change of IPVS. The reconciler, the ipvsadm front end, the simulation and the reports all use
 * it. Each switch over `kind` ends in `satisfies never`, so that the compiler finds every place
 * that a new kind concerns.
 */
export type Operation =
  /** A sysctl of `net.ipv4.vs`: a file below /proc/sys, not a netlink request. */
  | { readonly kind: 'set-sysctl'; readonly name: string; readonly value: string }
  | { readonly kind: 'add-service'; readonly service: Service }
  /** Replaces every setting of the service. */
  | { readonly kind: 'edit-service'; readonly service: Service }
  /** Deletes the service with its destinations. */
  | { readonly kind: 'delete-service'; readonly service: ServiceIdentity }
  | {
      readonly kind: 'add-destination';
      readonly service: ServiceIdentity;
      readonly destination: Destination;
    }
  /** Replaces every setting of the destination. */
  | {
      readonly kind: 'edit-destination';
      readonly service: ServiceIdentity;
      readonly destination: Destination;
    }
  | {
      readonly kind: 'delete-destination';
      readonly service: ServiceIdentity;
      readonly destination: Destination;
    }
  /** A timeout of 0 keeps its live value. */
  | { readonly kind: 'set-timeouts'; readonly timeouts: Timeouts }
  | { readonly kind: 'start-daemon'; readonly daemon: Daemon }
  | { readonly kind: 'stop-daemon'; readonly role: DaemonRole }
  /** Zeroes the counters of one service and its destinations; without a service, all counters. */
  | { readonly kind: 'zero'; readonly service: ServiceIdentity | undefined }
  /**
   * Deletes every service of the network namespace. Daemons and timeouts stay. The reconciler never
   * uses it.
   */
  | { readonly kind: 'flush' };

export type OperationKind = Operation['kind'];

/**
 * Returns one line for logs and errors, such as `add-destination tcp://192.0.2.1:80 10.0.0.1:80`:
 * the kind and the name of the object, no settings.
 */
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
