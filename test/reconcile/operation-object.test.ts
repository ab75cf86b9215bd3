import { expect, test } from 'vitest';
import type { Operation } from '../../src/model/operation.ts';
import { KERNEL_TIMEOUTS } from '../../src/model/settings.ts';
import { objectOf } from '../../src/reconcile/operation-object.ts';
import { daemonOf, destinationOf, serviceOf } from '../support/tables.ts';

const service = serviceOf('tcp://192.0.2.1:80');
const destination = destinationOf('10.0.0.1:80');

test.each<[Operation, string, string | undefined]>([
  [{ kind: 'add-service', service }, service.key, service.key],
  [{ kind: 'edit-service', service }, service.key, service.key],
  [{ kind: 'delete-service', service: service.identity }, service.key, service.key],
  [
    { kind: 'add-destination', service: service.identity, destination },
    `${service.key} 10.0.0.1:80`,
    service.key,
  ],
  [
    { kind: 'edit-destination', service: service.identity, destination },
    `${service.key} 10.0.0.1:80`,
    service.key,
  ],
  [
    { kind: 'delete-destination', service: service.identity, destination },
    `${service.key} 10.0.0.1:80`,
    service.key,
  ],
  [{ kind: 'set-timeouts', timeouts: KERNEL_TIMEOUTS }, 'timeouts', undefined],
  [{ kind: 'start-daemon', daemon: daemonOf('backup') }, 'backup sync daemon', undefined],
  [{ kind: 'stop-daemon', role: 'master' }, 'master sync daemon', undefined],
  [{ kind: 'zero', service: service.identity }, `counters of ${service.key}`, service.key],
  [{ kind: 'zero', service: undefined }, 'all counters', undefined],
  [{ kind: 'flush' }, 'all services', undefined],
])('names the object that $kind writes to', (operation, name, key) => {
  expect(objectOf(operation)).toEqual({ name, service: key });
});
