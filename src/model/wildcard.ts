/**
 * Returns a function that tells whether a pattern stands for a name: `*` is any characters. A
 * regular expression could take for ever on many of them.
 */
export function wildcardMatcher(pattern: string): (name: string) => boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (name) => name === first;
  return (name) => {
    let at = first.length;
    if (!name.startsWith(first)) return false;
    for (const part of others) {
      const found = name.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return name.endsWith(last) && name.length - last.length >= at;
  };
}
