// execute.js FILE: milliseconds from the first operation's bytes to the kernel's last answer, in a process that has done nothing before.
import { readFileSync } from 'node:fs';
import { openKernel, parseScript, plan, scope } from '../../../dist/index.js';

const [file] = process.argv.slice(2);
const { desired } = parseScript(readFileSync(file, 'utf8'), file);
const kernel = await openKernel();
const snapshot = await kernel.read();
const { waves } = plan(snapshot.table, scope(desired, snapshot).table);
const operations = waves.map(({ steps }) => steps.map(({ operation }) => operation));

const start = performance.now();
for (const wave of operations) {
  const outcomes = await kernel.execute(wave);
  const refused = outcomes.find((outcome) => outcome !== null);
  if (refused) throw refused;
}
process.stdout.write(`${performance.now() - start}\n`);
kernel.close();
