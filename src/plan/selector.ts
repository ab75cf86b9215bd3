import { IpvstateError } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Table } from '../model/table.ts';
import type { Selector } from './scope.ts';

/**
 * `--only`: a service by its address (`tcp://192.0.2.10:443`, `fwmark:7`) or by its name, with `*` for any characters. Each must match
 * something, desired or live: a misspelt one would otherwise pass for "nothing to do".
 */
export function parseSelectors(
  texts: readonly string[],
  desired: Desired,
  live: Table,
): Selector | undefined {
  if (texts.length === 0) return undefined;
  const selected = new Set<ServiceKey>();
  for (const text of texts) {
    const pattern = new RegExp(`^${text.split('*').map(literal).join('.*')}$`);
    const matches = [...desired.services.keys(), ...live.services.keys()].filter((key) => {
      const name = desired.names.get(key);
      return pattern.test(key) || (name !== undefined && pattern.test(name));
    });
    if (matches.length === 0) {
      throw new IpvstateError('USAGE', `--only ${text} matches no service, desired or live`, {
        hint: 'Write it as in the plan, such as tcp://192.0.2.10:443 or fwmark:7, or use the name in the file; * stands for any characters.',
      });
    }
    for (const key of matches) selected.add(key);
  }
  return (key) => selected.has(key);
}

/** The text as a regular expression that matches just it. */
function literal(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
}
