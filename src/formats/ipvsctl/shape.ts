import { atKey, atValue, type Path, type Report } from '../../config/finding.ts';
import { hintFor } from '../../config/suggest.ts';

/** A mapping whose keys are those of ipvsctl. Values of a wrong type are left out. */
export interface Entry {
  readonly texts: Readonly<Partial<Record<string, string>>>;
  readonly numbers: Readonly<Partial<Record<string, number>>>;
  readonly lists: Readonly<Partial<Record<string, readonly unknown[]>>>;
}

/** The type of each key. */
export type Keys = Readonly<Record<string, 'text' | 'number' | 'list' | 'mapping'>>;

export const FILE_KEYS: Keys = { defaults: 'mapping', services: 'list' };
export const DEFAULT_KEYS: Keys = {
  port: 'number',
  weight: 'number',
  sched: 'text',
  forward: 'text',
};
export const SERVICE_KEYS: Keys = { address: 'text', sched: 'text', destinations: 'list' };
export const DESTINATION_KEYS: Keys = { address: 'text', weight: 'number', forward: 'text' };

const TYPES = { text: 'a text', number: 'a whole number', list: 'a list', mapping: 'a mapping' };

/** Reads a mapping, and reports keys that ipvsctl does not know, and values of another type. */
export function readEntry(value: unknown, keys: Keys, path: Path, report: Report): Entry {
  const texts: Record<string, string> = {};
  const numbers: Record<string, number> = {};
  const lists: Record<string, readonly unknown[]> = {};
  if (!isMapping(value)) {
    report(wrongType('mapping', path));
    return { texts, numbers, lists };
  }
  for (const [key, found] of Object.entries(value)) {
    const type = Object.hasOwn(keys, key) ? keys[key] : undefined;
    const place = [...path, key];
    if (type === undefined) {
      report({
        code: 'UNKNOWN_KEY',
        severity: 'error',
        message: `ipvsctl has no key "${key.slice(0, 100)}" here`,
        place: atKey(...place),
        hint: hintFor(key, Object.keys(keys)),
      });
    } else if (found === null || type === 'mapping') {
      // A key without a value is an absent one.
    } else if (type === 'text' && typeof found === 'string') texts[key] = found;
    else if (type === 'number' && Number.isSafeInteger(found)) numbers[key] = found as number;
    else if (type === 'list' && Array.isArray(found)) lists[key] = found;
    else report(wrongType(type, place));
  }
  return { texts, numbers, lists };
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongType(type: keyof typeof TYPES, path: Path) {
  return {
    code: 'WRONG_TYPE',
    severity: 'error',
    message: `expected ${TYPES[type]}`,
    place: atValue(...path),
  } as const;
}
