import { describe, expect, test } from 'vitest';
import type { ErrnoName } from '../../src/errors.ts';
import { errnoName } from '../../src/kernel/netlink/errno.ts';
import { readRefusal, refusal } from '../../src/kernel/netlink/refusal.ts';
import type { Operation } from '../../src/model/operation.ts';
import { deleteService, editService, onDestination } from '../contract/operations.ts';
import { daemonOf } from '../support/tables.ts';

const SERVICE = 'tcp://192.0.2.1:80';

describe('the error of a refused request', () => {
  test.each<[Operation, ErrnoName, string]>([
    [
      editService(SERVICE, { scheduler: 'foo' }),
      'ENOENT',
      'scheduler "foo" (kernel module ip_vs_foo) not found (ENOENT)',
    ],
    [
      editService(SERVICE, { scheduler: 'foo', persistenceEngine: 'bar' }),
      'ENOENT',
      'scheduler "foo" (kernel module ip_vs_foo) or persistence engine "bar" (kernel module ip_vs_pe_bar) not found (ENOENT)',
    ],
    [editService(SERVICE), 'ESRCH', 'no such service (ESRCH)'],
    [deleteService(SERVICE), 'ESRCH', 'no such service (ESRCH)'],
    [
      onDestination('edit-destination', SERVICE, '10.0.0.1:80'),
      'ESRCH',
      `service ${SERVICE} does not exist (ESRCH)`,
    ],
    [
      onDestination('edit-destination', SERVICE, '10.0.0.1:80'),
      'ENOENT',
      'no such destination (ENOENT)',
    ],
    [
      onDestination('add-destination', SERVICE, '224.0.0.1:80'),
      'EINVAL',
      'not accepted as a destination; its address must be unicast (EINVAL)',
    ],
    [
      onDestination('add-destination', SERVICE, '[2001:db8::1]:80'),
      'EINVAL',
      'a destination of the other address family needs tunnel forwarding and no running sync daemon (EINVAL)',
    ],
    [
      { kind: 'start-daemon', daemon: daemonOf('master') },
      'ENODEV',
      'no network interface "eth0" (ENODEV)',
    ],
    [{ kind: 'flush' }, 'E200', 'refused by the kernel (E200)'],
  ])('explains what the kernel means by the answer to %j: %s', (operation, errno, text) => {
    const error = refusal(operation, errno);
    expect(error).toMatchObject({ code: 'KERNEL', errno });
    expect(error.message).toBe(`${error.request}: ${text}`);
  });

  test('names the capability when the caller lacks permission', () => {
    for (const error of [
      refusal({ kind: 'flush' }, 'EPERM'),
      readRefusal('list services', 'EPERM'),
    ]) {
      expect(error).toMatchObject({ code: 'PERMISSION', errno: 'EPERM' });
      expect(error.hint).toContain('CAP_NET_ADMIN in the initial user namespace');
    }
  });

  test('is UNAVAILABLE while the module is being removed', () => {
    expect(readRefusal('list services', 'ENOPROTOOPT')).toMatchObject({ code: 'UNAVAILABLE' });
  });
});

test('errnoName returns the Linux name of a number, or the number itself', () => {
  expect([1, 2, 3, 17, 22, 34, 95, 97, 105, 133].map(errnoName)).toEqual([
    'EPERM',
    'ENOENT',
    'ESRCH',
    'EEXIST',
    'EINVAL',
    'ERANGE',
    'EOPNOTSUPP',
    'EAFNOSUPPORT',
    'ENOBUFS',
    'E133',
  ]);
});
