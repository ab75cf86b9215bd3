import { IpvstateError } from '../errors.ts';
import type { Ipvs, IpvsInfo } from '../model/ipvs.ts';
import type { ProgramIo } from './program-io.ts';

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
