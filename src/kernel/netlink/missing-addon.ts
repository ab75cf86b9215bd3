import { MissingAddonError } from '../../errors.ts';
import { printable } from '../../model/printable.ts';

/** The architectures for which the package of the addon contains a build. All are for glibc. */
const BUILDS = ['x64', 'arm64', 'arm', 'ia32'];

/** The part of a machine that decides which build of the addon can be loaded. */
export interface Platform {
  /** As Node names it, such as `x64`. */
  readonly arch: string;
  readonly hasGlibc: boolean;
}

const COMPILE =
  'Use a system with glibc on x64, arm64, arm or ia32, or compile the addon: ' +
  '`ipvstate help requirements` says how. Commands with --table need no addon.';
const AGAIN =
  'Install ipvstate again, with the npm of this machine: npm leaves the addon out where its ' +
  'download or its build fails. Commands with --table need no addon.';

/** Returns the error for a native addon that cannot be loaded: the reason, and the way out. */
export function missingAddon(cause: unknown, { arch, hasGlibc }: Platform): MissingAddonError {
  const { code = '', message = '' } = cause as NodeJS.ErrnoException;
  const fail = (reason: string, hint: string): MissingAddonError =>
    new MissingAddonError(reason, { hint, cause });
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND')
    return fail('its package is not installed', AGAIN);
  if (!BUILDS.includes(arch)) return fail(`there is no build for ${arch}`, COMPILE);
  if (!hasGlibc) return fail('this system has no glibc, which its builds need', COMPILE);
  const [detail = ''] = message.split('\n');
  return code === 'ERR_DLOPEN_FAILED'
    ? fail(`its build for ${arch} does not fit this machine (${printable(detail)})`, AGAIN)
    : fail(`its build for ${arch} is missing`, AGAIN);
}

/** The platform of this process. musl has no version of glibc. */
export function thisPlatform(): Platform {
  const report = process.report?.getReport() as unknown as {
    readonly header: { readonly glibcVersionRuntime?: string };
  };
  return { arch: process.arch, hasGlibc: report.header.glibcVersionRuntime !== undefined };
}
