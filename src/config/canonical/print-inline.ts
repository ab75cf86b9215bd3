import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import { isMergeKey } from '../read/yaml-value.ts';
import { isReservedWord, yamlWord } from '../write/yaml-scalar.ts';
import { inOrder, type Kind, kindBelow } from './key-order.ts';

/** Sorts the pairs of a mapping, or leaves them as they are. */
export type Sort = <T>(kind: Kind, items: readonly T[], keyOf: (item: T) => string) => T[];

export const CANONICAL_ORDER: Sort = inOrder;
export const SOURCE_ORDER: Sort = (_, items) => [...items];

/** Formats a node in one line. */
export function printInline(node: unknown, kind: Kind, sort: Sort): string {
  if (isAlias(node)) return `*${node.source}`;
  const anchor = anchorOf(node);
  if (isSeq(node)) {
    const items = node.items.map((item) => printInline(item, kind, sort));
    return `${anchor}[${items.join(', ')}]`;
  }
  if (isMap(node)) {
    const pairs = sortedPairs(node.items, kind, sort).map(
      (pair) => `${printKey(pair)}: ${printInline(pair.value, kindOf(pair, kind), sort)}`,
    );
    return `${anchor}${pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`}`;
  }
  return `${anchor}${printScalar(node)}`;
}

export function sortedPairs(pairs: readonly Pair[], kind: Kind, sort: Sort): Pair[] {
  return sort(kind, pairs, keyText);
}

export function printKey({ key }: Pair): string {
  const anchor = anchorOf(key);
  return isMergeKey(key) ? `${anchor}<<` : `${anchor}${printText(key, keyText({ key }))}`;
}

export function kindOf(pair: Pair, kind: Kind): Kind {
  return kindBelow(kind, keyText(pair));
}

/** The anchor of a node, with the blank behind it. */
export function anchorOf(node: unknown): string {
  const { anchor } = (node ?? {}) as Node & { readonly anchor?: string };
  return anchor === undefined ? '' : `&${anchor} `;
}

function keyText({ key }: Pick<Pair, 'key'>): string {
  return isScalar(key) ? String(key.value) : '';
}

function printScalar(node: unknown): string {
  if (!isScalar(node)) return 'null';
  if (typeof node.value === 'number') return node.source ?? String(node.value);
  return typeof node.value === 'string' ? printText(node, node.value) : String(node.value);
}

/** A word such as `off` keeps its quotes, or its lack of them. */
function printText(node: unknown, text: string): string {
  const isPlain = isScalar(node) && node.type === 'PLAIN';
  return isPlain && isReservedWord(text) ? text : yamlWord(text);
}
