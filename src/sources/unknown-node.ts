import type { Issue } from '../model/issue.ts';
import { nearest } from '../model/nearest.ts';
import { nodeMatcher } from '../model/node.ts';
import type { ParsedDocument } from './load.ts';
import type { Source } from './source.ts';

/** The most names that a message has room for. */
const SHOWN_NODES = 5;

/**
 * Warns of a node that no document names, where they name others: it may be mistyped, and would be
 * taken for a node that has only what is for all nodes. `lb4` beside `lb1` is no mistake.
 */
export function checkNode(
  node: string | undefined,
  sources: readonly Source[],
  parsed: readonly ParsedDocument[],
): Issue[] {
  if (node === undefined) return [];
  const patterns = parsed.flatMap(({ nodes }) => [...(nodes?.patterns ?? [])]);
  const named = new Set([...sources.flatMap(({ nodes = [] }) => nodes), ...patterns]);
  if (named.size === 0 || nodeMatcher(node)([...named])) return [];
  const names = [...named].sort();
  if (continuesSeries(node, names)) return [];
  const others = names.length > SHOWN_NODES ? ` and ${names.length - SHOWN_NODES} more` : '';
  const like = nearest(node, names);
  const question = like.length > 0 ? `did you mean ${like.join(' or ')}? ` : '';
  const first = parsed.find(({ nodes }) => nodes)?.nodes?.first;
  return [
    {
      code: 'NODE',
      severity: 'warning',
      message:
        `${node} is none of the nodes that the files name: ` +
        `${names.slice(0, SHOWN_NODES).join(', ')}${others}`,
      position: first ?? { file: parsed[0]?.name ?? '', line: 1, column: 1 },
      hint: `${question}${node} has only what is for all nodes`,
    },
  ];
}

/** Tells whether a name is like others, but with a number that none of them has. */
function continuesSeries(node: string, names: readonly string[]): boolean {
  const wordsOf = (name: string): string => name.replace(/\d+/g, '0');
  const numbersOf = (name: string): string => (name.match(/\d+/g) ?? []).map(Number).join(' ');
  const series = names.filter((name) => wordsOf(name) === wordsOf(node));
  return series.length > 0 && series.every((name) => numbersOf(name) !== numbersOf(node));
}
