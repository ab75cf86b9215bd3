import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Block, readBlocks } from './blocks.ts';
import { EXECUTED, readDocument, root } from './documents.ts';
import { checkTypes, execute, isProgramOutput } from './execute.ts';

describe.each(EXECUTED)('%s', (path) => {
  const blocks = readBlocks(readDocument(path));

  it('shows the output that its commands and programs have', () => {
    const text = readDocument(path);
    const actual = execute(text);
    if (process.env.UPDATE === '1') writeFileSync(join(root, path), actual);
    else expect(actual).toBe(text);
  });

  it('shows programs that have the types of the package', () => {
    expect(checkTypes(blocks)).toBe('');
  });

  it('has no block of code that no test executes or checks', () => {
    expect(blocks.filter((block) => !isTested(block)).map(({ text }) => text)).toEqual([]);
  });

  it('uses every file that it shows', () => {
    const commands = blocks
      .flatMap(({ language, text }) => (language === 'console' ? [text] : []))
      .join('');
    const files = blocks.flatMap(({ file, language }) =>
      file !== undefined && language !== 'ts' ? [file] : [],
    );
    expect(files.filter((file) => !commands.includes(file))).toEqual([]);
  });
});

/**
 * The commands of `sh` blocks are checked for verbs and options that exist. A `text` block is
 * output that depends on earlier runs: the test of its verb makes these runs, and compares.
 */
function isTested(block: Block): boolean {
  return (
    block.language === 'console' ||
    block.language === 'sh' ||
    block.language === 'text' ||
    block.file !== undefined ||
    isProgramOutput(block)
  );
}
