/** Emphasis for a terminal. Each function returns the text with its emphasis. */
export interface Style {
  readonly add: (text: string) => string;
  readonly edit: (text: string) => string;
  readonly remove: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const unchanged = (text: string): string => text;

export const PLAIN: Style = {
  add: unchanged,
  edit: unchanged,
  remove: unchanged,
  strong: unchanged,
  faint: unchanged,
};

const ansi = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

export const COLOR: Style = {
  add: ansi(32),
  edit: ansi(33),
  remove: ansi(31),
  strong: ansi(1),
  faint: ansi(2),
};
