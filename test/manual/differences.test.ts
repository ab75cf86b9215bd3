import { expect, test } from 'vitest';
import { DIFFERENCES } from '../kernel/ipvsadm-differences.ts';
import { readDocument, section } from './documents.ts';

/**
 * Differences that the comparison on a real kernel cannot show, because both programs cannot be
 * run that way side by side.
 */
const TESTED_ELSEWHERE = [
  'help without root',
  'long lines of `-L -c`',
  'counters of servers',
  'words of 4096 bytes',
  'what only raw netlink can make',
  'restore script',
  'restore: byte order mark',
  'port names',
  'substitution of `!#:+`',
  'kernels before 2.6.28',
  'name in messages',
  'beside another writer',
];

test('the manual lists each difference from ipvsadm, and no other', () => {
  const text = section(readDocument('src/manual/replacing-ipvsadm.md'), '## Differences');
  const names = [...text.matchAll(/^- \*\*(.*?)\*\*:/gm)].map(([, name]) => name);
  expect(names).toEqual([...DIFFERENCES.map(({ name }) => name), ...TESTED_ELSEWHERE]);
});
