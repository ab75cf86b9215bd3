import { hasInvisible } from './printable.ts';

/**
 * Returns a word as a shell takes it for the same word: a name from outside may have anything.
 * Characters that are not seen, line breaks included, become escapes of `$'...'` (POSIX.1-2024).
 */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!hasInvisible(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  return `$'${Array.from(text, escapeCharacter).join('')}'`;
}

function escapeCharacter(character: string): string {
  if (character === "'" || character === '\\') return `\\${character}`;
  if (!hasInvisible(character)) return character;
  const bytes = new TextEncoder().encode(character);
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
