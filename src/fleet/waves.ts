import { IpvstateError } from '../errors.ts';
import { isNodePattern, nodeMatcher } from '../model/node.ts';

/** The nodes of a wave, before they are known by name. */
export type WaveText =
  | { readonly kind: 'nodes'; readonly patterns: readonly string[] }
  /** So many more nodes. */
  | { readonly kind: 'count'; readonly value: number }
  /** So many more nodes that this share of all has the generation. */
  | { readonly kind: 'percent'; readonly value: number }
  | { readonly kind: 'all' };

/** The forms of a wave, in words. */
export const WAVE_FORM = 'names (with * for any characters) with commas between them, N, N% or all';

/** Parses `lb1,site-a-*`, `3`, `25%` or `all`. undefined for anything else. */
export function parseWave(text: string): WaveText | undefined {
  if (text === 'all') return { kind: 'all' };
  const count = /^([1-9]\d{0,5})(%?)$/.exec(text);
  if (count) {
    const value = Number(count[1]);
    if (count[2] === '') return { kind: 'count', value };
    return value <= 100 ? { kind: 'percent', value } : undefined;
  }
  // A mistyped number is not the name of a node.
  if (/^[\d.]+%?$/.test(text)) return undefined;
  const patterns = text.split(',');
  return patterns.every((each) => each !== '' && isNodePattern(each))
    ? { kind: 'nodes', patterns }
    : undefined;
}

/**
 * Gives each wave its nodes, in the order of their names. A node is in the first wave that takes
 * it. Throws `USAGE` for a name that no node has.
 */
export function nodesOfWaves(texts: readonly WaveText[], nodes: readonly string[]): string[][] {
  const left = [...nodes].sort();
  const waves: string[][] = [];
  for (const text of texts) {
    const taken = new Set(nodesOfWave(text, left, nodes));
    if (taken.size > 0) waves.push([...taken]);
    left.splice(0, left.length, ...left.filter((name) => !taken.has(name)));
  }
  return waves;
}

function nodesOfWave(
  text: WaveText,
  left: readonly string[],
  nodes: readonly string[],
): readonly string[] {
  switch (text.kind) {
    case 'all':
      return left;
    case 'count':
      return left.slice(0, text.value);
    case 'percent': {
      const wanted = Math.ceil((nodes.length * text.value) / 100);
      return left.slice(0, Math.max(0, wanted - (nodes.length - left.length)));
    }
    case 'nodes': {
      const unknown = text.patterns.find(
        (pattern) => !nodes.some((name) => nodeMatcher(name)([pattern])),
      );
      if (unknown !== undefined) {
        throw new IpvstateError('USAGE', `no director is called ${unknown}`, {
          hint: '`ipvstate fleet status ADDRESS` lists the directors that are known.',
        });
      }
      return left.filter((name) => nodeMatcher(name)(text.patterns));
    }
  }
}
