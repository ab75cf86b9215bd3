import { IpvstateError, MissingAddonError } from '../errors.ts';
import type { Ipvs, IpvsInfo } from '../model/ipvs.ts';
import type { ChangeRun, ProgramIo } from './program-io.ts';

/**
 * Contacts the kernel first, as ipvsadm does. Without IPVS or without permission, prints ipvsadm's
 * message and returns status 2.
 */
export async function withKernel(
  { ipvs: open, stderr }: ProgramIo,
  run: (ipvs: Ipvs, info: IpvsInfo) => Promise<number>,
): Promise<number> {
  let ipvs: Ipvs | undefined;
  try {
    ipvs = await open();
    const info = await ipvs.info();
    if (isOld(info.version)) stderr(oldVersionWarning(info.version));
    return await run(ipvs, info);
  } catch (error) {
    if (
      !(error instanceof IpvstateError) ||
      (error.code !== 'UNAVAILABLE' && error.code !== 'PERMISSION')
    )
      throw error;
    if (error instanceof MissingAddonError) {
      stderr(`Can't initialize ipvs: ${error.message}\n${error.hint}\n`);
      return 2;
    }
    const reason =
      error.code === 'PERMISSION'
        ? 'Permission denied (you must be root)'
        : 'Protocol not available';
    stderr(`Can't initialize ipvs: ${reason}\n`);
    stderr('Are you sure that IP Virtual Server is built in the kernel or as module?\n');
    return 2;
  } finally {
    ipvs?.close();
  }
}

/** The exit status of a change that is refused. */
export const REFUSED = 255;

/**
 * Contacts the kernel like `withKernel`, for commands that change the table. When another writer
 * keeps the table, prints who, and returns the status of a refused change.
 */
export function withKernelToChange(
  io: ProgramIo,
  run: (changes: ChangeRun, info: IpvsInfo) => Promise<number>,
): Promise<number> {
  return withKernel(io, async (ipvs, info) => {
    let changes: ChangeRun;
    try {
      changes = await io.beginChanges(ipvs);
    } catch (error) {
      if (!(error instanceof IpvstateError)) throw error;
      io.stderr(`${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
      return REFUSED;
    }
    return run(changes, info);
  });
}

const MINIMUM = [1, 1, 4];

function isOld(version: string): boolean {
  const parts = version.split('.').map(Number);
  const index = MINIMUM.findIndex((minimum, place) => parts[place] !== minimum);
  return index !== -1 && (parts[index] ?? 0) < (MINIMUM[index] ?? 0);
}

function oldVersionWarning(version: string): string {
  const minimum = MINIMUM.join('.');
  return [
    'Warning: IPVS version mismatch: ',
    `  Kernel compiled with IPVS version ${version}`,
    `  ipvsadm v1.31  requires minimum IPVS version ${minimum}`,
    '\n',
  ].join('\n');
}
