import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Path } from '../finding.ts';
import { isMergeKey, startOf } from './yaml-value.ts';

/**
 * The offset of the value or key at a path. Follows aliases and merge keys to the text of the
 * value. For a path that leads to no value, the offset of the last value on the path.
 */
export function yamlOffset(root: Node, path: Path, at: 'key' | 'value'): number {
  const anchors = new Map<string, Node>();
  let node: unknown = root;
  let offset = startOf(root);
  for (const [depth, step] of path.entries()) {
    node = dereference(node, root, anchors);
    if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      if (node) offset = startOf(node);
      continue;
    }
    const pair = findPair(node, String(step), root, anchors);
    if (!pair) return offset;
    node = pair.value;
    const wantsKey = (at === 'key' && depth === path.length - 1) || isAbsent(node);
    offset = startOf(wantsKey ? pair.key : node);
  }
  return offset;
}

/**
 * Tells whether `key:` has no value. The parser then has an empty node at a later offset, and an
 * issue is better shown at the key.
 */
function isAbsent(node: unknown): boolean {
  return (
    node === null || node === undefined || (isScalar(node) && node.range?.[0] === node.range?.[1])
  );
}

function findPair(
  map: unknown,
  key: string,
  root: Node,
  anchors: Map<string, Node>,
): Pair | undefined {
  if (!isMap(map)) return undefined;
  const own = map.items.find(
    (pair) => isScalar(pair.key) && String(pair.key.value) === key && !isMergeKey(pair.key),
  );
  if (own) return own;
  for (const pair of map.items) {
    if (!isMergeKey(pair.key)) continue;
    const merged = dereference(pair.value, root, anchors);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = findPair(dereference(source, root, anchors), key, root, anchors);
      if (found) return found;
    }
  }
  return undefined;
}

function dereference(node: unknown, root: Node, anchors: Map<string, Node>): unknown {
  if (!isAlias(node)) return node;
  if (anchors.size === 0) collectAnchors(root, anchors);
  return anchors.get(node.source);
}

/**
 * Collects the first anchor of each name. YAML allows a second one, but files with one are too rare
 * to follow them exactly.
 */
function collectAnchors(node: unknown, anchors: Map<string, Node>): void {
  if (isAlias(node)) return;
  const { anchor } = (node ?? {}) as { anchor?: string };
  if (anchor !== undefined && !anchors.has(anchor)) anchors.set(anchor, node as Node);
  if (isSeq(node)) for (const item of node.items) collectAnchors(item, anchors);
  if (isMap(node)) for (const pair of node.items) collectAnchors(pair.value, anchors);
}
