import { describe, expect, test } from 'vitest';
import { commentViolations } from './comments.ts';
import { readTree, type Tree } from './tree.ts';

const one = (source: string): Tree => new Map([['a.ts', source]]);
const isSource = (path: string) => /\.(?:tsx?|js)$/.test(path) && !path.includes('.generated.');

describe('the rules for comments', () => {
  test.each(['src', 'test', '.ci', 'examples'])('hold in %s', (folder) => {
    expect(commentViolations(readTree(folder, isSource))).toEqual([]);
  });

  test.each([
    '/** What the file holds. */',
    '/**\n * Whether the file is empty.\n */',
    '  // Whoever reads the file.',
    'read();\n// Of the file, the first line.',
    '/** Those that were read. */',
  ])('refuse a comment without a subject: %j', (source) => {
    expect(commentViolations(one(source))).toEqual([
      expect.stringMatching(/^a\.ts:\d begins a comment without a subject$/),
    ]);
  });

  test('refuse a comment line of more than 100 columns', () => {
    const words = 'word '.repeat(20);
    expect(commentViolations(one(`// ${words}`))).toEqual(['a.ts:1 is a comment over 100 columns']);
    expect(commentViolations(one(`/**\n * ${words}\n */`))).toEqual([
      'a.ts:2 is a comment over 100 columns',
    ]);
  });

  test.each([
    '/** Tells whether the file is empty. */',
    '/** The text of the file.\n * What it means is in another file. */',
    '// The first line decides\n// Whether the file is empty.',
    "const text = '// What is this?';",
    `const text = '${'x'.repeat(100)}';`,
  ])('accept %j', (source) => {
    expect(commentViolations(one(source))).toEqual([]);
  });
});
