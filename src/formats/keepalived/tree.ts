import type { Position } from '../../model/issue.ts';
import type { Report } from './report.ts';
import { type Comment, type Piece, placeIn } from './text/pieces.ts';
import { splitWords } from './text/words.ts';

export interface Word {
  readonly text: string;
  readonly position: Position;
}

/** A statement, with the statements of its block. */
export interface Statement {
  readonly keyword: string;
  /** The words after the keyword. */
  readonly words: readonly Word[];
  readonly position: Position;
  /** The comments above it. */
  readonly above: readonly Comment[];
  /** The comments on its own line, and beside the end of its block. */
  readonly beside: readonly string[];
  readonly block?: Block;
}

export interface Block {
  readonly statements: readonly Statement[];
  /** The comments after the last statement. */
  readonly end: readonly Comment[];
}

/** The last statement of a block with one of some keywords: keepalived takes that one. */
export function lastOf(
  { block }: Statement,
  ...keywords: readonly string[]
): Statement | undefined {
  return block?.statements.findLast(({ keyword }) => keywords.includes(keyword));
}

/** A statement while its block is read. */
interface Open extends Statement {
  readonly beside: string[];
  block?: OpenBlock;
}

interface OpenBlock extends Block {
  readonly statements: Open[];
  end: Comment[];
}

/** Makes a tree of the pieces of a configuration. */
export function buildTree(pieces: readonly Piece[], report: Report): Block {
  const root: OpenBlock = { statements: [], end: [] };
  const stack: { readonly block: OpenBlock; readonly owner?: Open }[] = [{ block: root }];
  /** The statement that a block may follow. */
  let latest: Open | undefined;
  /** The statement that a comment on the same line belongs to. */
  let touched: Open | undefined;
  for (const piece of pieces) {
    const { block } = stack.at(-1) ?? { block: root };
    switch (piece.kind) {
      case 'comment':
        if (!piece.isBeside || !touched) block.end.push(piece);
        else if (piece.text !== '') touched.beside.push(piece.text);
        break;
      case 'words':
        latest = openStatement(piece, block.end);
        touched = latest;
        if (!latest) break;
        block.end = [];
        block.statements.push(latest);
        break;
      case 'open':
        if (latest && !latest.block) {
          latest.block = { statements: [], end: [] };
          stack.push({ block: latest.block, owner: latest });
        } else {
          report('SYNTAX', 'there is no statement that this "{" could belong to', piece.position);
          stack.push({ block: { statements: [], end: [] } });
        }
        latest = undefined;
        break;
      case 'close':
        latest = undefined;
        if (stack.length > 1) {
          touched = stack.pop()?.owner;
          break;
        }
        report('SYNTAX', 'this "}" closes nothing', piece.position, {
          hint: 'remove it, or find the "}" above that is one too many',
        });
        break;
      default:
        piece satisfies never;
    }
  }
  for (const { owner } of stack)
    if (owner) {
      const message = `the block of ${owner.keyword} is never closed`;
      report('SYNTAX', message, owner.position, { hint: 'a "}" is missing' });
    }
  return root;
}

function openStatement(
  piece: Piece & { kind: 'words' },
  above: readonly Comment[],
): Open | undefined {
  const { text, position, isExact } = piece;
  const [keyword, ...words] = splitWords(text).map((word) => ({
    text: word.text,
    position: placeIn(position, isExact, word.at),
  }));
  return keyword && { keyword: keyword.text, words, position: keyword.position, above, beside: [] };
}
