import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { IssueCode } from '../../model/issue.ts';
import { type Finding, shownName } from '../finding.ts';

/**
 * The number of times that the content of one anchor may appear, with nested aliases multiplied.
 */
const MAX_ALIAS_EXPANSIONS = 100;

/** The data of a parsed node, and the offsets of the items of each list. */
export interface YamlValue {
  readonly value: unknown;
  readonly findings: readonly Finding[];
  readonly offsets: WeakMap<object, Int32Array>;
}

interface Anchor {
  readonly node: Node;
  readonly value: unknown;
  /** The number of times that its most repeated part appears in it. */
  readonly weight: number;
  uses: number;
}

interface Walk {
  readonly findings: Finding[];
  readonly offsets: WeakMap<object, Int32Array>;
  readonly anchors: Map<string, Anchor>;
  /** The largest weight of an alias since the walk entered an anchored node. */
  weight: number;
  exhausted: boolean;
}

/**
 * Converts a node to data in one walk, as the library's `toJS` does, and also checks the spelling
 * of numbers, tags and duplicate keys. Aliases share the value of their anchor, so that nested
 * aliases take no memory.
 */
export function yamlValue(root: Node): YamlValue {
  const walk: Walk = {
    findings: [],
    offsets: new WeakMap(),
    anchors: new Map(),
    weight: 1,
    exhausted: false,
  };
  const value = convert(root, walk);
  return { value, findings: walk.findings, offsets: walk.offsets };
}

/** Tells whether a key is the merge key, `<<` without quotes. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && (key.type === undefined || key.type === 'PLAIN');
}

export function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

function convert(node: unknown, walk: Walk): unknown {
  if (isAlias(node)) return resolve(node.source, startOf(node), walk)?.value ?? null;
  if (!isScalar(node) && !isCollection(node)) return null;
  if (node.tag !== undefined)
    report(
      walk,
      'TAG',
      startOf(node),
      `the tag ${node.tag} is not allowed`,
      'remove the tag: values are told apart by their spelling',
    );
  if (isScalar(node)) {
    if (typeof node.value === 'number') checkNumber(node.source ?? '', startOf(node), walk);
    if (node.anchor !== undefined)
      walk.anchors.set(node.anchor, { node, value: node.value, weight: 1, uses: 0 });
    return node.value;
  }
  const outer = walk.weight;
  if (node.anchor !== undefined) walk.weight = 1;
  const value = isSeq(node) ? listOf(node, walk) : isMap(node) ? mapOf(node, walk) : null;
  if (node.anchor !== undefined) {
    walk.anchors.set(node.anchor, { node, value, weight: walk.weight, uses: 0 });
    walk.weight = Math.max(outer, walk.weight);
  }
  return value;
}

function listOf(node: YAMLSeq, walk: Walk): unknown[] {
  const list = new Array<unknown>(node.items.length);
  const offsets = new Int32Array(node.items.length);
  for (let index = 0; index < list.length; index++) {
    const item = node.items[index];
    list[index] = convert(item, walk);
    offsets[index] = startOf(item);
  }
  walk.offsets.set(list, offsets);
  return list;
}

function mapOf(node: YAMLMap, walk: Walk): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  let merges: Merge[] | undefined;
  for (const pair of node.items) {
    if (isMergeKey(pair.key)) {
      // Its aliases are those of the anchors before it.
      merges ??= [];
      merges.push({ pair, value: convert(pair.value, walk) });
      continue;
    }
    // The parser reports a key that is not a string.
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    if (isScalar(pair.key) && pair.key.tag !== undefined)
      report(walk, 'TAG', startOf(pair.key), `the tag ${pair.key.tag} is not allowed`, 'remove it');
    const value = convert(pair.value, walk);
    if (Object.hasOwn(map, key)) reportDuplicate(node, pair, key, walk);
    else define(map, key, value);
  }
  if (merges) for (const each of merges) merge(node, each, each === merges[0], map, walk);
  return map;
}

/** A merge key, and the data of its value. */
interface Merge {
  readonly pair: Pair;
  readonly value: unknown;
}

/**
 * Merges the mappings of a merge key. The mapping's own keys have precedence, then those of the
 * earlier merged mappings.
 */
function merge(
  node: YAMLMap,
  { pair, value }: Merge,
  first: boolean,
  map: Record<string, unknown>,
  walk: Walk,
): void {
  if (!first) reportDuplicate(node, pair, '<<', walk);
  for (const source of Array.isArray(value) ? value : [value]) {
    if (source === null || typeof source !== 'object' || Array.isArray(source)) {
      report(
        walk,
        'WRONG_TYPE',
        startOf(pair.value),
        '<< merges mappings only',
        'write <<: *anchor of a mapping, or a list of them',
      );
      continue;
    }
    for (const [key, inherited] of Object.entries(source))
      if (!Object.hasOwn(map, key)) define(map, key, inherited);
  }
}

function resolve(name: string, offset: number, walk: Walk): Anchor | undefined {
  const anchor = walk.anchors.get(name);
  if (!anchor) {
    report(
      walk,
      'SYNTAX',
      offset,
      `there is no anchor &${name} before this alias`,
      `mark the value with &${name} first`,
    );
    return undefined;
  }
  anchor.uses++;
  const weight = anchor.uses * anchor.weight;
  walk.weight = Math.max(walk.weight, weight);
  if (weight > MAX_ALIAS_EXPANSIONS && !walk.exhausted) {
    walk.exhausted = true;
    const limit = MAX_ALIAS_EXPANSIONS;
    const message = `aliases expand the content of &${name} more than ${limit} times`;
    report(walk, 'ALIAS_LIMIT', offset, message, 'use profiles and pools in place of anchors');
  }
  return anchor;
}

/**
 * Refuses `010`, `0x50`, `8e1`, `+80`, `80.0` and `.5`. YAML 1.2 reads them as numbers, but other
 * tools and people read some of them as another value.
 */
function checkNumber(source: string, offset: number, walk: Walk): void {
  if (isCanonicalNumber(source)) return;
  const value = Number(source);
  const hint =
    Number.isSafeInteger(value) && !/^0[0-9]/.test(source)
      ? `write ${value}`
      : 'write a decimal number without leading zeros';
  report(
    walk,
    'NUMBER_SPELLING',
    offset,
    `${source} is an ambiguous way to write a number`,
    `${hint}, or put it in quotes if it is text`,
  );
}

/**
 * Tells whether a number is spelled in the one usual way. Accepts fractions: the schema then asks
 * for a whole number.
 */
function isCanonicalNumber(source: string): boolean {
  return /^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])$/.test(source);
}

function define(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  else map[key] = value;
}

function reportDuplicate(node: YAMLMap, pair: Pair, key: string, walk: Walk): void {
  const first = node.items.find(
    (other) => other !== pair && isScalar(other.key) && String(other.key.value) === key,
  );
  walk.findings.push({
    code: 'DUPLICATE_KEY',
    severity: 'error',
    message: `the key "${shownName(key)}" appears twice`,
    place: startOf(pair.key),
    hint: 'remove one of them',
    related: { message: 'first here', place: startOf(first?.key) },
  });
}

function report(walk: Walk, code: IssueCode, place: number, message: string, hint: string): void {
  walk.findings.push({ code, severity: 'error', message, place, hint });
}
