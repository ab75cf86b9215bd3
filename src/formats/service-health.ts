import type { ChecksMapping } from '../config/config.ts';
import type { WrittenHealth } from '../config/write/health.ts';
import type { Destination, DestinationKey } from '../model/destination.ts';

/**
 * Writes the health of a service: the checks of most of its destinations, and the others by
 * themselves. Returns undefined when no destination is checked. Without a fallback, nothing limits
 * how many destinations are out, as in the programs that the checks come from.
 */
export function serviceHealth(
  mappings: ReadonlyMap<DestinationKey, ChecksMapping | 'off'>,
  fallback: () => Destination | undefined,
): WrittenHealth | undefined {
  const counts = new Map<string, number>();
  for (const mapping of mappings.values()) {
    const text = JSON.stringify(mapping);
    if (mapping !== 'off') counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const [common] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  const shared = [...mappings.values()].find((each) => JSON.stringify(each) === common);
  if (shared === undefined || shared === 'off') return undefined;
  const destination = fallback();
  return {
    service: { ...shared, ...(!destination && { max_unhealthy: 'off' }) },
    destinations: new Map([...mappings].filter(([, each]) => JSON.stringify(each) !== common)),
    ...(destination && { fallback: destination }),
  };
}

/** The way in which a command of health differs from those of other programs. */
export const COMMAND_DIFFERENCE = {
  message: 'health runs a command only with --allow-commands, and without its environment',
  hint: 'see `ipvstate help health-checks`, and set PATH in the program where it needs one',
};
