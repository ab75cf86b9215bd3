import type { Path } from '../finding.ts';
import type { ConfigDocument } from './document.ts';
import { jsonItemOffsets, jsonOffset } from './json-text.ts';
import { MAX_DEPTH } from './pre-scan.ts';

/**
 * Reads JSON with `JSON.parse`, which is many times faster than the YAML parser, after a scan for
 * texts that `JSON.parse` accepts and we do not. Returns undefined for a text with a problem: the
 * YAML reader, which reads JSON too, then finds the problem and its place.
 */
export function readJson(text: string): ConfigDocument | undefined {
  const keys = scanJson(text);
  if (keys === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // JSON.parse keeps the last of two equal keys: the value then has fewer keys than the text.
  if (value === null || countKeys(value) !== keys) return undefined;
  let offsets: WeakMap<object, Int32Array> | undefined;
  const itemOffsets = (list: readonly unknown[]) => () => {
    offsets ??= jsonItemOffsets(text, value);
    return offsets.get(list);
  };
  return {
    value,
    findings: [],
    itemOffsets,
    offsetOf: (place) => {
      if (typeof place === 'number') return place;
      const near = nearestItem(value, place.path, itemOffsets);
      return jsonOffset(text, near.offset, place.path.slice(near.depth), place.at);
    },
  };
}

/**
 * Counts the keys. Returns undefined for a text that is nested too deeply, or has a number that is
 * not a plain integer.
 */
function scanJson(text: string): number | undefined {
  let keys = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        for (at++; at < text.length; at++) {
          const code = text.charCodeAt(at);
          if (code === 0x5c) at++;
          else if (code === 0x22) break;
        }
        break;
      case 0x3a: // colon
        keys++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_DEPTH) return undefined;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2e: // a fraction
        return undefined;
      case 0x2d: // -0
        if (text.charCodeAt(at + 1) === 0x30) return undefined;
        break;
      case 0x45: // E and e: an exponent, when they follow a digit
      case 0x65:
        if (/[0-9]/.test(text.charAt(at - 1))) return undefined;
        break;
    }
  }
  return keys;
}

function countKeys(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  for (const key of Object.keys(value)) {
    count++;
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === 'object') count += countKeys(member);
  }
  return count;
}

/** The innermost list item on a path. A search from there is short. */
function nearestItem(
  root: unknown,
  path: Path,
  itemOffsets: ConfigDocument['itemOffsets'],
): { offset: number; depth: number } {
  let near = { offset: 0, depth: 0 };
  let node = root;
  for (const [depth, step] of path.entries()) {
    if (node === null || typeof node !== 'object') break;
    // The search for the key of the last step begins at its mapping.
    const offset = Array.isArray(node) ? itemOffsets(node)()?.[Number(step)] : undefined;
    if (offset !== undefined) near = { offset, depth: depth + 1 };
    node = (node as Record<string | number, unknown>)[step];
  }
  return near;
}
