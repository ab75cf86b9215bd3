/**
 * Every way an operation can fail, as a closed set. What is wrong with *text* is an `Issue`
 * (model/issue.ts), never an error; a broken invariant is a plain `Error` from `assert`, because it
 * is a bug.
 */
export type ErrorCode =
  /** Wrong flags or arguments. */
  | 'USAGE'
  /** The configuration has errors; they were reported as issues. */
  | 'CONFIG'
  /** A file is missing or cannot be read. */
  | 'NO_INPUT'
  /** A file cannot be written, or a file of the program itself cannot be read. */
  | 'IO'
  /** Another process is writing in this network namespace. */
  | 'LOCKED'
  /** A guard or a declined prompt stopped the plan before its first operation. */
  | 'REFUSED'
  /** The live table or the files are not those of the saved plan. */
  | 'STALE'
  /** The kernel has no IPVS, or it went away. */
  | 'UNAVAILABLE'
  /** The caller lacks CAP_NET_ADMIN in the initial user namespace. */
  | 'PERMISSION'
  /** The kernel refused one operation; `errno` says why. */
  | 'KERNEL'
  /**
   * A reply did not arrive in time, or the socket broke: the outcome is unknown, only a new read
   * can tell.
   */
  | 'LOST'
  /** A reply could not be decoded. */
  | 'PROTOCOL'
  /** The table kept changing while it was read. */
  | 'UNSTABLE'
  /** The caller's `AbortSignal` fired. */
  | 'ABORTED'
  /** A bug, in a daemon that goes on. The cause has the stack. */
  | 'INTERNAL';

export class IpvstateError extends Error {
  readonly code: ErrorCode;
  /** The step that the operator can take, in one sentence. */
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'IpvstateError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The native addon cannot be loaded. Nothing is known about the kernel then. */
export class MissingAddonError extends IpvstateError {
  constructor(reason: string, options: { readonly hint: string; readonly cause: unknown }) {
    super('UNAVAILABLE', `the native addon for netlink cannot be loaded: ${reason}`, options);
    this.name = 'MissingAddonError';
  }
}

/** Returns the error that a daemon reports. All that is thrown but `IpvstateError`s are bugs. */
export function reportedError(error: unknown): IpvstateError {
  if (error instanceof IpvstateError) return error;
  const message = `this is a bug: ${error instanceof Error ? error.message : String(error)}`;
  const hint = 'Report it with the stack, which `watch --log-level debug` logs.';
  return new IpvstateError('INTERNAL', message, { hint, cause: error });
}

/**
 * The kernel's symbolic error names that an IPVS request can be answered with (uapi:
 * asm-generic/errno*.h).
 */
export type ErrnoName =
  | 'EPERM'
  | 'EACCES'
  | 'EROFS'
  | 'ENOENT'
  | 'ESRCH'
  | 'ENOMEM'
  | 'EBUSY'
  | 'EEXIST'
  | 'ENODEV'
  | 'EINVAL'
  | 'ERANGE'
  | 'ENOPROTOOPT'
  | 'EPROTONOSUPPORT'
  | 'EOPNOTSUPP'
  | 'EAFNOSUPPORT'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'ENETUNREACH'
  | 'EMSGSIZE'
  | 'ENOBUFS'
  | `E${number}`;

/**
 * One request that the kernel answered with an error. Carries the errno, so that nobody parses
 * messages.
 */
export class KernelError extends IpvstateError {
  readonly errno: ErrnoName;
  /** The request in words, such as `add-destination tcp://192.0.2.1:80 10.0.0.1:80`. */
  readonly request: string;

  constructor(
    errno: ErrnoName,
    request: string,
    message: string,
    options: { readonly code?: ErrorCode; readonly hint?: string } = {},
  ) {
    super(
      options.code ?? 'KERNEL',
      message,
      options.hint === undefined ? {} : { hint: options.hint },
    );
    this.name = 'KernelError';
    this.errno = errno;
    this.request = request;
  }
}

/**
 * Tells whether a failed call says that there is no such file. Any other error, such as EMFILE, EIO
 * or EACCES, says nothing about the file: it must never be taken for absence.
 */
export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Returns an `IO` error for a file of the program or the kernel that cannot be read. */
export function cannotRead(path: string, error: unknown): IpvstateError {
  const { code } = error as NodeJS.ErrnoException;
  return new IpvstateError('IO', `${path} cannot be read (${code})`, { cause: error });
}

/**
 * Throws `PERMISSION` in place of an `IO` error when this user may not read a file of the program,
 * and the error itself otherwise.
 */
export function throwAsPermission(error: unknown): never {
  const { cause } = error as Error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (!(error instanceof IpvstateError) || (code !== 'EACCES' && code !== 'EPERM')) throw error;
  throw new IpvstateError('PERMISSION', error.message, {
    hint: 'Run as root, or as the user who writes to the table.',
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  EISDIR: 'is a folder',
  ELOOP: 'is a loop of links',
};

/** Not every verb reads stdin for `-`. */
const STDIN_HINT = 'Here, - is the name of a file. For stdin, name /dev/stdin.';

/** Throws `NO_INPUT` for a file that Node could not read, with the reason in words. */
export function unreadable(name: string, error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code;
  throw new IpvstateError(
    'NO_INPUT',
    `${name} ${REASONS[code ?? ''] ?? `cannot be read (${code})`}`,
    { cause: error, ...(name === '-' && { hint: STDIN_HINT }) },
  );
}
