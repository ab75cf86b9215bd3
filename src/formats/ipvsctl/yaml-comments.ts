import type { Comments } from '../comments.ts';

interface Place {
  readonly at: number;
  readonly add: (comments: Comments) => void;
}

/**
 * The comments and empty lines of a YAML text whose values stand in one line each. They are in
 * order, with their offsets.
 */
export function* yamlComments(text: string): Generator<Place, undefined> {
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end);
    const at = start;
    start = end + 1;
    if (line.trim() === '') {
      yield { at, add: (comments) => comments.addEmptyLine() };
      continue;
    }
    const hash = commentStart(line);
    if (hash === -1) continue;
    const comment = line.slice(hash + 1).trim();
    if (line.slice(0, hash).trim() === '')
      yield { at, add: (comments) => comments.add(comment, /^-?\s*address:/.test(comment)) };
    else yield { at: at + hash, add: (comments) => comments.addBeside(comment) };
  }
}

/** The index of the `#` that begins a comment: after a blank, and outside of quotes. */
function commentStart(line: string): number {
  let quote = '';
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '#' && (index === 0 || /\s/.test(line.charAt(index - 1)))) {
      return index;
    } else if ((character === '"' || character === "'") && /[\s:[{,-]/.test(line.charAt(index - 1)))
      quote = character;
  }
  return -1;
}
