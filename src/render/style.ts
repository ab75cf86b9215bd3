/** Emphasis for a terminal. Without colour every function returns its text unchanged. */
export interface Style {
  readonly add: (text: string) => string;
  readonly edit: (text: string) => string;
  readonly remove: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const same = (text: string): string => text;

export const PLAIN: Style = { add: same, edit: same, remove: same, strong: same, faint: same };

const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

export const COLOR: Style = {
  add: sgr(32),
  edit: sgr(33),
  remove: sgr(31),
  strong: sgr(1),
  faint: sgr(2),
};
