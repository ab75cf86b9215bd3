import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/formats/ipvsadm/grammar/commands.ts';
import { NUMERIC_ONLY } from '../../src/formats/ipvsadm/grammar/names.ts';
import { OPTIONS } from '../../src/formats/ipvsadm/grammar/options.ts';
import { parseCommand } from '../../src/formats/ipvsadm/grammar/parse.ts';
import { looksLikeScript } from '../../src/formats/ipvsadm/looks-like-script.ts';
import { parseRestore } from '../../src/formats/ipvsadm/restore.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { holds } from '../support/properties.ts';

const rules = { programName: 'ipvsadm', names: NUMERIC_ONLY, signedMarks: false };

const SPELLINGS = [...COMMANDS, ...OPTIONS].map(({ long }) => `--${long}`);
const VALUES = [
  '10.0.0.1:80',
  '[2001:db8::1]:80',
  '10.0.0.2',
  '7',
  '0',
  '-1',
  'rr',
  'gue',
  'master',
  '255.255.255.0',
  '/24',
  '',
  '-',
  '--',
];

const anyWord = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...SPELLINGS,
      ...'AEDCRSaedLlZhvtuf6spMrgimwxycXonb'.split('').map((letter) => `-${letter}`),
    ),
  },
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...SPELLINGS), fc.constantFrom(...VALUES))
      .map((pair) => pair.join('=')),
  },
  { weight: 1, arbitrary: fc.string() },
);
const anyArgv = fc.array(anyWord, { maxLength: 9 });

test('parseCommand reads any words as a command, or as a failure at one of the words', () =>
  holds(
    fc.property(anyArgv, fc.boolean(), (argv, posixlyCorrect) => {
      const command = parseCommand(argv, { ...rules, posixlyCorrect });
      if (command.kind !== 'failure') return;
      expect(command.message).not.toBe('');
      if (command.word !== undefined) expect(argv[command.word]).toBeDefined();
    }),
    2000,
  ));

const anyText = fc
  .array(
    fc.oneof(
      fc.array(anyWord, { maxLength: 8 }).map((words) => words.join(' ')),
      fc.string(),
      fc.constantFrom('\\', '"', "'", '#'),
    ),
    {
      maxLength: 6,
    },
  )
  .chain((lines) => fc.constantFrom('\n', '\r\n', ' \\\n').map((end) => lines.join(end)));

test('parseScript reads any text as a script, or reports errors at places in the text', () =>
  holds(
    fc.property(anyText, (text) => {
      const { desired, issues } = parseScript(text, 'any');
      const lines = text.split('\n');
      for (const { position } of issues) {
        expect(position.column).toBeLessThanOrEqual((lines[position.line - 1] ?? '').length + 1);
      }
      expect(desired === undefined).toBe(issues.some(({ severity }) => severity === 'error'));
      expect(typeof looksLikeScript(text)).toBe('boolean');
    }),
    1000,
  ));

test('parseRestore reads any text, and gives each line its number', () =>
  holds(
    fc.property(anyText, (text) => {
      const numbers = Array.from(parseRestore(Buffer.from(text), rules), ({ line }) => line);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(Math.max(0, ...numbers)).toBeLessThanOrEqual(text.split('\n').length);
    }),
    1000,
  ));
