import { type ErrnoName, type ErrorCode, KernelError } from '../../errors.ts';
import { formatOperation, type Operation } from '../../model/operation.ts';
import { isMixedFamily, lacksTunnelPort } from '../../model/rules.ts';
import { serviceKey } from '../../model/service.ts';

interface Explanation {
  /** The meaning of the error, without the request. */
  readonly message: string;
  readonly hint?: string;
}

/**
 * Returns the error for an operation that the kernel refused. The meaning of an errno depends on
 * the operation: ENOENT is a missing destination for one and a missing scheduler for another.
 */
export function refusal(operation: Operation, errno: ErrnoName): KernelError {
  return kernelError(
    errno,
    formatOperation(operation),
    explainOperation(operation, errno) ?? explain(errno),
  );
}

/**
 * Returns the error for a refused request that reads. `request` names it in words, such as `list
 * services`.
 */
export function readRefusal(request: string, errno: ErrnoName): KernelError {
  return kernelError(errno, request, explain(errno));
}

function kernelError(
  errno: ErrnoName,
  request: string,
  { message, hint }: Explanation,
): KernelError {
  const code: ErrorCode =
    errno === 'EPERM'
      ? 'PERMISSION'
      : errno === 'ENOPROTOOPT' || errno === 'EPROTONOSUPPORT'
        ? 'UNAVAILABLE'
        : 'KERNEL';
  return new KernelError(errno, request, `${request}: ${message} (${errno})`, {
    code,
    ...(hint === undefined ? {} : { hint }),
  });
}

function explainOperation(operation: Operation, errno: ErrnoName): Explanation | undefined {
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service': {
      const { scheduler, persistenceEngine } = operation.service;
      if (errno === 'EEXIST') return { message: 'the service already exists' };
      if (errno === 'ESRCH') return { message: 'no such service' };
      if (errno === 'ENOENT') {
        const engine =
          persistenceEngine === ''
            ? ''
            : ` or persistence engine "${persistenceEngine}"` +
              ` (kernel module ip_vs_pe_${persistenceEngine})`;
        return {
          message: `scheduler "${scheduler}" (kernel module ip_vs_${scheduler})${engine} not found`,
          hint: `Check the spelling, or load the module: modprobe ip_vs_${scheduler}.`,
        };
      }
      return undefined;
    }
    case 'delete-service':
    case 'zero':
      return errno === 'ESRCH' ? { message: 'no such service' } : undefined;
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination': {
      const { service, destination } = operation;
      if (errno === 'ESRCH') return { message: `service ${serviceKey(service)} does not exist` };
      if (errno === 'EEXIST') return { message: 'the destination already exists' };
      if (errno === 'ENOENT') return { message: 'no such destination' };
      if (errno === 'ERANGE')
        return { message: 'the lower threshold is above the upper one, or the weight is negative' };
      if (errno === 'EINVAL' && isMixedFamily(service, destination.address)) {
        return {
          message:
            'a destination of the other address family needs tunnel forwarding' +
            ' and no running sync daemon',
          hint: 'Use forward: tunnel and stop the sync daemons.',
        };
      }
      if (errno === 'EINVAL' && lacksTunnelPort(destination)) {
        return { message: 'a gue tunnel needs a port' };
      }
      if (errno === 'EINVAL') {
        return {
          message: 'not accepted as a destination; its address must be unicast',
          hint:
            'If the address is right, check that the interface lo is up' +
            ' and the address is no broadcast address.',
        };
      }
      return undefined;
    }
    case 'start-daemon':
      if (errno === 'EEXIST')
        return { message: `a ${operation.daemon.role} sync daemon is already running` };
      if (errno === 'ENODEV')
        return { message: `no network interface "${operation.daemon.interface}"` };
      if (errno === 'EINVAL') {
        return {
          message:
            'a setting is out of range,' +
            ' or a destination of the other address family than its service exists',
        };
      }
      return undefined;
    case 'stop-daemon':
      return errno === 'ESRCH'
        ? { message: `no ${operation.role} sync daemon is running` }
        : undefined;
    case 'set-timeouts':
      if (errno === 'EINVAL') return { message: 'a timeout is longer than this kernel can count' };
      return undefined;
    case 'set-sysctl':
    case 'flush':
      return undefined;
    default:
      return operation satisfies never;
  }
}

const EXPLANATIONS: Readonly<Partial<Record<ErrnoName, Explanation>>> = {
  EPERM: {
    message: 'permission denied',
    hint: 'IPVS needs CAP_NET_ADMIN in the initial user namespace, even to read.',
  },
  ESRCH: { message: 'no such service' },
  EINVAL: { message: 'the kernel does not accept a value of it' },
  ERANGE: { message: 'a value is out of range' },
  EAFNOSUPPORT: {
    message: 'address family not supported',
    hint: 'IPv6 may be disabled on this host (ipv6.disable=1).',
  },
  EOPNOTSUPP: { message: 'this kernel does not know the command' },
  ENOMEM: { message: 'the kernel is out of memory' },
  ENODEV: { message: 'no such network interface' },
  ENETUNREACH: {
    message: 'network unreachable',
    hint: 'The multicast group needs a route on the interface.',
  },
  EADDRNOTAVAIL: { message: 'the interface has no suitable address' },
  EADDRINUSE: { message: 'the address is in use' },
  ENOPROTOOPT: { message: 'the ip_vs module is going away' },
  EPROTONOSUPPORT: { message: 'the ip_vs module is going away' },
  EBUSY: { message: 'the socket is busy with another dump' },
};

function explain(errno: ErrnoName): Explanation {
  return EXPLANATIONS[errno] ?? { message: 'refused by the kernel' };
}
