import type { Destination, DestinationKey } from '../../model/destination.ts';
import type { DestinationHealth } from '../../model/health.ts';
import type { Preserve } from '../../model/policy.ts';
import type { ServiceIdentity } from '../../model/service.ts';
import type {
  DestinationItem,
  DestinationKeys,
  DestinationMapping,
  PoolReference,
  Profile,
} from '../config.ts';
import { atKey, atValue, type Path } from '../finding.ts';
import type { Context } from './context.ts';
import { normalizeDestination } from './destination.ts';
import { checkHealth, readHealth } from './health.ts';
import { type Layer, pick, pickHealth } from './layers.ts';
import { addList, addOrigin, type ItemOrigins, originPlace } from './origins.ts';
import { preserveOf } from './policy.ts';
import { type Inherited, placesOf, type Trace } from './trace.ts';
import { reportUnknownName } from './unknown-name.ts';
import { mergeKeys, type NearestKeys, type WrittenDestination } from './written-destination.ts';

const NOTHING: DestinationKeys = {};

export interface Destinations {
  readonly map: ReadonlyMap<DestinationKey, Destination>;
  /** The destinations with a value to preserve. */
  readonly preserve: ReadonlyMap<DestinationKey, Preserve>;
  /** The destinations that are checked. */
  readonly health: ReadonlyMap<DestinationKey, DestinationHealth>;
  /** Destinations that are used when no other one is usable, with their weights. */
  readonly fallback: ReadonlyMap<DestinationKey, number>;
  /** False when an error left a destination out. */
  readonly complete: boolean;
}

interface Expansion {
  readonly service: ServiceIdentity;
  readonly context: Context;
  readonly origins: ItemOrigins;
  readonly map: Map<DestinationKey, Destination>;
  readonly preserve: Map<DestinationKey, Preserve>;
  readonly health: Map<DestinationKey, DestinationHealth>;
  readonly fallback: Map<DestinationKey, number>;
  /** The checks of each mapping: many destinations share one. */
  readonly checks: Map<NearestKeys['health'], DestinationHealth | undefined>;
  readonly inherited: Inherited;
  readonly trace: Trace | undefined;
  complete: boolean;
}

/** The destinations of a service, from its own list or that of its profile. Pools are expanded. */
export function normalizeDestinations(
  service: ServiceIdentity,
  layers: readonly Layer<Profile>[],
  context: Context,
  origins: ItemOrigins,
  trace: Trace | undefined,
): Destinations {
  const expansion: Expansion = {
    service,
    context,
    origins,
    map: new Map(),
    preserve: new Map(),
    health: new Map(),
    fallback: new Map(),
    checks: new Map(),
    inherited: inheritedKeys(layers, context),
    trace,
    complete: true,
  };
  const picked = pick(layers, 'destinations');
  if (picked && typeof picked.place !== 'number') {
    const listPath = picked.place.path;
    const list = addList(origins, context.itemOffsets(picked.value), listPath);
    for (const [index, item] of picked.value.entries()) {
      if (isInvalidItem(expansion, listPath, index)) continue;
      if (isForOthers(item, context)) continue;
      if (typeof item === 'object' && 'pool' in item)
        expandPool(item, [...listPath, index], expansion);
      else add(item, undefined, listPath, listPath, index, list, expansion);
    }
  }
  addFallback(pickHealth(layers, context.config), expansion);
  return expansion;
}

/** Adds the destinations that take traffic when no other one is usable, at weight 0. */
function addFallback(picked: ReturnType<typeof pickHealth>, expansion: Expansion): void {
  if (typeof picked?.value !== 'object' || typeof picked.place !== 'object') return;
  const { map, health, preserve, fallback } = expansion;
  const { fallback: items = [] } = picked.value;
  const listPath = [...picked.place.path, 'fallback'];
  const list = addList(expansion.origins, expansion.context.itemOffsets(items), listPath);
  for (const [index, item] of items.entries()) {
    if (isForOthers(item, expansion.context)) continue;
    warnOfFallback(item, [...listPath, index], expansion.context);
    const key = add(item, undefined, listPath, listPath, index, list, expansion);
    const destination = key && map.get(key);
    if (!destination) continue;
    health.delete(key);
    preserve.delete(key);
    fallback.set(key, destination.weight);
    map.set(key, { ...destination, weight: 0 });
  }
}

/** Warns of keys that have no effect on a fallback. */
function warnOfFallback(
  item: string | DestinationMapping,
  path: Path,
  { reportOnce: report }: Context,
): void {
  if (typeof item === 'string') return;
  for (const key of ['health', 'preserve'] as const)
    if (item[key] !== undefined)
      report({
        code: 'NO_EFFECT',
        severity: 'warning',
        message: `${key} has no effect on a fallback: nothing checks it, and health sets its weight`,
        place: atKey(...path, key),
        hint: 'remove it',
      });
}

