import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DIFFERENCES } from '../kernel/ipvsadm-differences.ts';

/** Rows that the comparison on a real kernel cannot show: both programs cannot be run that way side by side. */
const TESTED_ELSEWHERE = [
  'help without root',
  'long lines of `-L -c`',
  'counters of servers',
  'words of 4096 bytes',
  'what only raw netlink can make',
  'restore script',
  'substitution of `!#:+`',
  'kernels before 2.6.28',
  'name in messages',
];

test('the README has a row for each difference from ipvsadm, and no other', () => {
  const section = readFileSync('README.md', 'utf8').split('### Differences from ipvsadm')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| (.*?) \| .* \| .* \|$/gm)].map(([, name]) => name).filter((name) => name !== 'what');
  expect(rows).toEqual([...DIFFERENCES.map(({ name }) => name), ...TESTED_ELSEWHERE]);
});
