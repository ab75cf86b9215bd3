import { formatMissingSysctl } from '../model/sysctl.ts';
import type { SysctlDifference } from '../plan/sysctls.ts';
import type { ChangesContext } from './changes.ts';
import { PLAIN } from './style.ts';

/** Formats the problems that the plan does not solve, such as checked sysctls that differ. */
export function formatWarnings({
  sysctlDifferences = [],
  warnings = [],
  style = PLAIN,
}: Omit<ChangesContext, 'counters'>): string {
  return [...sysctlDifferences.map(describeDifference), ...warnings]
    .map((text) => `${style.edit('warning')}: ${text}\n`)
    .join('');
}

function describeDifference({ name, live, desired }: SysctlDifference): string {
  if (live === undefined)
    return `this kernel has no sysctl ${formatMissingSysctl(name)}; the file wants ${quoted(desired)}`;
  return `sysctl net.ipv4.vs.${name} is ${quoted(live)}; the file wants ${quoted(desired)}, and only checks it`;
}

function quoted(value: string): string {
  return /^-?\d+$/.test(value) ? value : JSON.stringify(value);
}
