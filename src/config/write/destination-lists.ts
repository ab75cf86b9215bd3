import type { EntryLayout } from '../layout.ts';
import { besideLine, commentLines } from './comments.ts';
import { yamlText } from './yaml-scalar.ts';

/** A list of plain addresses, or a service, stands in one line that is not longer. */
export const LINE_WIDTH = 100;
/** The schema's limit for names of services, which suits pools, too. */
const MAX_NAME_LENGTH = 200;

/** A destination as it is written, with its comments. */
interface ListItem {
  readonly text: string;
  readonly layout?: EntryLayout | undefined;
}

/** The destinations of a service or a pool, as they are written. */
export interface DestinationList {
  readonly items: readonly ListItem[];
  /** The comments after the last destination. */
  readonly below: readonly string[];
  /** The name that the source gives the list. */
  readonly name?: string | undefined;
}

/** Lists that several services have. */
export interface Pools {
  readonly lists: ReadonlyMap<string, DestinationList>;
  /** The name of the pool that a list is in. */
  readonly nameOf: (list: DestinationList) => string | undefined;
}

export const NO_POOLS: Pools = { lists: new Map(), nameOf: () => undefined };

/**
 * Finds the lists that several services have, in whatever order. A list without comments shares
 * the pool of one that has some; lists with different comments stay apart.
 */
export function findPools(lists: readonly DestinationList[]): Pools {
  const groups = new Map<string, DestinationList[]>();
  for (const list of lists) {
    if (list.items.length < 2) continue;
    const key = textOf(list);
    const group = groups.get(key);
    if (group) group.push(list);
    else groups.set(key, [list]);
  }
  const pools = new Map<string, DestinationList>();
  const names = new Map<DestinationList, string>();
  for (const group of groups.values()) {
    const shown = group.find(hasComments) ?? group[0];
    if (!shown) continue;
    const comments = commentsOf(shown);
    const sharing = group.filter((list) => !hasComments(list) || commentsOf(list) === comments);
    if (sharing.length < 2) continue;
    const name = freeName(sharing.find((list) => isName(list.name))?.name, pools);
    pools.set(name, shown);
    for (const list of sharing) names.set(list, name);
  }
  return { lists: pools, nameOf: (list) => names.get(list) };
}

function textOf({ items }: DestinationList): string {
  return items
    .map(({ text }) => text)
    .sort()
    .join('\n');
}

function isName(name: string | undefined): boolean {
  return name !== undefined && name.trim() !== '' && name.length <= MAX_NAME_LENGTH;
}

/** The name that the source gives, or else a number, which no other pool has. */
function freeName(wanted: string | undefined, taken: ReadonlyMap<string, unknown>): string {
  const base = wanted ?? 'pool';
  let number = taken.size + 1;
  let name = wanted ?? `${base}-${number}`;
  while (taken.has(name)) name = `${base}-${++number}`;
  return name;
}

function hasComments({ items, below }: DestinationList): boolean {
  return (
    below.length > 0 ||
    items.some(({ layout }) => layout && (layout.above.length > 0 || layout.beside !== undefined))
  );
}

function commentsOf({ items, below }: DestinationList): string {
  const pairs = items.map(({ text, layout }) => [text, layout?.above ?? [], layout?.beside ?? '']);
  return JSON.stringify([pairs, below]);
}

/** Formats the pools of a file. */
export function poolLines({ lists }: Pools): string[] {
  if (lists.size === 0) return [];
  const lines = Array.from(lists, ([name, list]) =>
    listLines(`  ${yamlText(name)}:`, '    ', list, true),
  );
  return ['pools:', ...lines.flat(), ''];
}

/** Formats a list: in one line where `shortList` can, or one line for each item. */
export function listLines(
  start: string,
  indent: string,
  list: DestinationList,
  mayBeShort: boolean,
): string[] {
  if (list.items.length === 0) return [`${start} []`, ...commentLines(list.below, indent.slice(2))];
  const short = mayBeShort ? shortList(list) : undefined;
  const line = `${start} ${short}`;
  if (short !== undefined && line.length <= LINE_WIDTH) return [line];
  const items = list.items.flatMap(({ text, layout }) => [
    ...commentLines(layout?.above ?? [], indent),
    ...besideLine(`${indent}- ${text}`, layout?.beside, LINE_WIDTH),
  ]);
  return [start, ...items, ...commentLines(list.below, indent)];
}

/**
 * Formats a list for one line: one that has a single item, or only plain addresses. Returns
 * undefined for another one, and for a list with comments.
 */
export function shortList(list: DestinationList): string | undefined {
  const { items } = list;
  const isShort = items.length < 2 || items.every(({ text }) => !text.startsWith('{'));
  if (!isShort || hasComments(list)) return undefined;
  return `[${items.map(({ text }) => text).join(', ')}]`;
}
