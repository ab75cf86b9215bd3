import { expect, test } from 'vitest';
import { formatOperation, type Operation } from '../../src/model/operation.ts';
import { adding, deleteService, editService, onDestination } from '../contract/operations.ts';
import { daemonOf, serviceOf } from '../support/tables.ts';

test.each<[string, Operation | undefined]>([
  ['add-service tcp://192.0.2.1:80', adding('tcp://192.0.2.1:80')[0]],
  ['edit-service fwmark:7/ipv6', editService('fwmark:7/ipv6')],
  ['delete-service udp://[2001:db8::1]:53', deleteService('udp://[2001:db8::1]:53')],
  [
    'add-destination tcp://192.0.2.1:80 10.0.0.1:80',
    onDestination('add-destination', 'tcp://192.0.2.1:80', '10.0.0.1:80'),
  ],
  [
    'edit-destination fwmark:7 10.0.0.1:0',
    onDestination('edit-destination', 'fwmark:7', '10.0.0.1:0'),
  ],
  [
    'delete-destination fwmark:7 [2001:db8::1]:0',
    onDestination('delete-destination', 'fwmark:7', '[2001:db8::1]:0'),
  ],
  [
    'set-timeouts tcp=0 tcp_fin=5 udp=300',
    { kind: 'set-timeouts', timeouts: { tcp: 0, tcpFin: 5, udp: 300 } },
  ],
  ['start-daemon master eth0', { kind: 'start-daemon', daemon: daemonOf('master') }],
  ['stop-daemon backup', { kind: 'stop-daemon', role: 'backup' }],
  ['zero', { kind: 'zero', service: undefined }],
  ['zero fwmark:7', { kind: 'zero', service: serviceOf('fwmark:7').identity }],
  ['flush', { kind: 'flush' }],
])('%s', (text, operation) => {
  expect(operation && formatOperation(operation)).toBe(text);
});
