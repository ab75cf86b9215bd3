import type { FieldValue } from '../../model/attributes.ts';

/**
 * Matches text that needs no quotes in YAML. It has no `: `, ` #`, bracket or comma, and may also
 * stand in a flow mapping.
 */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./+-]*$/;
/**
 * Matches an IPv4 address, which needs no quotes: no version of YAML has numbers with three dots.
 */
const DOTTED_QUAD = /^\d+\.\d+\.\d+\.\d+$/;
/** Matches words that some reader of YAML does not read as text. Some take `e0` for a number. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf|e[-+]?\d+)$/i;
/**
 * Matches control characters, invisible blanks, text direction, lone surrogates, quotes and
 * backslashes.
 */
const ESCAPED = /["\\\p{Cc}\p{Cs}\u00a0\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/gu;

/**
 * Text without quotes that no version of YAML reads as something else, beside that which
 * `yamlText` knows: addresses, networks, durations, shares and ranges.
 */
const PLAIN_FORMS =
  /^(?:\d+\.\d+\.\d+\.\d+(?:\/\d+)?|(?:tcp|udp|sctp):\/\/\d+\.\d+\.\d+\.\d+:\d+|fwmark:\d+|(?:\d+[dhms])+|\d+%|\d+-\d+)$/;

/**
 * Formats text as a YAML scalar. Only text that every version of YAML reads as the same text stands
 * without quotes.
 */
export function yamlText(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : yamlQuoted(text);
}

/** Formats text as `yamlText` does, but for the forms that need no quotes either. */
export function yamlWord(text: string): string {
  return PLAIN_FORMS.test(text) ? text : yamlText(text);
}

/** Tells whether some version of YAML does not read a word as text. */
export function isReservedWord(text: string): boolean {
  return RESERVED.test(text);
}

/** Formats the value of a field: a number, a word, a list of words, or text. */
export function yamlScalar(value: FieldValue): string {
  if (typeof value === 'object') return `[${(value ?? []).join(', ')}]`;
  if (typeof value !== 'string') return `${value}`;
  return DOTTED_QUAD.test(value) ? value : yamlText(value);
}

/** Formats text in double quotes, with escapes for characters that a file may not have. */
export function yamlQuoted(text: string): string {
  const escaped = (character: string) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  };
  return `"${text.replace(ESCAPED, escaped)}"`;
}
