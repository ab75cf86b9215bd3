import type { Path, Place } from '../../finding.ts';
import { type ConfigDocument, lookup } from '../document.ts';
import { readYaml } from '../yaml-document.ts';
import { readBlock } from './block.ts';
import { type Cursor, createCursor, isLineEnd, NotSimple, nextLine, skipSpaces } from './cursor.ts';

/** A text that was read. */
interface Reading {
  readonly value: unknown;
  /** The offset of the value. */
  readonly start: number;
  readonly cursor: Cursor;
}

/**
 * Reads YAML that is simple: block and flow collections, aliases, and scalars on one line without
 * escapes. It takes a tenth of the time of the full parser. Returns undefined for any other text,
 * and for one with a mistake: the full parser reads it then, and explains the mistake. A property
 * holds that both read the same.
 */
export function readSimpleYaml(text: string): ConfigDocument | undefined {
  const reading = readAll(text, false);
  return (
    reading && {
      value: reading.value,
      findings: [],
      offsetOf: offsetsIn(text, reading),
      itemOffsets: lookup(reading.cursor.items),
    }
  );
}

function readAll(text: string, recordsAll: boolean): Reading | undefined {
  // A tab separates words in some places, and is an error in others.
  if (/[\t\r]/.test(text)) return undefined;
  try {
    const cursor = createCursor(text, recordsAll);
    if (cursor.column === 0 && text.startsWith('---', cursor.at)) skipDocumentStart(cursor);
    const start = cursor.at;
    const value = readBlock(cursor, cursor.column, -1);
    const isWhole = cursor.column === -1 && value !== null && typeof value === 'object';
    return isWhole ? { value, start, cursor } : undefined;
  } catch (error) {
    if (error instanceof NotSimple) return undefined;
    throw error;
  }
}

function skipDocumentStart(cursor: Cursor): void {
  cursor.at += 3;
  skipSpaces(cursor);
  if (!isLineEnd(cursor)) throw new NotSimple();
  nextLine(cursor);
}

/**
 * Returns a lookup of offsets. The places of all entries take much memory, and only an issue needs
 * them: the text is read again then.
 */
function offsetsIn(text: string, first: Reading): ConfigDocument['offsetOf'] {
  let document: ConfigDocument | undefined;
  let all: Reading | undefined;
  return (place: Place) => {
    if (typeof place === 'number') return place;
    if (first.cursor.anchors.size > 0) {
      document ??= readYaml(text);
      return document.offsetOf(place);
    }
    if (place.path.length > 1) all ??= readAll(text, true);
    return offsetAt(all ?? first, place.path, place.at);
  };
}

/** The offset of the value or key at a path. For an absent one, that of the last value before. */
function offsetAt({ value, start, cursor }: Reading, path: Path, at: 'key' | 'value'): number {
  let node = value;
  let offset = start;
  for (const [depth, step] of path.entries()) {
    const parent = node as Record<string | number, unknown>;
    if (Array.isArray(node) && typeof step === 'number') {
      offset = cursor.items.get(node)?.[step] ?? offset;
    } else {
      const entry = cursor.entries.get(parent)?.get(String(step));
      if (!entry) return offset;
      offset = at === 'key' && depth === path.length - 1 ? entry.key : entry.value;
    }
    node = parent[step];
  }
  return offset;
}
