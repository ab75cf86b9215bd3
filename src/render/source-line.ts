import { printable } from '../model/printable.ts';

/** Part of a source line around one column. */
interface ClippedLine {
  readonly text: string;
  /** Number of blanks before the caret that points to the column. */
  readonly caret: number;
}

const CUT = '…';

/**
 * Cuts a line to a width. Columns count from 1 in UTF-16 units. Tabs become single blanks, and
 * characters that are not seen become escapes, so that the caret points to the right character.
 */
export function clipLine(line: string, column: number, width: number): ClippedLine {
  const index = Math.max(0, Math.min(column - 1, line.length));
  const before = shownCharacters(line.slice(0, index));
  const after = shownCharacters(line.slice(index));
  const length = before.length + after.length;
  if (length <= width)
    return { text: before.join('') + after.join(''), caret: displayWidth(before) };
  // A third of the width is for the text before the column, and more when little text follows it.
  const room = width - CUT.length;
  const keepAfter = Math.min(
    after.length,
    Math.max(room - before.length, Math.ceil((room * 2) / 3)),
  );
  const keepBefore = Math.max(
    0,
    Math.min(before.length, room - keepAfter - (keepAfter < after.length ? CUT.length : 0)),
  );
  const head = before.slice(before.length - keepBefore);
  const start = keepBefore < before.length ? CUT : '';
  const tail = after.slice(0, keepAfter);
  const end = keepAfter < after.length ? CUT : '';
  return {
    text: start + head.join('') + tail.join('') + end,
    caret: start.length + displayWidth(head),
  };
}

function shownCharacters(text: string): string[] {
  return Array.from(printable(text.replaceAll('\t', ' ')));
}

/** Number of terminal cells: wide characters and emoji take two, combining marks none. */
function displayWidth(characters: readonly string[]): number {
  return characters.reduce(
    (sum, character) => sum + (/\p{M}/u.test(character) ? 0 : isWide(character) ? 2 : 1),
    0,
  );
}

const WIDE_SCRIPTS =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]|[\uffe0-\uffe6]/u;

function isWide(character: string): boolean {
  return WIDE_SCRIPTS.test(character) || /\p{Emoji_Presentation}/u.test(character);
}
