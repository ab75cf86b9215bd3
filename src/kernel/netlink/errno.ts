import type { ErrnoName } from '../../errors.ts';

/**
 * Error numbers that generic netlink and IPVS answer with (uapi: asm-generic/errno-base.h,
 * asm-generic/errno.h).
 */
const NAMES: Readonly<Record<number, ErrnoName>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  12: 'ENOMEM',
  16: 'EBUSY',
  17: 'EEXIST',
  19: 'ENODEV',
  22: 'EINVAL',
  34: 'ERANGE',
  90: 'EMSGSIZE',
  92: 'ENOPROTOOPT',
  93: 'EPROTONOSUPPORT',
  95: 'EOPNOTSUPP',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  101: 'ENETUNREACH',
  105: 'ENOBUFS',
};

/** Returns the name of a positive error number, or `E<number>` when it is not in the table. */
export function errnoName(errno: number): ErrnoName {
  return NAMES[errno] ?? `E${errno}`;
}
