import type { Position } from '../../../model/issue.ts';

/** A line of text with the place where it is written. */
export interface PlacedText {
  readonly text: string;
  readonly position: Position;
  /** True when the offsets of the text are those of the line. */
  readonly isExact: boolean;
}

/** A text in which definitions were replaced. */
interface Replaced {
  readonly text: string;
  /** The lines of a definition of several lines, after its first. */
  readonly following: readonly PlacedText[];
}

/** The definitions of a file at one moment: `$NAME=text`. */
export interface Definitions {
  readonly set: (name: string, lines: readonly PlacedText[]) => void;
  /**
   * Replaces `$NAME` and `${NAME}` by their texts, and what those refer to. Returns undefined when
   * there is nothing to replace, and `endless` when definitions refer to each other.
   */
  readonly replace: (text: string) => Replaced | 'endless' | undefined;
  readonly names: () => Iterable<string>;
}

/** The longest line, in characters: keepalived reads lines of at most 1023 bytes. */
export const LONGEST_LINE = 1023;

/** The definitions that are there from the start. */
interface Standard {
  /** The value of `$_INSTANCE`: keepalived's `--config-id`. */
  readonly configId: string | undefined;
  /** The value of `$_PWD`: the folder of the file that is read. */
  readonly folder: () => string;
}

/**
 * `$NAME` is a reference when a blank, a comma, a parenthesis or the end follows. The digits of
 * `${NAME 1 5}` are for `_RANDOM`, which is never replaced: its value is not known.
 */
const REFERENCE = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)(?=[ \t,)]|$))/g;

/** More replacements than this in one line do not end. */
const MOST_REPLACEMENTS = 1000;

export function createDefinitions({ configId, folder }: Standard): Definitions {
  const defined = new Map<string, readonly PlacedText[]>();
  const read = (name: string): readonly Pick<PlacedText, 'text'>[] | undefined => {
    const own = defined.get(name);
    if (own) return own;
    if (name === '_PWD') return [{ text: folder() }];
    if (name === '_INSTANCE') return configId === undefined ? undefined : [{ text: configId }];
    return name === '_HASH' ? [{ text: '#' }] : name === '_BANG' ? [{ text: '!' }] : undefined;
  };

  return {
    set: (name, lines) => defined.set(name, lines),
    names: () => defined.keys(),
    replace: (given) => {
      let text = given;
      let following: readonly PlacedText[] = [];
      let from = 0;
      for (let count = 0; ; ) {
        REFERENCE.lastIndex = from;
        const match = REFERENCE.exec(text);
        if (!match) return count === 0 ? undefined : { text, following };
        const name = match[1] ?? match[2] ?? '';
        const end = match.index + match[0].length;
        const lines = read(name);
        // Several lines can only stand at the end of a line.
        if (!lines || (lines.length > 1 && end < text.length)) {
          from = match.index + 1;
          continue;
        }
        const value = lines[0]?.text ?? '';
        text = text.slice(0, match.index) + value + text.slice(end);
        if (lines.length > 1) following = [...(defined.get(name)?.slice(1) ?? []), ...following];
        count++;
        if (count > MOST_REPLACEMENTS || text.length > LONGEST_LINE) return 'endless';
        // A sequence in a definition is expanded before the rest of its line.
        if (/^[ \t]*~/.test(value)) return { text, following };
        from = match.index;
      }
    },
  };
}

/** A line that defines a name. */
interface Definition {
  readonly name: string;
  /** The text after the `=`; without the backslash that continues it. */
  readonly value: string;
  /** Offset of the value in the line. */
  readonly at: number;
  readonly isContinued: boolean;
}

/** Reads `$NAME=text`; undefined for any other line. */
export function parseDefinition(text: string): Definition | undefined {
  const [whole, name] = /^\$([A-Za-z_]\w*)=[ \t]*/.exec(text) ?? [];
  if (whole === undefined || name === undefined) return undefined;
  const value = text.slice(whole.length);
  const isContinued = value.endsWith('\\');
  return { name, value: withoutBackslash(value), at: whole.length, isContinued };
}

/** A line without the backslash at its end, and the blanks before it. */
export function withoutBackslash(text: string): string {
  return text.endsWith('\\') ? text.slice(0, -1).replace(/[ \t]+$/, '') : text;
}
