import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasInvisible } from '../../src/model/printable.ts';
import { shellWord } from '../../src/model/shell-word.ts';

const pieces = fc.constantFrom(
  ...['a', ' ', "'", '"', '\\', '$(id)', '`id`', '$x', '*', '~', '!', '#', '&', ';', '0', '-'],
  ...['\n', '\r', '\t', '\u001b[2J', '\u202e', '\u200b', '商', '🙂'],
);
const words = fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(''));

it('a shell takes each quoted word for the text that it stands for', () => {
  const texts = fc.sample(words, { numRuns: 200, seed: 7 });
  const script = `printf '%s\\0' ${texts.map(shellWord).join(' ')}`;
  expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe(
    texts.map((text) => `${text}\0`).join(''),
  );
});

it('a quoted word is one line without characters that are not seen', () => {
  fc.assert(fc.property(words, (text) => !hasInvisible(shellWord(text))));
});

it.each(['10.0.0.1:80', '/etc/x', 'a=b'])('the plain word %s stays as it is', (text) => {
  expect(shellWord(text)).toBe(text);
});
