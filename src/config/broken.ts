import type { Path } from './finding.ts';

/**
 * What the schema found fault with. Semantic checks pass over it, so that one mistake is one message, and so that all the
 * other mistakes are found in the same run.
 */
export interface Broken {
  readonly sections: ReadonlySet<string>;
  readonly services: ReadonlySet<number>;
  /** Names of profiles and pools, as `profiles/web` and `pools/eu`. */
  readonly named: ReadonlySet<string>;
  /** Items of lists of destinations, as `services/0/destinations/3` and `pools/eu/1`. */
  readonly items: ReadonlySet<string>;
}

export function indexBroken(paths: readonly Path[]): Broken {
  const sections = new Set<string>();
  const services = new Set<number>();
  const named = new Set<string>();
  const items = new Set<string>();
  for (const path of paths) {
    const [top, second, third] = path;
    if (top === undefined) continue;
    const itemDepth = top === 'pools' ? 3 : 4;
    const isItem = top === 'pools' || third === 'destinations';
    if (isItem && path.length >= itemDepth) items.add(path.slice(0, itemDepth).join('/'));
    else if (second === undefined) sections.add(String(top));
    else if (top === 'services') services.add(Number(second));
    else if (top === 'profiles' || top === 'pools') named.add(`${top}/${second}`);
    else sections.add(String(top));
  }
  return { sections, services, named, items };
}
