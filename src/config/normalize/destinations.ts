import type { Destination, DestinationKey } from '../../model/destination.ts';
import type { Preserve } from '../../model/policy.ts';
import type { ServiceIdentity } from '../../model/service.ts';
import type {
  DestinationItem,
  DestinationKeys,
  DestinationMapping,
  PoolReference,
  Profile,
} from '../config.ts';
import { atValue, type Path } from '../finding.ts';
import type { Context } from './context.ts';
import { normalizeDestination } from './destination.ts';
import { type Layer, pick } from './layers.ts';
import { addList, addOrigin, type ItemOrigins, originPlace } from './origins.ts';
import { preserveOf } from './policy.ts';
import { type Inherited, placesOf, type Trace } from './trace.ts';
import { reportUnknownName } from './unknown-name.ts';
import { mergeKeys } from './written-destination.ts';

const NOTHING: DestinationKeys = {};

interface Destinations {
  readonly map: ReadonlyMap<DestinationKey, Destination>;
  /** The destinations with a value to preserve. */
  readonly preserve: ReadonlyMap<DestinationKey, Preserve>;
  /** False when an error left a destination out. */
  readonly complete: boolean;
}

interface Expansion {
  readonly service: ServiceIdentity;
  readonly context: Context;
  readonly origins: ItemOrigins;
  readonly map: Map<DestinationKey, Destination>;
  readonly preserve: Map<DestinationKey, Preserve>;
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
    inherited: inheritedKeys(layers, context),
    trace,
    complete: true,
  };
  const picked = pick(layers, 'destinations');
  if (!picked || typeof picked.place === 'number') return expansion;
  const listPath = picked.place.path;
  const list = addList(origins, picked.value, listPath);
  for (const [index, item] of picked.value.entries()) {
    if (isInvalidItem(expansion, listPath, index)) continue;
    if (isForOthers(item, context)) continue;
    if (typeof item === 'object' && 'pool' in item)
      expandPool(item, [...listPath, index], expansion);
    else add(item, undefined, listPath, listPath, index, list, expansion);
  }
  return expansion;
}

/** The keys that destinations inherit: those of the defaults, and the fields that are preserved. */
function inheritedKeys(layers: readonly Layer<Profile>[], { config }: Context): Inherited {
  const preserve = pick(layers, 'preserve');
  const { defaults = NOTHING } = config;
  return {
    keys: mergeKeys(preserve ? { preserve: preserve.value } : NOTHING, defaults),
    preservePlace: preserve?.place,
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
  const list = addList(origins, pool, listPath);
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
): void {
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
    return;
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
    return;
  }
  map.set(destination.key, destination);
  const preserve = keys.preserve && preserveOf(keys.preserve);
  if (preserve) expansion.preserve.set(destination.key, preserve);
  trace?.destinations.set(destination.key, placesOf(written, inherited));
  addOrigin(origins, list, index);
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
