import {
  isCollection,
  isMap,
  isPair,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { startOf } from '../read/yaml-value.ts';

/** A comment with its mark, and whether a blank line is before it. */
export interface Comment {
  readonly text: string;
  readonly isAfterBlank: boolean;
}

type Collection = YAMLMap | YAMLSeq;

/** An entry of a mapping or list, with its comments. */
export interface Entry {
  readonly item: unknown;
  readonly start: number;
  readonly parent: Collection;
  /** The entry whose value `parent` is. */
  readonly owner: Entry | undefined;
  readonly above: Comment[];
  beside: string | undefined;
  /** True for an entry that begins its line, below a blank one. */
  readonly isAfterBlank: boolean;
}

export interface SourceComments {
  readonly head: readonly Comment[];
  readonly entryOf: (item: unknown) => Entry | undefined;
  readonly below: (collection: unknown) => readonly Comment[];
}

/**
 * Reads the comments of a YAML text, and finds the entry that each is about. The library's own
 * nodes have comments, too, but it moves one that follows a list into that list.
 */
export function sourceComments(text: string, root: Node): SourceComments {
  const lines = createLines(text);
  const entries = entriesOf(root, lines);
  const byItem = new Map(entries.map((entry) => [entry.item, entry]));
  const byValue = new Map(entries.map((entry) => [nodeOf(entry), entry]));
  const head: Comment[] = [];
  const below = new Map<unknown, Comment[]>();
  for (const { offset, source } of commentTokens(text)) {
    const comment = { text: source.trimEnd(), isAfterBlank: lines.isAfterBlank(offset) };
    if (!lines.isFirst(offset)) {
      const entry = entryBeside(offset, entries);
      if (!entry) head.push(comment);
      else if (entry.beside === undefined) entry.beside = comment.text;
      else entry.above.push({ ...comment, isAfterBlank: false });
      continue;
    }
    const place = placeOf(offset, entries, root, lines);
    // A comment within empty brackets has no entry there.
    const owner = isCollection(place) && place.items.length === 0 && byValue.get(place);
    if (place === entries[0]) head.push(comment);
    else if ('item' in place) place.above.push(comment);
    else if (owner) owner.above.push(comment);
    else below.set(place, [...(below.get(place) ?? []), comment]);
  }
  return { head, entryOf: (item) => byItem.get(item), below: (node) => below.get(node) ?? [] };
}

/** Matches the begin of a line that has no content yet. */
const MARKS = /^[\s?-]*$/;

interface Lines {
  readonly column: (offset: number) => number;
  /** Tells that nothing but marks of lists is before an offset in its line. */
  readonly isFirst: (offset: number) => boolean;
  readonly isAfterBlank: (offset: number) => boolean;
}

function createLines(text: string): Lines {
  const startOfLine = (offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;
  const before = (offset: number): string => text.slice(startOfLine(offset), offset);
  return {
    column: (offset) => offset - startOfLine(offset),
    isFirst: (offset) => MARKS.test(before(offset)),
    isAfterBlank: (offset) => {
      const start = startOfLine(offset);
      if (start === 0 || !MARKS.test(before(offset))) return false;
      return text.slice(startOfLine(start - 1), start).trim() === '';
    },
  };
}

/** The entries of all collections, in the order of the text, outer ones before inner ones. */
function entriesOf(root: Node, lines: Lines): readonly Entry[] {
  const entries: Entry[] = [];
  const visit = (node: unknown, owner: Entry | undefined): void => {
    if (!isMap(node) && !isSeq(node)) return;
    for (const item of node.items) {
      const start = startOf(isPair(item) ? item.key : item);
      const entry = {
        ...{ item, start, parent: node, owner, above: [], beside: undefined },
        isAfterBlank: lines.isAfterBlank(start),
      };
      entries.push(entry);
      visit(isPair(item) ? item.value : item, entry);
    }
  };
  visit(root, undefined);
  return entries;
}

/** The last entry before a comment in its line, or else before it. */
function entryBeside(offset: number, entries: readonly Entry[]): Entry | undefined {
  const isOpen = ({ parent, owner }: Entry): boolean =>
    (!parent.flow || endOf(parent) > offset) && (!owner || isOpen(owner));
  for (let at = firstAfter(offset, entries) - 1; at >= 0; at--) {
    const entry = entries[at];
    if (entry && isOpen(entry)) return entry;
  }
  return undefined;
}

/** The entry below a comment, or the collection at whose end it is. */
function placeOf(
  offset: number,
  entries: readonly Entry[],
  root: Node,
  lines: Lines,
): Entry | Node {
  const at = firstAfter(offset, entries);
  const next = entries[at];
  let last = entries[at - 1];
  const flow = openFlow(offset, last) ?? openFlow(offset, next);
  if (flow) return next && next.start < endOf(flow) ? next : flow;
  const column = lines.column(offset);
  while (last && (last.parent.flow || lines.column(startOf(last.parent)) > column))
    last = last.owner;
  const open = last?.parent ?? root;
  return next && isWithin(next, open) ? next : open;
}

/** The innermost list or mapping in brackets around a place, of those that an entry is in. */
function openFlow(offset: number, entry: Entry | undefined): Collection | undefined {
  for (let at = entry; at; at = at.owner) {
    for (const each of [nodeOf(at), at.parent])
      if (isCollection(each) && each.flow && startOf(each) < offset && offset < endOf(each))
        return each as Collection;
  }
  return undefined;
}

const nodeOf = ({ item }: Entry): unknown => (isPair(item) ? item.value : item);

/** The index of the first entry that begins after a place. */
function firstAfter(offset: number, entries: readonly Entry[]): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.start ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isWithin(entry: Entry, collection: Node): boolean {
  for (let at: Entry | undefined = entry; at; at = at.owner)
    if (at.parent === collection) return true;
  return false;
}

function endOf(node: Node): number {
  return node.range?.[1] ?? 0;
}

interface CommentToken {
  readonly offset: number;
  readonly source: string;
}

/** Marks of the library's lexer: they have no text, and the last one comes before a scalar. */
const MARKERS: readonly string[] = ['\u0002', '\u0018', '\u001f'];
const SCALAR_MARKER = '\u001f';

/** The comments of a text, as the library's lexer finds them. */
function commentTokens(text: string): CommentToken[] {
  const found: CommentToken[] = [];
  let offset = 0;
  let last = '';
  for (const source of new Lexer().lex(text)) {
    if (source.startsWith('#') && last !== SCALAR_MARKER) found.push({ offset, source });
    if (!MARKERS.includes(source)) offset += source.length;
    last = source;
  }
  return found;
}

/** The comments of a text, sorted, to compare two texts. */
export function sortedComments(text: string): readonly string[] {
  return commentTokens(text)
    .map(({ source }) => source.trimEnd())
    .sort();
}

export function hasComments({ below, entryOf }: SourceComments, node: unknown): boolean {
  if (!isCollection(node)) return false;
  if (below(node).length > 0) return true;
  return node.items.some((item) => {
    const entry = entryOf(item);
    const isCommented = entry && (entry.above.length > 0 || entry.beside !== undefined);
    return (
      isCommented ||
      hasComments({ below, entryOf, head: [] }, isPair(item) ? (item as Pair).value : item)
    );
  });
}
