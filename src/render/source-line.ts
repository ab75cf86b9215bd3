/** A source line cut to a width around one column, and where that column is in what is left. */
export interface ClippedLine {
  readonly text: string;
  /** Blanks before the caret. */
  readonly caret: number;
}

const CUT = '…';

/** Columns count from 1 in UTF-16 units. Tabs become single blanks, other controls `?`, so that caret and character stay in line. */
export function clipLine(line: string, column: number, width: number): ClippedLine {
  const index = Math.max(0, Math.min(column - 1, line.length));
  const before = printable(line.slice(0, index));
  const after = printable(line.slice(index));
  const length = before.length + after.length;
  if (length <= width)
    return { text: before.join('') + after.join(''), caret: displayWidth(before) };
  // A third of the width before the place, the rest after it; more before when there is little after.
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

/** Text from a file as a terminal may see it: what would move the cursor, change colours or hide text becomes `?`. */
export function oneLine(text: string): string {
  return printable(text).join('');
}

/** Characters, with what would move the cursor or hide text replaced. */
function printable(text: string): string[] {
  return Array.from(text, (character) =>
    character === '\t'
      ? ' '
      : /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(character)
        ? '?'
        : character,
  );
}

/** Cells of a terminal: East Asian wide characters and emoji take two, combining marks none. */
function displayWidth(characters: readonly string[]): number {
  return characters.reduce(
    (sum, character) => sum + (/\p{M}/u.test(character) ? 0 : isWide(character) ? 2 : 1),
    0,
  );
}

function isWide(character: string): boolean {
  return /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
    character,
  );
}
