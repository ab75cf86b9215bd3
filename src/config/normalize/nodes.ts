import { isNodePattern, NODE_NAME_FORM, nodeMatcher } from '../../model/node.ts';
import type { Config, NodePatterns, ServiceMapping } from '../config.ts';
import { atValue, type Path, type Place, type Report } from '../finding.ts';
import { describeValue } from '../schema/wrong-type.ts';
import type { Context } from './context.ts';

/** The `nodes` lists of a file, for the node that the file is read for. */
export interface NodeLists {
  /** Tells whether an object with this list is for the node. Without a list, it is for all. */
  readonly isFor: (patterns: NodePatterns | undefined) => boolean;
  /** Every pattern of the lists, and the place where it is first. */
  readonly patterns: ReadonlyMap<string, Place>;
}

/** Checks and collects every `nodes` list, those of objects that no service uses as well. */
export function readNodeLists(config: Config, node: string, report: Report): NodeLists {
  const patterns = new Map<string, Place>();
  for (const { list, path } of nodeLists(config)) {
    // Other values than a list of texts violate the schema, which is reported already.
    if (!Array.isArray(list)) continue;
    if (list.length === 0) {
      const message = 'an empty list of nodes would be for no node';
      const hint = 'leave it out for all nodes';
      report({ code: 'NODE', severity: 'error', message, place: atValue(...path), hint });
    }
    for (const [index, pattern] of list.entries()) {
      if (typeof pattern !== 'string' || patterns.has(pattern)) continue;
      const place = atValue(...path, index);
      if (isNodePattern(pattern)) patterns.set(pattern, place);
      else {
        const message = `${describeValue(pattern)} is not the name of a node`;
        const hint = `write ${NODE_NAME_FORM}; * stands for any characters`;
        report({ code: 'NODE', severity: 'error', message, place, hint });
      }
    }
  }
  const matches = nodeMatcher(node);
  return { isFor: (list) => list === undefined || matches(textsIn(list)), patterns };
}

/** Leaves out the sections that are for other nodes. */
export function selectSections(config: Config, { isFor }: NodeLists): Config {
  const { timeouts, sysctls, ...others } = config;
  return {
    ...others,
    ...(timeouts && isFor(timeouts.nodes) && { timeouts }),
    ...(sysctls && isFor(sysctls.nodes) && { sysctls }),
  };
}

/** Takes note of the profile and the pools that a service for other nodes uses there. */
export function useNames(service: ServiceMapping, context: Context): void {
  const { config, usedPools, usedProfiles } = context;
  const { profile = '' } = service;
  usedProfiles.add(profile);
  for (const user of [service, mapping(config.profiles)[profile]]) {
    const { destinations } = mapping(user);
    if (!Array.isArray(destinations)) continue;
    for (const item of destinations) {
      const { pool } = mapping(item);
      if (typeof pool === 'string') usedPools.add(pool);
    }
  }
}

/** The texts of a list that may violate the schema. */
function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

interface FoundList {
  readonly list: unknown;
  readonly path: Path;
}

function nodeLists(config: Config): readonly FoundList[] {
  const found: FoundList[] = [];
  const seen = new Set<unknown>();
  for (const section of ['timeouts', 'sysctls'] as const)
    collect(config[section], [section], found);
  collectFromItems(config.sync_daemons, ['sync_daemons'], seen, found);
  for (const [name, pool] of Object.entries(mapping(config.pools)))
    collectFromItems(pool, ['pools', name], seen, found);
  collectFromLists(config.defaults, ['defaults'], seen, found);
  for (const [name, profile] of Object.entries(mapping(config.profiles)))
    collectFromLists(profile, ['profiles', name], seen, found);
  if (!Array.isArray(config.services)) return found;
  collectFromItems(config.services, ['services'], seen, found);
  for (const [index, service] of config.services.entries())
    collectFromLists(service, ['services', index], seen, found);
  return found;
}

/** Collects from the destinations and the fallbacks of a service, a profile or the defaults. */
function collectFromLists(of: unknown, path: Path, seen: Set<unknown>, found: FoundList[]): void {
  const { destinations, health } = mapping(of);
  collectFromItems(destinations, [...path, 'destinations'], seen, found);
  collectFromItems(mapping(health).fallback, [...path, 'health', 'fallback'], seen, found);
}

/** A list that is there several times, through an alias, is read once. */
function collectFromItems(
  items: unknown,
  path: Path,
  seen: Set<unknown>,
  found: FoundList[],
): void {
  if (!Array.isArray(items) || seen.has(items)) return;
  seen.add(items);
  for (let index = 0; index < items.length; index++)
    if (mapping(items[index]).nodes !== undefined) collect(items[index], [...path, index], found);
}

function collect(of: unknown, path: Path, found: FoundList[]): void {
  const { nodes } = mapping(of);
  if (nodes !== undefined) found.push({ list: nodes, path: [...path, 'nodes'] });
}

/** A value that may violate the schema. Other values than mappings have no keys. */
function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
