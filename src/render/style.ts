/** Emphasis for a terminal. Each function returns the text with its emphasis. */
export interface Style {
  readonly add: (text: string) => string;
  readonly edit: (text: string) => string;
  readonly remove: (text: string) => string;
  readonly hint: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const unchanged = (text: string): string => text;

export const PLAIN: Style = {
  add: unchanged,
  edit: unchanged,
  remove: unchanged,
  hint: unchanged,
  strong: unchanged,
  faint: unchanged,
};

/** Beginning of a colour code (ECMA-48: CSI). */
export const CSI = '\u001b[';

/** Emphasis by colour codes. `start` stands for their beginning. */
export function colorStyle(start = CSI): Style {
  const ansi = (code: number) => (text: string) => `${start}${code}m${text}${start}0m`;
  return {
    add: ansi(32),
    edit: ansi(33),
    remove: ansi(31),
    hint: ansi(36),
    strong: ansi(1),
    faint: ansi(2),
  };
}