/** The keys that destinations inherit: those of the defaults, and the fields that are preserved. */
function inheritedKeys(layers: readonly Layer<Profile>[], { config }: Context): Inherited {
  const preserve = pick(layers, 'preserve');
  const health = pickHealth(layers, config);
  const { defaults = NOTHING } = config;
  const own = {
    ...(preserve && { preserve: preserve.value }),
    ...(health && { health: health.value }),
  };
  return {
    keys: mergeKeys(own, defaults),
    preservePlace: preserve?.place,
    healthPlace: health?.place,
  };
}

function expandPool(reference: PoolReference, path: Path, expansion: Expansion): void {
  const { context, origins } = expansion;
  const name = reference.pool;
  context.usedPools.add(name);
  const pools = context.config.pools ?? {};
  if (context.invalid.sections.has('pools') || context.invalid.named.has(`pools/${name}`)) {
    expansion.complete = false;
    return;
  }
  if (!Object.hasOwn(pools, name)) {
    reportUnknownName('pool', name, pools, atValue(...path, 'pool'), context.report);
    expansion.complete = false;
    return;
  }
  const pool = pools[name] ?? [];
  const listPath = ['pools', name];
  const list = addList(origins, context.itemOffsets(pool), listPath);
  for (const [index, item] of pool.entries())
    if (!isInvalidItem(expansion, listPath, index) && !isForOthers(item, context))
      add(item, reference, path, listPath, index, list, expansion);
}

function add(
  item: string | DestinationMapping,
  override: PoolReference | undefined,
  overridePath: Path,
  listPath: Path,
  index: number,
  list: number,
  expansion: Expansion,
): DestinationKey | undefined {
  const { service, context, origins, map, inherited, trace } = expansion;
  const own = typeof item === 'string' ? inherited.keys : mergeKeys(item, inherited.keys);
  const keys = override ? mergeKeys(override, own) : own;
  const written = { item, override, overridePath, keys, listPath, index };
  // Each service that uses a pool checks it again.
  const report = override ? context.reportOnce : context.report;
  const text = typeof item === 'string' ? item : item.address;
  const destination = normalizeDestination(written, service, (finding) => {
    const isPool = finding.code === 'ADDRESS' && Object.hasOwn(context.config.pools ?? {}, text);
    const hint = `write { pool: ${text} } for the pool of this name`;
    report(isPool ? { ...finding, hint } : finding);
  });
  if (!destination) {
    expansion.complete = false;
    return undefined;
  }
  if (map.has(destination.key)) {
    const message = `the destination ${destination.key} is in this service twice`;
    const place = override ? atValue(...overridePath) : atValue(...listPath, index);
    const related = {
      message: 'first here',
      place: originPlace(origins, indexOf(map, destination.key)),
    };
    context.report({
      code: 'DUPLICATE',
      severity: 'error',
      message,
      place,
      hint: 'remove one of them',
      related,
    });
    expansion.complete = false;
    return undefined;
  }
  map.set(destination.key, destination);
  const preserve = keys.preserve && preserveOf(keys.preserve);
  if (preserve) expansion.preserve.set(destination.key, preserve);
  addHealth(written, destination, preserve?.weight ?? false, expansion);
  trace?.destinations.set(destination.key, placesOf(written, inherited));
  addOrigin(origins, list, index);
  return destination.key;
}

/** Reads how a destination is checked, unless a mapping that it shares was read before. */
function addHealth(
  written: WrittenDestination,
  destination: Destination,
  preservesWeight: boolean,
  { context: { reportOnce: report }, health, checks, inherited }: Expansion,
): void {
  const { keys, item, override, overridePath, listPath, index } = written;
  if (keys.health === undefined) return;
  const { healthPlace } = inherited;
  const path =
    override?.health !== undefined
      ? [...overridePath, 'health']
      : typeof item === 'object' && item.health !== undefined
        ? [...listPath, index, 'health']
        : typeof healthPlace === 'object'
          ? healthPlace.path
          : [];
  if (!checks.has(keys.health)) checks.set(keys.health, readHealth(keys.health, path, report));
  const own = checks.get(keys.health);
  if (!own) return;
  checkHealth(own, destination, preservesWeight, atValue(...path), report);
  health.set(destination.key, own);
}

/** Tells whether an item is for other nodes. A pool that it names is used there. */
function isForOthers(item: DestinationItem, { nodes, usedPools }: Context): boolean {
  if (typeof item === 'string' || nodes.isFor(item.nodes)) return false;
  if ('pool' in item) usedPools.add(item.pool);
  return true;
}

function isInvalidItem(expansion: Expansion, listPath: Path, index: number): boolean {
  const { items } = expansion.context.invalid;
  if (items.size === 0 || !items.has([...listPath, index].join('/'))) return false;
  expansion.complete = false;
  return true;
}

function indexOf(map: ReadonlyMap<DestinationKey, Destination>, key: DestinationKey): number {
  let index = 0;
  for (const known of map.keys()) {
    if (known === key) return index;
    index++;
  }
  return -1;
}
