import type { Word, WordPart } from 'unbash';
import type { Run } from '../run.ts';
import { type Doubt, doubtOf, unknown, type Value } from '../value.ts';
import { literalPattern, type Pattern, parsePattern } from './pattern.ts';

/** Expands a word to one text: blanks do not separate, as between quotes. */
export function expandText(run: Run, word: Word): Value {
  return word.parts ? run.session.evaluator.expandParts(run, word.parts) : plainText(word);
}

/** The text of a word without expansions. `~` at its start is the home of the superuser. */
export function plainText(word: Word): Value {
  const isHome = word.text.startsWith('~') && /^~(?:$|\/)/.test(word.value);
  return { text: isHome ? `/root${word.value.slice(1)}` : word.value };
}

export interface ExpandedPattern {
  readonly pattern: Pattern;
  readonly text: string;
  readonly doubt?: Doubt | undefined;
}

/** Expands a word that is a pattern: quoted characters stand for themselves. */
export function expandPattern(run: Run, word: Word): ExpandedPattern {
  if (!word.parts) return { pattern: literalPattern(word.value), text: word.value };
  const pieces = word.parts.map((part) => expandPiece(run, part));
  const doubt = doubtOf(pieces);
  return {
    pattern: pieces.flatMap((piece) => piece.pattern),
    text: pieces.map(({ text }) => text).join(''),
    ...(doubt && { doubt }),
  };
}

function expandPiece(run: Run, part: WordPart): ExpandedPattern {
  switch (part.type) {
    case 'Glob': {
      if (part.kind !== 'bracket' || !/["'$`\\]/.test(part.text))
        return { pattern: parsePattern(part.text), text: part.text };
      const { text, doubt } = run.session.evaluator.expandParts(run, [part]);
      return { pattern: parsePattern(text), text, doubt };
    }
    case 'ExtendedGlob': {
      const doubt = unknown(`the pattern ${part.text}`, part.pos);
      return { pattern: [], text: part.text, doubt };
    }
    default: {
      const { text, doubt } = run.session.evaluator.expandParts(run, [part]);
      const isLive = /^(?:Simple|Parameter|Command|Arithmetic)Expansion$/.test(part.type);
      return { pattern: isLive ? parsePattern(text) : literalPattern(text), text, doubt };
    }
  }
}
