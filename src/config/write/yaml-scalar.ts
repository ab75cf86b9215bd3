import type { FieldValue } from '../../model/attributes.ts';

/** Letters, then what cannot start anything in YAML. No `: `, ` #`, brackets or commas, so that it also stands in flow mappings. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./+-]*$/;
/** No version of YAML has numbers with three dots. */
const DOTTED_QUAD = /^\d+\.\d+\.\d+\.\d+$/;
/** Words that some version of YAML takes for something else than text. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i;
/** Controls, blanks that do not look so, text direction, lone surrogates; and what ends or escapes the quotes. */
const ESCAPED = /["\\\p{Cc}\p{Cs}\u00a0\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/gu;

/** Text as a YAML scalar, in quotes unless every reader of every version takes it for the same text without. */
export function yamlText(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : yamlQuoted(text);
}

/** A field: a number, a word, a list of words, or text. */
export function yamlScalar(value: FieldValue): string {
  if (typeof value === 'object') return `[${(value ?? []).join(', ')}]`;
  if (typeof value !== 'string') return `${value}`;
  return DOTTED_QUAD.test(value) ? value : yamlText(value);
}

/** In double quotes, with escapes for what a file may not have. */
export function yamlQuoted(text: string): string {
  const escaped = (character: string) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  };
  return `"${text.replace(ESCAPED, escaped)}"`;
}
