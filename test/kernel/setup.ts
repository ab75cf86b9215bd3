import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { isAbsent } from '../../src/errors.ts';
import { assertTableIsExpendable } from '../support/this-kernel.ts';

assertTableIsExpendable();

const IPVS_SYSCTLS = '/proc/sys/net/ipv4/vs';

/** Reads the sysctls that tests change, by their paths. There are fewer without the module. */
function readSysctls(): Map<string, string> {
  let names: string[] = [];
  try {
    names = readdirSync(IPVS_SYSCTLS);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  const paths = [...names.map((name) => join(IPVS_SYSCTLS, name)), '/proc/sys/net/ipv4/ip_forward'];
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

// The files share one kernel: each of them leaves its sysctls as it found them.
let before: Map<string, string>;
beforeAll(() => {
  before = readSysctls();
});
afterAll(() => {
  for (const [path, value] of readSysctls()) {
    const own = before.get(path);
    if (own !== undefined && own !== value) writeFileSync(path, own);
  }
});
