import { expect, test } from 'vitest';
import { useHarness } from './ipvsadm/harness.ts';
import { DIFFERENCES } from './ipvsadm-differences.ts';

const harness = useHarness();

test.each(DIFFERENCES.map(({ name, reason, example }) => [name, reason, example] as const))(
  'ipvstate differs from ipvsadm on purpose in "%s": %s',
  async (name, _, example) => {
    const { comparison } = harness();
    comparison.met.clear();
    expect(await comparison.run(example)).toBeUndefined();
    expect([...comparison.met]).toEqual([name]);
  },
);
