import { type Cursor, type EntryOffsets, NotSimple } from './cursor.ts';

/** A mapping that is being read. */
export interface Mapping {
  readonly map: Record<string, unknown>;
  readonly entries: Map<string, EntryOffsets> | undefined;
  /** The value of its merge key, `<<` without quotes. */
  merged: unknown;
}

export function createMapping(cursor: Cursor, isRoot: boolean): Mapping {
  return {
    map: {},
    entries: isRoot || cursor.recordsAll ? new Map() : undefined,
    merged: undefined,
  };
}

/** Adds an entry. The offsets are those of its key and of its value. */
export function addEntry(
  cursor: Cursor,
  mapping: Mapping,
  key: string,
  value: unknown,
  keyOffset: number,
  valueOffset: number,
): void {
  const { map, entries } = mapping;
  if (key === '<<' && cursor.text.charAt(keyOffset) === '<') {
    // Without anchors, a merge key has a mapping of its own, which is very unusual.
    if (mapping.merged !== undefined || cursor.anchors.size === 0) throw new NotSimple();
    mapping.merged = value;
    return;
  }
  // No value is undefined. A key that every object has, such as `__proto__`, is not simple.
  if (map[key] !== undefined) throw new NotSimple();
  map[key] = value;
  entries?.set(key, { key: keyOffset, value: valueOffset });
}

/** Ends a mapping: adds the merged entries whose keys are not among its own. */
export function finishMapping(cursor: Cursor, { map, entries, merged }: Mapping): object {
  if (entries) cursor.entries.set(map, entries);
  if (merged === undefined) return map;
  for (const source of Array.isArray(merged) ? merged : [merged]) {
    if (source === null || typeof source !== 'object' || Array.isArray(source))
      throw new NotSimple();
    for (const [key, value] of Object.entries(source)) if (map[key] === undefined) map[key] = value;
  }
  return map;
}
