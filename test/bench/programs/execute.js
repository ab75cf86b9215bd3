// execute.js FILE: milliseconds from a plan's first operation to the kernel's last answer, in a
// process that has sent nothing before. It runs as a CommonJS bundle, as the program does.
import { readFileSync } from 'node:fs';
import { parseScript } from '../../../src/formats/ipvsadm/script.ts';
import { openKernel } from '../../../src/kernel/netlink/client.ts';
import { plan } from '../../../src/plan/plan.ts';
import { scope } from '../../../src/plan/scope.ts';
import { execute } from '../../../src/reconcile/execute.ts';

async function main(file) {
  const { desired } = parseScript(readFileSync(file, 'utf8'), file);
  const kernel = await openKernel();
  const snapshot = await kernel.read();
  const planned = plan(snapshot.table, scope(desired, snapshot).table);
  const start = performance.now();
  const { failures, lost } = await execute(kernel, planned);
  process.stdout.write(`${performance.now() - start}\n`);
  kernel.close();
  if (lost || failures.length > 0) throw lost ?? failures[0].error;
}

main(...process.argv.slice(2));
