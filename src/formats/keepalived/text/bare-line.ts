/** A line without its comment, and without blanks around it. */
export interface BareLine {
  readonly text: string;
  /** Offset of the text in the line. */
  readonly start: number;
  /** False when a character was taken out of the text, so that offsets after it differ. */
  readonly isExact: boolean;
  /** The comment, with its mark. */
  readonly comment?: string;
  /** Offset in the line of a double quote that is never closed. */
  readonly openQuote?: number;
}

/**
 * Takes the comment off a line. A comment begins with `!` or `#` anywhere outside double quotes; a
 * backslash makes the mark an ordinary character. A backslash at the end of the line is kept, also
 * after a comment: it continues a definition.
 */
export function bareLine(line: string): BareLine {
  const start = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  const removed: number[] = [];
  let openQuote: number | undefined;
  let comment: number | undefined;
  let end = line.length;
  let isContinued = false;
  for (let at = start; at < line.length; at++) {
    const character = line[at];
    if (character === '"') {
      if (comment === undefined) openQuote = openQuote === undefined ? at : undefined;
    } else if (character === '\\') {
      if (at === line.length - 1) {
        isContinued = true;
        end = at;
      } else {
        const isMark = line[at + 1] === '#' || line[at + 1] === '!';
        if (isMark && openQuote === undefined && comment === undefined) removed.push(at);
        at++;
      }
    } else if ((character === '!' || character === '#') && openQuote === undefined) {
      comment ??= at;
    }
  }
  let text = '';
  let from = start;
  for (const at of removed) {
    text += line.slice(from, at);
    from = at + 1;
  }
  text = (text + line.slice(from, comment ?? end)).replace(/[ \t]+$/, '');
  return {
    text: isContinued ? `${text}\\` : text,
    start,
    isExact: removed.length === 0,
    ...(comment !== undefined && { comment: line.slice(comment, end) }),
    ...(openQuote !== undefined && { openQuote }),
  };
}
