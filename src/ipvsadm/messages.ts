import type { ErrnoName } from '../errors.ts';
import type { OperationKind } from '../model/operation.ts';

/** A request to the kernel: a change, or a read for `-L`. */
type Request = OperationKind | 'list';

const OF_REQUEST: Readonly<Partial<Record<Request, Readonly<Partial<Record<ErrnoName, string>>>>>> =
  {
    'add-service': {
      EEXIST: 'Service already exists',
      ENOENT: 'Scheduler or persistence engine not found',
    },
    'edit-service': {
      ESRCH: 'No such service',
      ENOENT: 'Scheduler or persistence engine not found',
    },
    'delete-service': { ESRCH: 'No such service' },
    zero: { ESRCH: 'No such service' },
    list: { ESRCH: 'No such service' },
    'add-destination': { ESRCH: 'Service not defined', EEXIST: 'Destination already exists' },
    'edit-destination': { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
    'delete-destination': { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
    'start-daemon': { EEXIST: 'Daemon has already run' },
    'stop-daemon': { ESRCH: 'No daemon is running' },
  };

/**
 * Messages for any request. From `EPERM` to `EMSGSIZE` they are ipvsadm's, then the C library's.
 */
const OF_ANY: Readonly<Partial<Record<ErrnoName, string>>> = {
  EPERM: 'Permission denied (you must be root)',
  EINVAL: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  ENOPROTOOPT: 'Protocol not available',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EMSGSIZE: 'Module is wrong version',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  ERANGE: 'Numerical result out of range',
  EPROTONOSUPPORT: 'Protocol not supported',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENETUNREACH: 'Network is unreachable',
  ENOBUFS: 'No buffer space available',
};

/** ipvsadm's message about a refusal by the kernel. */
export function kernelMessage(request: Request, errno: ErrnoName): string {
  return OF_REQUEST[request]?.[errno] ?? OF_ANY[errno] ?? `Unknown error ${errno.slice(1)}`;
}
