import { printable } from '../../model/printable.ts';

/**
 * Formats a text as a comment, from its mark on. The text is from outside: what a file may not
 * have becomes an escape, so that the comment ends with its line.
 */
export function formatComment(text: string): string {
  const shown = printable(text.replace(/[\t\u00a0]/g, ' ').replaceAll('\ufffd', '?')).trim();
  return shown === '' ? '#' : `# ${shown}`;
}

/** Formats comments as lines of their own. */
export function commentLines(texts: readonly string[], indent = ''): string[] {
  return texts.map((text) => indent + formatComment(text));
}

/** A line of a file, with the comment beside it when the two fit into `width` together. */
export function besideLine(line: string, comment: string | undefined, width: number): string[] {
  if (comment === undefined) return [line];
  const [, indent = ''] = /^( *)/.exec(line) ?? [];
  const text = formatComment(comment);
  const joined = `${line} ${text}`;
  return joined.length <= width ? [joined] : [`${indent}${text}`, line];
}
