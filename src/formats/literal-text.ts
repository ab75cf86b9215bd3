/** The text that a regular expression means. undefined: it means more than one text. */
export function literalText(pattern: string): string | undefined {
  const isText = /^(?:[^\\^$.|?*+()[\]{}]|\\[^\w\s])+$/.test(pattern);
  return isText ? pattern.replace(/\\(.)/g, '$1') : undefined;
}
