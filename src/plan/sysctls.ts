import { IpvstateError } from '../errors.ts';
import type { SysctlPolicy } from '../model/policy.ts';
import { formatMissingSysctl, MODULES_OF_SYSCTLS, sameSysctl } from '../model/sysctl.ts';
import type { Sysctls } from '../model/table.ts';

/** Thrown for sysctls that the files enforce and the kernel does not have. */
export class UnsupportedSysctlsError extends IpvstateError {
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    const list = names.map(formatMissingSysctl).join(', ');
    super('UNAVAILABLE', `unsupported by this kernel: ${list}; nothing was changed`, {
      hint: hintOf(names),
    });
    this.names = names;
  }
}

function hintOf(names: readonly string[]): string {
  const modules = names.map((name) => MODULES_OF_SYSCTLS.get(name));
  return modules.every((module) => module !== undefined)
    ? `Load the module that has it: modprobe -a ${modules.join(' ')}`
    : 'Take it out of sysctls, or write mode: check.';
}

/** A sysctl that is only checked, and differs from the file. */
export interface SysctlDifference {
  readonly name: string;
  /** undefined when this kernel does not have it. */
  readonly live: string | undefined;
  readonly desired: string;
}

/**
 * Returns the values of the file for the desired table: only those may be written. undefined when
 * none are to be written, or when the live ones are unknown. Throws `UNAVAILABLE` for sysctls that
 * the kernel does not have.
 */
export function enforcedSysctls(
  policy: SysctlPolicy | undefined,
  live: Sysctls | undefined,
): Sysctls | undefined {
  if (policy?.mode !== 'enforce' || !live) return undefined;
  const missing = [...policy.values.keys()].filter((name) => !live.has(name));
  if (missing.length > 0) {
    throw new UnsupportedSysctlsError(missing);
  }
  return policy.values;
}

/**
 * Returns the differences of sysctls that are only checked; none when the live ones are unknown.
 */
export function sysctlDifferences(
  policy: SysctlPolicy | undefined,
  live: Sysctls | undefined,
): SysctlDifference[] {
  if (policy?.mode !== 'check' || !live) return [];
  return [...policy.values].flatMap(([name, desired]) => {
    const value = live.get(name);
    return value !== undefined && sameSysctl(name, value, desired)
      ? []
      : [{ name, live: value, desired }];
  });
}
