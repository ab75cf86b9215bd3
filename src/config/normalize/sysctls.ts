import type { SysctlPolicy } from '../../model/policy.ts';
import { parseCpus, SYSCTLS, type SysctlValues, trimSysctl } from '../../model/sysctl.ts';
import { atKey, atValue, type Report } from '../finding.ts';
import { suggest } from '../suggest.ts';
import type { Context } from './context.ts';

/** Returns undefined for a file without `sysctls`. */
export function normalizeSysctls({ config, invalid, report }: Context): SysctlPolicy | undefined {
  if (!config.sysctls || invalid.sections.has('sysctls')) return undefined;
  const { mode = 'check', values: written } = config.sysctls;
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(written)) {
    if (!checkName(name, report)) continue;
    const text = typeof value === 'boolean' ? String(Number(value)) : trimSysctl(String(value));
    const problem = explain(name, text);
    if (problem === undefined) values.set(name, text);
    else
      report({
        code: 'SYSCTL',
        severity: 'error',
        place: atValue('sysctls', 'values', name),
        ...problem,
      });
  }
  return { mode, values };
}

function checkName(name: string, report: Report): boolean {
  const place = atKey('sysctls', 'values', name);
  if (!/^[a-z0-9_]{1,64}$/.test(name)) {
    const bare = /^net\.ipv4\.vs\.([a-z0-9_]+)$/.exec(name)?.[1];
    const hint = bare === undefined ? 'a name has small letters, digits and _' : `write ${bare}`;
    report({
      code: 'SYSCTL',
      severity: 'error',
      message: `${JSON.stringify(name)} is not the name of an IPVS sysctl`,
      place,
      hint,
    });
    return false;
  }
  if (!SYSCTLS.has(name)) {
    const near = suggest(name, [...SYSCTLS.keys()]);
    const message = `no known kernel has the sysctl net.ipv4.vs.${name}`;
    report({
      code: 'SYSCTL',
      severity: 'warning',
      message,
      place,
      ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
    });
  } else if (name === 'debug_level') {
    const message =
      'debug_level is one for all network namespaces, and fills the log of the kernel';
    report({
      code: 'SYSCTL',
      severity: 'warning',
      message,
      place,
      hint: 'set it by hand for as long as it is needed',
    });
  }
  return true;
}

interface Problem {
  readonly message: string;
  readonly hint: string;
}

function explain(name: string, text: string): Problem | undefined {
  const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  const message = `${name} cannot be ${JSON.stringify(shown)}`;
  const wanted = wantedInstead(SYSCTLS.get(name), text);
  return wanted === undefined ? undefined : { message, hint: wanted };
}

/**
 * The hint for a value that the kernel refuses or silently changes. Returns undefined for a valid
 * value.
 */
function wantedInstead(values: SysctlValues | undefined, text: string): string | undefined {
  if (/[\p{Cc}\p{Cs}]/u.test(text)) return 'write it without control characters';
  const numbers = text
    .split(' ')
    .map((word) => (/^(?:0|-?[1-9]\d{0,15})$/.test(word) ? Number(word) : Number.NaN));
  const [first = Number.NaN, second = Number.NaN] = numbers;
  switch (values?.kind) {
    case undefined:
      return text === '' || text.length > 200 ? 'write a value of up to 200 characters' : undefined;
    case 'number':
      return numbers.length === 1 && first >= values.min && first <= values.max
        ? undefined
        : `write a whole number from ${values.min} to ${values.max}`;
    case 'power':
      return numbers.length === 1 &&
        first >= 1 &&
        first <= values.max &&
        Number.isInteger(Math.log2(first))
        ? undefined
        : `write a power of two from 1 to ${values.max}`;
    case 'threshold':
      return numbers.length === 2 && first >= 0 && (first < second || second === 0)
        ? undefined
        : 'write two numbers, the first below the second, such as "3 50"';
    case 'cpus':
      return parseCpus(text) ? undefined : 'write CPUs such as "0-3,5"';
    default:
      return values satisfies never;
  }
}
