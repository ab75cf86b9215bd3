import { afterAll, beforeAll, expect } from 'vitest';
import { openKernel } from '../../../src/kernel/netlink/client.ts';
import type { Ipvs } from '../../../src/model/ipvs.ts';
import { shell } from '../real-programs.ts';
import { type Case, Comparison, reset } from './compare.ts';
import type { Shell } from './shell.ts';

export interface Harness {
  readonly shell: Shell;
  readonly ipvs: Ipvs;
  readonly comparison: Comparison;
  /** Asserts that both programs print the same and leave the same table. */
  readonly same: (each: Case | readonly string[]) => Promise<void>;
}

const NETWORK =
  'ip link add ipvsadm0 type dummy && ip address add 10.0.0.254/24 dev ipvsadm0 && ip link set ipvsadm0 up';

/**
 * Opens the kernel for the tests of one file, with a network interface `ipvsadm0` that has
 * 10.0.0.254/24.
 */
export function useHarness(): () => Harness {
  let harness: Harness;
  beforeAll(async () => {
    const ipvs = await openKernel();
    const comparison = new Comparison(shell, ipvs);
    const network = await shell.run('sh', ['-c', NETWORK]);
    if (network.status !== 0) throw new Error(network.stderr);
    const same = async (each: Case | readonly string[]) => {
      const wanted: Case = isCase(each) ? each : { argv: each };
      const found = await comparison.run(wanted);
      if (found)
        expect({ argv: wanted.argv, ...found.ours }).toEqual({ argv: wanted.argv, ...found.real });
    };
    harness = { shell, ipvs, comparison, same };
  });
  afterAll(async () => {
    const { ipvs } = harness;
    await reset(ipvs, '');
    ipvs.close();
    await shell.run('ip', ['link', 'delete', 'ipvsadm0']);
  });
  return () => harness;
}

function isCase(each: Case | readonly string[]): each is Case {
  return 'argv' in each;
}

/** Splits `-A -t 10.0.0.1:80` into words. Words with blanks need an array. */
export function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}
