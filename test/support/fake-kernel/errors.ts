/** The refusal of a request. `errno` is positive here and negative on the wire. */
export class Refused extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`errno ${errno}`);
    this.errno = errno;
  }
}

export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const ERANGE = 34;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;

export function refuse(errno: number): never {
  throw new Refused(errno);
}
