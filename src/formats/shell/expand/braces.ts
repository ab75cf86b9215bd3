/** The alternatives of `{a,b}` or `{1..3}`. undefined when the text is no such list. */
export function alternatives(text: string): readonly string[] | undefined {
  const inner = text.slice(1, -1);
  return sequence(inner) ?? list(inner);
}

/** The largest number of words that one list may give. */
const MAX_WORDS = 10_000;

function sequence(text: string): readonly string[] | undefined {
  const [, first = '', last = '', by = '1'] =
    /^(-?\d{1,9}|[A-Za-z])\.\.(-?\d{1,9}|[A-Za-z])(?:\.\.(-?\d{1,9}))?$/.exec(text) ?? [];
  if (first === '' || /\d/.test(first) !== /\d/.test(last)) return undefined;
  const isNumber = /\d/.test(first);
  const start = isNumber ? Number(first) : first.charCodeAt(0);
  const end = isNumber ? Number(last) : last.charCodeAt(0);
  const step = Math.max(1, Math.abs(Number(by))) * (end < start ? -1 : 1);
  const count = Math.floor(Math.abs((end - start) / step)) + 1;
  if (count > MAX_WORDS) return undefined;
  const isPadded = [first, last].some((each) => /^-?0\d/.test(each));
  const width = isPadded ? Math.max(first.length, last.length) : 0;
  return Array.from({ length: count }, (_, index) => {
    const value = start + index * step;
    return isNumber ? `${value}`.padStart(width, '0') : String.fromCharCode(value);
  });
}

/** Splits at commas outside of inner braces and quotes. */
function list(text: string): readonly string[] | undefined {
  const parts: string[] = [''];
  let depth = 0;
  let quote = '';
  for (const character of text) {
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '{') depth++;
    else if (character === '}') depth--;
    else if (character === ',' && depth === 0) {
      parts.push('');
      continue;
    }
    parts[parts.length - 1] += character;
  }
  return parts.length > 1 ? parts : undefined;
}
