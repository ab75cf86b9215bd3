import type { Path } from './finding.ts';

/**
 * The parts of a document that violate the schema. Later checks skip them, so that one mistake has
 * one message, and one run finds all other mistakes.
 */
export interface InvalidParts {
  readonly sections: ReadonlySet<string>;
  readonly services: ReadonlySet<number>;
  /** The services whose `health` has a violation. */
  readonly checks: ReadonlySet<number>;
  /** The names of profiles and pools, such as `profiles/web` and `pools/eu`. */
  readonly named: ReadonlySet<string>;
  /** The items of lists of destinations, such as `services/0/destinations/3` and `pools/eu/1`. */
  readonly items: ReadonlySet<string>;
}

export function indexInvalidParts(paths: readonly Path[]): InvalidParts {
  const sections = new Set<string>();
  const services = new Set<number>();
  const checks = new Set<number>();
  const named = new Set<string>();
  const items = new Set<string>();
  for (const path of paths) {
    const [top, second, third] = path;
    if (top === undefined) continue;
    const itemDepth = top === 'pools' ? 3 : 4;
    const isItem = top === 'pools' || third === 'destinations';
    if (isItem && path.length >= itemDepth) items.add(path.slice(0, itemDepth).join('/'));
    else if (second === undefined) sections.add(String(top));
    else if (top === 'services') {
      services.add(Number(second));
      if (third === 'health') checks.add(Number(second));
    } else if (top === 'profiles' || top === 'pools') named.add(`${top}/${second}`);
    else sections.add(String(top));
  }
  return { sections, services, checks, named, items };
}
