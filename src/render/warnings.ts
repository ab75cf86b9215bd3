import { printable } from '../model/printable.ts';
import { formatMissingSysctl } from '../model/sysctl.ts';
import type { SysctlDifference } from '../plan/sysctls.ts';
import type { ChangesContext } from './changes.ts';
import { wrapHanging } from './explain/wrap.ts';
import { PLAIN } from './style.ts';

const WIDTH = 80;

/** Formats the problems that the plan does not solve, such as checked sysctls that differ. */
export function formatWarnings({
  sysctlDifferences = [],
  warnings = [],
  style = PLAIN,
}: Omit<ChangesContext, 'counters'>): string {
  return [...sysctlDifferences.map(describeDifference), ...warnings]
    .map((text) => {
      const lines = wrapHanging(`warning: ${printable(text)}`, WIDTH, '    ').join('\n');
      return `${style.edit('warning')}${lines.slice('warning'.length)}\n`;
    })
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
