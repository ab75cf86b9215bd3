import { describe, expect, test } from 'vitest';
import { readImports } from './imports.ts';
import { tokenize } from './tokens.ts';

/** Imports as `kind specifier`. */
const imports = (source: string) =>
  readImports(source).map(({ kind, specifier }) => `${kind} ${specifier}`);

describe('the reader of imports finds and classifies', () => {
  test.each([
    ["import a from 'x';", ['static x']],
    ["import './x.ts';", ['static ./x.ts']],
    ["import * as a from 'x';", ['static x']],
    ["import {\n  a,\n  b as c,\n} from 'x';", ['static x']],
    ["import a, { type B } from 'x';", ['static x']],
    ["import { type B } from 'x';", ['static x']],
    ["import json from './x.json' with { type: 'json' };", ['static ./x.json']],
    ["import type { B } from 'x';", ['type x']],
    ["import type B from 'x';", ['type x']],
    ["import type * as B from 'x';", ['type x']],
    ["import type from 'x';", ['static x']],
    ["export * from 'x';", ['static x']],
    ["export * as a from 'x';", ['static x']],
    ["export { a, b as c } from 'x';", ['static x']],
    ["export type { B } from 'x';", ['type x']],
    ["export type * from 'x';", ['type x']],
    ["const a = await import('x');", ['dynamic x']],
    ["const a = () => import('x').then((m) => m.a);", ['dynamic x']],
    ["type A = typeof import('x');", ['type x']],
    ["type A = import('x').B;", ['type x']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source under test
    ["const a = `${(await import('x')).a}`;", ['dynamic x']],
    ['const a = await import(name);', ['dynamic (computed)']],
    ["import a from 'x'\nimport b from 'y'", ['static x', 'static y']],
  ])('%s', (source, expected) => {
    expect(imports(source)).toEqual(expected);
  });
});

describe('the reader of imports ignores', () => {
  test.each([
    ["// import a from 'x'"],
    ["/* import a from 'x' */"],
    ['const a = "import b from \'x\'";'],
    ["const a = `import b from 'x'`;"],
    ["const a = /import b from 'x'/;"],
    ['const a = import.meta.url;'],
    ["export const a = 1; const from = 'x';"],
    ["const a = 1;\nexport { a };\nconst b = ['from', 'x'];"],
    ["export type A = 'from' | 'x';"],
    ["a.import('x');"],
  ])('%s', (source) => {
    expect(imports(source)).toEqual([]);
  });
});

test('literals and comments do not hide the code after them', () => {
  const awkward = [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source under test
    "const a = /['\"`/]/.test(b) ? `${`${c / d}`} ' ` : e / f / g;",
    "const h = '\\'' + \"//\" + `\\``; // it's",
    "/* ' */ import x from 'x';",
    '',
  ].join('\n');
  expect(readImports(awkward)).toEqual([{ kind: 'static', specifier: 'x', line: 3 }]);
});

test('a line number counts the lines of templates and comments', () => {
  expect(tokenize('`\n\n` /*\n*/ a').at(-1)).toEqual({ kind: 'word', text: 'a', line: 4 });
});
