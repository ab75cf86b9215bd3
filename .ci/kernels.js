#!/usr/bin/env node
// node .ci/kernels.js [VERSION]... [-- TEST]...
//
// Runs kernel tests on Debian's kernels in QEMU: on the newest one of each series that apt knows,
// or on those that are named, such as 6.12.117+deb13-cloud-amd64. TEST is a part of a file name;
// `-- kernel/` is all of them. Needs root, x64, and programs of Debian that it names when they are
// missing. QEMU emulates the processor, which is slow.
import { parseArgs } from 'node:util';
import { installCommand, missingPrograms, QEMU_PROGRAMS } from '../test/kernel/boot/debian.js';
import { closingLine } from './count.js';
import { countedRun } from './counted-run.js';
import { fetchKernel, newestKernels } from './debian-kernels.js';

/** The tests of what differs between kernels. The others are the same everywhere, and take long. */
const TESTS = ['contract', 'netlink', 'random-tables', 'policy', 'sync-daemons'].map(
  (name) => `test/kernel/${name}`,
);

/** The limit of a test that hangs. On a busy machine, 200 random tables take some minutes. */
const TEST_TIMEOUT = '--testTimeout=900000';

function refusal() {
  if (process.arch !== 'x64') return 'Debian has these kernels for x64 only';
  if (process.geteuid?.() !== 0) return 'root is needed: virtiofsd shows all files to the guest';
  if (missingPrograms(QEMU_PROGRAMS).length > 0)
    return `install the programs that are missing:\n  ${installCommand(QEMU_PROGRAMS)}`;
  return undefined;
}

async function runAll(versions, tests) {
  const results = [];
  for (const version of versions) {
    process.stdout.write(`\n== Linux ${version}\n`);
    const image = fetchKernel(root, version);
    const env = { ...process.env, KERNEL_IMAGE: image, IPVSTATE_TEST_WIPES_THIS_HOST: 'yes' };
    results.push([version, await countedRun(['kernel', ...tests, TEST_TIMEOUT], { env })]);
  }
  process.stdout.write('\n');
  for (const [version, counts] of results)
    process.stdout.write(`Linux ${version}: ${closingLine([counts])}\n`);
  return results.map(([, counts]) => counts);
}

const root = new URL('..', import.meta.url).pathname;
const end = process.argv.indexOf('--');
const { positionals } = parseArgs({
  args: process.argv.slice(2, end === -1 ? undefined : end),
  allowPositionals: true,
});
const tests = end === -1 ? TESTS : process.argv.slice(end + 1);
const reason = refusal();
if (reason !== undefined) {
  process.stderr.write(`kernel tests in QEMU: ${reason}\n`);
  process.exitCode = 1;
} else {
  const versions = positionals.length > 0 ? positionals : newestKernels();
  if (versions.length === 0) throw new Error('the sources of apt have no kernel for the cloud');
  const counts = await runAll(versions, tests);
  process.stdout.write(`${closingLine(counts)}\n`);
  process.exitCode = counts.every(({ failed }) => failed === 0) ? 0 : 1;
}
