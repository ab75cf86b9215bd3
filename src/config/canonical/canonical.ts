import { parseDocument } from 'yaml';
import { readDocument } from '../read/read.ts';
import { inOrder, type Kind, kindBelow } from './key-order.ts';
import { printRoot } from './print-block.ts';
import { CANONICAL_ORDER, SOURCE_ORDER } from './print-inline.ts';
import { sortedComments, sourceComments } from './source-comments.ts';

/**
 * Formats the text of a valid configuration in canonical form: the same values and comments in a
 * fixed order and with fixed quotes, indentation and blank lines.
 */
export function formatCanonical(text: string): string {
  const plain = (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).replaceAll('\r\n', '\n');
  return canonicalJson(plain) ?? canonicalYaml(plain);
}

/** Returns undefined for a text that is not JSON. */
function canonicalJson(text: string): string | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const json = JSON.stringify(sortedKeys(value, 'root'), undefined, 2);
  // Only strings have other characters than those of ASCII.
  const escaped = json.replace(
    /(?![\n])[\p{Cc}\u00a0\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

function sortedKeys(value: unknown, kind: Kind): unknown {
  if (Array.isArray(value)) return value.map((item) => sortedKeys(item, kind));
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).map(
    ([key, member]) => [key, sortedKeys(member, kindBelow(kind, key))] as const,
  );
  return Object.fromEntries(inOrder(kind, pairs, ([key]) => key));
}

/**
 * Formats YAML. The result is read again and compared: a value or a comment must never be lost,
 * and an alias that would come before its anchor keeps the order of the source.
 */
function canonicalYaml(text: string): string {
  const { contents: root } = parseDocument(text, {
    ...{ version: '1.2', schema: 'core', stringKeys: true, uniqueKeys: false },
    resolveKnownTags: false,
  });
  if (!root) throw new Error('a valid configuration has no content');
  const comments = sourceComments(text, root);
  const content = contentOf(text);
  for (const order of [CANONICAL_ORDER, SOURCE_ORDER]) {
    const printed = printRoot(root, comments, order);
    if (contentOf(printed) === content) return printed;
  }
  throw new Error('the canonical form of a configuration differs from it');
}

/** All values and comments of a text, whatever their order. */
function contentOf(text: string): string {
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify([readDocument(text).value ?? null, sortedComments(text)], sorted);
}
