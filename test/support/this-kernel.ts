import { readFileSync } from 'node:fs';

/**
 * Tells whether a kernel is User-Mode Linux, by the vendor of the processor in its `/proc/cpuinfo`.
 */
export function isUserModeLinux(cpuinfo: string = readFileSync('/proc/cpuinfo', 'utf8')): boolean {
  return /^vendor_id\s*: User Mode Linux$/m.test(cpuinfo);
}

/**
 * Throws on a kernel that may be in use, because the kernel tests empty its IPVS table.
 * `IPVSTATE_TEST_WIPES_THIS_HOST=yes` is the consent.
 */
export function assertTableIsExpendable(
  userMode: boolean = isUserModeLinux(),
  consent: string | undefined = process.env.IPVSTATE_TEST_WIPES_THIS_HOST,
): void {
  if (userMode || consent === 'yes') return;
  throw new Error(
    'the kernel tests empty the IPVS table of the kernel they run on, and this one is not User-Mode Linux: ' +
      'run them with `npm run test:kernel`, or set IPVSTATE_TEST_WIPES_THIS_HOST=yes where nothing of value is in the table',
  );
}
