import type { Path } from '../finding.ts';
import type { ConfigDocument } from './document.ts';
import { jsonItemOffsets, jsonOffset } from './json-text.ts';
import { MAX_DEPTH } from './pre-scan.ts';

/**
 * Reads JSON with the engine's own parser, many times faster than YAML, after one scan for what that parser lets pass. Places
 * are looked for when asked. undefined when the text is not plain JSON or has something to complain about: then the YAML
 * reader, which takes JSON too, finds what and where.
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
  // JSON.parse keeps the last of two equal keys, so that there are fewer in the value than in the text.
  if (value === null || countKeys(value) !== keys) return undefined;
  let offsets: WeakMap<object, Int32Array> | undefined;
  const itemOffsets = (list: readonly unknown[]) => {
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

/** The number of keys; undefined if the text is nested too deeply or writes a number in an odd way. */
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

/** The innermost list item on a path, so that the search begins next to what it looks for. */
function nearestItem(
  root: unknown,
  path: Path,
  itemOffsets: ConfigDocument['itemOffsets'],
): { offset: number; depth: number } {
  let near = { offset: 0, depth: 0 };
  let node = root;
  for (const [depth, step] of path.entries()) {
    if (node === null || typeof node !== 'object') break;
    // The last step's key is found from the map that has it.
    const offset = Array.isArray(node) ? itemOffsets(node)?.[Number(step)] : undefined;
    if (offset !== undefined) near = { offset, depth: depth + 1 };
    node = (node as Record<string | number, unknown>)[step];
  }
  return near;
}
