/**
 * Wraps a text at blanks into lines of at most `width` columns. A word that is longer is not cut,
 * nor a command in backticks, because it may be a path or a command that is to be copied.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of wordsOf(text)) {
    if (line === undefined) line = word;
    else if (line.length + 1 + word.length <= width) line = `${line} ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return line === undefined ? lines : [...lines, line];
}

/** Wraps a text like `wrap`, and keeps its blanks. Lines after the first begin with `indent`. */
export function wrapHanging(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [index, word] of wordsOf(text).entries()) {
    const isFull = line.trim() !== '' && line.length + 1 + word.length > width;
    if (isFull) lines.push(line);
    if (isFull) line = `${indent}${word}`;
    else line = index === 0 ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Splits a text at its blanks. A text in backticks stays whole. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let isQuoted = false;
  for (const part of text.split(' ')) {
    if (isQuoted) words.push(`${words.pop()} ${part}`);
    else words.push(part);
    if (part.split('`').length % 2 === 0) isQuoted = !isQuoted;
  }
  return words;
}
