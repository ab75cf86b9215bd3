import { isCollection, isMap, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { LINE_WIDTH } from '../write/destination-lists.ts';
import type { Kind } from './key-order.ts';
import { anchorOf, kindOf, printInline, printKey, type Sort, sortedPairs } from './print-inline.ts';
import { type Comment, hasComments, type SourceComments } from './source-comments.ts';

/** Entries of these lists stand in one line each, however long it is. */
const ONE_LINE: readonly Kind[] = ['destination', 'selector', 'syncDaemon'];

/** An entry of a block: its comments above, and its own lines. */
interface Block {
  readonly above: readonly Comment[];
  readonly lines: readonly string[];
  readonly isAfterBlank: boolean;
}

/** Prints the root of a configuration, with the comments of its text. */
export function printRoot(root: Node, comments: SourceComments, sort: Sort): string {
  const print = createPrinter(comments, sort);
  const body = isMap(root) ? print.map(root, 'root', '') : [printInline(root, 'root', sort)];
  const tail = commentLines(comments.below(root), '');
  const lines = [...commentLines(comments.head, ''), ...body];
  if (tail.length > 0) lines.push('', ...tail.slice(tail[0] === '' ? 1 : 0));
  return `${lines.slice(lines[0] === '' ? 1 : 0).join('\n')}\n`;
}

function createPrinter(comments: SourceComments, sort: Sort) {
  const map = (node: YAMLMap, kind: Kind, indent: string): string[] =>
    joined(
      sortedPairs(node.items, kind, sort).map((pair) => pairBlock(pair, kind, indent)),
      indent,
      kind === 'root' ? 'always' : 'as written',
      node,
    );

  const list = (node: YAMLSeq, kind: Kind, indent: string): string[] =>
    joined(
      node.items.map((item) => itemBlock(item, kind, indent)),
      indent,
      kind === 'service' ? 'around long ones' : 'as written',
      node,
    );

  const pairBlock = (pair: Pair, kind: Kind, indent: string): Block => {
    const start = `${indent}${printKey(pair)}:`;
    return block(pair, (beside) => value(start, pair.value, kindOf(pair, kind), indent, beside));
  };

  const itemBlock = (item: unknown, kind: Kind, indent: string): Block => {
    if (isMap(item)) adoptComments(item, kind);
    if (!isMap(item) || isInline(item, kind, indent.length + 2, true))
      return block(item, (beside) => value(`${indent}-`, item, kind, indent, beside, true));
    const [first = '', ...rest] = map(item, kind, `${indent}  `);
    const anchor = anchorOf(item).trimEnd();
    const lines =
      anchor === ''
        ? [`${indent}- ${first.trimStart()}`, ...rest]
        : [`${indent}- ${anchor}`, first, ...rest];
    const entry = comments.entryOf(item);
    const beside = entry?.beside === undefined ? [] : [{ text: entry.beside, isAfterBlank: false }];
    return { ...block(item, () => lines), above: [...(entry?.above ?? []), ...beside] };
  };

  /** Moves the comments above the first key of an entry of a list to the entry. */
  const adoptComments = (item: YAMLMap, kind: Kind): void => {
    const first = comments.entryOf(sortedPairs(item.items, kind, sort)[0]);
    const above = comments.entryOf(item)?.above;
    for (const comment of first?.above.splice(0) ?? []) above?.push(comment);
  };

  /** An entry whose lines `print` makes, with the comment beside the first of them. */
  const block = (item: unknown, print: (beside: string) => string[]): Block => {
    const entry = comments.entryOf(item);
    const beside = entry?.beside === undefined ? '' : ` ${entry.beside}`;
    return {
      above: entry?.above ?? [],
      lines: print(beside),
      isAfterBlank: entry?.isAfterBlank ?? false,
    };
  };

  const value = (
    start: string,
    node: unknown,
    kind: Kind,
    indent: string,
    beside: string,
    isItem = false,
  ): string[] => {
    const isShort = isInline(node, kind, start.length + 1, isItem);
    if (!isCollection(node) || isShort)
      return [`${start} ${printInline(node, kind, sort)}${beside}`];
    const first = `${start} ${anchorOf(node)}`.trimEnd() + beside;
    return [
      first,
      ...(isSeq(node)
        ? list(node, kind, `${indent}  `)
        : map(node as YAMLMap, kind, `${indent}  `)),
    ];
  };

  /** Tells whether a value stands in one line, which begins with `used` columns. */
  const isInline = (node: unknown, kind: Kind, used: number, isItem: boolean): boolean => {
    if (!isCollection(node)) return true;
    if (node.items.length === 0) return true;
    if (hasComments(comments, node)) return false;
    if (isItem && isMap(node) && ONE_LINE.includes(kind)) return true;
    if (used + printInline(node, kind, sort).length > LINE_WIDTH) return false;
    if (!isSeq(node)) return node.flow === true;
    if (node.items.every((item) => !isCollection(item))) return true;
    return kind === 'destination' ? node.items.length === 1 : node.flow === true;
  };

  /** Puts the entries of a collection below each other, and its last comments below them. */
  const joined = (
    blocks: readonly Block[],
    indent: string,
    blankLines: 'always' | 'around long ones' | 'as written',
    node: Node,
  ): string[] => {
    const lines: string[] = [];
    let wasLong = false;
    for (const [index, { above, lines: own, isAfterBlank }] of blocks.entries()) {
      const isLong = above.length > 0 || own.length > 1;
      const isApart = above[0]?.isAfterBlank ?? isAfterBlank;
      const isForced =
        blankLines === 'always' || (blankLines === 'around long ones' && (isLong || wasLong));
      if (index > 0 && (isApart || isForced)) lines.push('');
      const comment = commentLines(above, indent);
      for (const line of comment.slice(comment[0] === '' ? 1 : 0)) lines.push(line);
      if (above.length > 0 && isAfterBlank) lines.push('');
      for (const line of own) lines.push(line);
      wasLong = isLong;
    }
    // The comments below the root are the end of the text.
    const below = blankLines === 'always' ? [] : commentLines(comments.below(node), indent);
    return [...lines, ...below];
  };

  return { map };
}

function commentLines(comments: readonly Comment[], indent: string): string[] {
  return comments.flatMap(({ text, isAfterBlank }) => [
    ...(isAfterBlank ? [''] : []),
    `${indent}${text}`,
  ]);
}
