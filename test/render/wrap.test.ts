import { describe, expect, it } from 'vitest';
import { wrap, wrapHanging } from '../../src/render/explain/wrap.ts';

const TEXT = 'plan aa7d waits: `ipvstate approve aa7d` executes it';

describe('wrap', () => {
  it('cuts no command in backticks, and no long word', () => {
    expect(wrap(TEXT, 30)).toEqual(['plan aa7d waits:', '`ipvstate approve aa7d`', 'executes it']);
    expect(wrap(`a ${'x'.repeat(40)} b`, 30)).toEqual(['a', 'x'.repeat(40), 'b']);
  });

  it('keeps a text whose backtick is not closed', () => {
    expect(wrap('one `two three', 5)).toEqual(['one', '`two three']);
  });
});

describe('wrapHanging', () => {
  it('begins lines after the first with the indent, and keeps blanks', () => {
    expect(wrapHanging(`Waiting:  ${TEXT}`, 30, '  ')).toEqual([
      'Waiting:  plan aa7d waits:',
      '  `ipvstate approve aa7d`',
      '  executes it',
    ]);
  });
});
