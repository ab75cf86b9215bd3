import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';

const SIZE = 20_000;
const repeated = (unit: string, length = SIZE) => unit.repeat(length / unit.length);

describe('the limit of nesting', () => {
  test.each([
    ['values of values', `version: 1\nx: ${repeated(': ')}`],
    ['explicit keys of explicit keys', `version: 1\n${repeated('? ')}`],
    ['values and explicit keys', `version: 1\nx: ${repeated(': ? ')}`],
    ['keys of keys in braces', `version: 1\nx: {${repeated('a: ')}}`],
    ['keys of keys in braces, one per line', `version: 1\nx: {${repeated('a:\n ')}}`],
    ['keys of keys in JSON', `{"version": 1, ${repeated('"a":')}`],
    ['lists of lists', `version: 1\nx:\n${repeated('- ')}`],
    ['brackets', `version: 1\nx: ${repeated('[')}`],
  ])('refuses %s, with the place', (_, text) => {
    const { issues, desired } = parseConfig(text, 'deep.yaml');
    expect(desired).toBeUndefined();
    expect(issues).toEqual([
      expect.objectContaining({ code: 'TOO_DEEP', position: expect.anything() }),
    ]);
  });

  test('does not refuse a long list of addresses in brackets', () => {
    const addresses = Array.from({ length: 100 }, (_, index) => `"[2001:db8::${index + 1}]"`);
    const service = `{ address: "tcp://[2001:db8::ff]:80", destinations: [${addresses}] }`;
    expect(parseConfig(`version: 1\nservices: [${service}]\n`, 'flat.yaml').issues).toEqual([]);
  });
});

/** With quadratic work, a million characters take hours and the test runs into its limit. */
describe('a line of a million characters', () => {
  const MILLION = 1_000_000;

  test.each([
    ['tabs', `version: 1\n${'\t'.repeat(MILLION)}\nservices: []\n`],
    ['blanks and tabs', `version: 1\nservices: []${repeated(' \t', MILLION)}\n`],
    ['zero-width spaces in a comment', `version: 1\nservices: [] # ${'\u200b'.repeat(MILLION)}\n`],
  ])('is read in one pass when it has %s', (_, text) => {
    expect(parseConfig(text, 'long.yaml').desired?.services.size).toBe(0);
  });

  test('is read in one pass when each character of it is an error', () => {
    const { issues } = parseConfig(`version: 1\nx: ${'\u202e'.repeat(MILLION)}\n`, 'long.yaml');
    expect(issues[0]).toMatchObject({ code: 'CONTROL_CHARACTER' });
  });
});

const TOKENS = [
  ...[': ', '? ', '- ', '[', '{', ',', ']', '}', 'a: ', '"a":', '&a ', '*a ', '!t ', '<<: *a'],
  ...['|', '>', "'", '"', '#', '%', '@', '~', '1', 'a', '\n', '\n ', '\t', '---', '...'],
];

test('repeated pieces of syntax give an issue or a configuration, and never throw', () => {
  const unit = fc.array(fc.constantFrom(...TOKENS), { minLength: 1, maxLength: 3 });
  const start = fc.constantFrom('version: 1\nx: ', 'version: 1\n', '[', '{', '- ');
  fc.assert(
    fc.property(start, unit, (before, tokens) => {
      const text = before + repeated(tokens.join(''), 4000);
      const { issues, desired } = parseConfig(text, 'any.yaml');
      expect(desired !== undefined || issues.length > 0).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('a syntax error shows our own words and an excerpt, never a long piece of the file', () => {
  const secret = `auth_pass ${'s3cret '.repeat(500)}`;
  for (const text of [
    `version: 1\nx: "a\n${secret}`,
    `version: 1\nx: [a\n${secret}`,
    `version: 1\nx: 'a' ${secret}\n`,
    `vrrp_instance VI_1 {\n  ${secret}\n}\n`,
    `version: 1\nx: !${secret}\n`,
    `version: 1\nx: |${secret}\n`,
  ]) {
    const { issues } = parseConfig(text, 'secret.yaml');
    expect(issues.length).toBeGreaterThan(0);
    for (const { message, hint = '' } of issues) {
      expect(message.length + hint.length).toBeLessThan(200);
      expect(message + hint).not.toContain('s3cret');
    }
  }
});
