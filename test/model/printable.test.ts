import { describe, expect, it } from 'vitest';
import { printableEcho } from '../../src/model/printable.ts';

describe('a message that repeats a word of the command line', () => {
  it.each([
    [['plan', 'x\nall is well'], 'no x\nall is well', 'no x\\u000aall is well'],
    [['--to=x\ny'], 'no x\ny', 'no x\\u000ay'],
    [['-fx\ny'], 'no x\ny', 'no x\\u000ay'],
    [['x\ny', 'x\ny\nz'], 'x\ny and x\ny\nz', 'x\\u000ay and x\\u000ay\\u000az'],
    [['\u{1f600}'.repeat(201)], '\u{1f600}'.repeat(201), `${'\u{1f600}'.repeat(200)}…`],
    [['a'.repeat(200)], 'a'.repeat(200), 'a'.repeat(200)],
  ])('has neither the line break nor the length of a word of %j', (argv, message, shown) => {
    expect(printableEcho(message, argv)).toBe(shown);
  });

  it('keeps its own lines', () => {
    expect(printableEcho('one\ntwo', ['one', 'two'])).toBe('one\ntwo');
  });
});
