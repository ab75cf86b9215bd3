import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MACHINE_CHECKS, PROGRAM_CHECKS } from '../../src/doctor/examine.ts';

const page = readFileSync(
  new URL('../../src/manual/requirements.md', import.meta.url),
  'utf8',
).replaceAll(/\s+/g, ' ');

it('describes each check in the manual, and gives each a name of its own', () => {
  const names = [...MACHINE_CHECKS, ...PROGRAM_CHECKS].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !page.includes(`**${name}**`))).toEqual([]);
});
