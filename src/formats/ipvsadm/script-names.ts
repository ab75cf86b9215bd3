import type { Names } from './grammar/names.ts';
import type { Reporter } from './script-issues.ts';
import type { ScriptWord } from './script-words.ts';

/** The names of hosts in one text, and the offsets of the words that have them. */
export interface HostNames {
  readonly names: Set<string>;
  readonly places: number[];
  /** How a reader of the text replaces them. */
  readonly hint: string;
}

interface Reading extends Reporter {
  readonly rules: { readonly names: Names };
  readonly hosts: HostNames;
}

/**
 * Reports the names of ports in a call that may mean another port elsewhere, and keeps those of
 * hosts for `reportHosts`.
 * @returns true when the call has the name of a host
 */
export function takeRemarks(
  { rules, hosts, report }: Reading,
  args: readonly ScriptWord[],
  start: ScriptWord,
): boolean {
  let hasHost = false;
  for (const remark of rules.names.takeRemarks?.() ?? []) {
    const { name } = remark;
    const at = (args.find(({ text }) => text.split(/[:=]/).includes(name)) ?? start).at;
    if (remark.kind === 'host') {
      hasHost = true;
      hosts.names.add(name);
      hosts.places.push(at);
    } else if (remark.kind === 'local-port') {
      report('PORT', `only this machine knows the port name "${name}": it is ${remark.port}`, at, {
        severity: 'warning',
        hint: `write ${remark.port}, which means the same everywhere`,
      });
    } else {
      const { port, here } = remark;
      report('PORT', `the port name "${name}" is ${port}, but ${here} in /etc/services here`, at, {
        hint: 'write the number',
      });
    }
  }
  return hasHost;
}

/** The number of host names that a message has. */
const NAMED_HOSTS = 3;

/** Reports all names of hosts as one issue. */
export function reportHosts({ hosts, report, position }: Reading): void {
  const [first] = hosts.places;
  if (first === undefined) return;
  const names = [...hosts.names];
  const rest = names.length - NAMED_HOSTS;
  const list = names.slice(0, NAMED_HOSTS).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  const lines = new Set(hosts.places.map((at) => position(at).line)).size;
  const subject = names.length === 1 ? 'a host name' : 'host names';
  const where = lines === 1 ? '' : `, on ${lines} lines`;
  report('ADDRESS', `${subject} in place of an address: ${list}${where}`, first, {
    hint: hosts.hint,
  });
}
