import { expect, test } from 'vitest';
import { useHarness } from './ipvsadm/harness.ts';
import { DIFFERENCES } from './ipvsadm-differences.ts';

const harness = useHarness();

test.each(DIFFERENCES)('differs from ipvsadm on purpose in "$name": $reason', async ({ name, example }) => {
  const { comparison } = harness();
  comparison.met.clear();
  expect(await comparison.run(example)).toBeUndefined();
  expect([...comparison.met]).toEqual([name]);
});
