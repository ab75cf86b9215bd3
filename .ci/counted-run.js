// Runs a program whose last line counts tests, shows its output, and counts what it counted.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs .ci/test.js with these arguments. */
export function countedRun(args, { node = process.execPath, env = process.env } = {}) {
  return countedProgram(node, ['.ci/test.js', ...args], env);
}

/** Resolves with the counts of the closing line. A run that fails has at least one failure. */
export async function countedProgram(program, args, env = process.env) {
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  const closing = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\n$/m.exec(output);
  const [passed = 0, failed = 0, skipped = 0] =
    closing?.slice(1).map((text) => Number(text ?? 0)) ?? [];
  return { passed, skipped, failed: status === 0 ? failed : Math.max(1, failed) };
}
