// Fetches the Node that the packages contain.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The version of an LTS line that the packages contain. */
export const NODE_VERSION = '24.22.3';

/** The architectures of the packages: Debian's name, and that of Node. */
export const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' };

/**
 * Returns the folder of `node-linux-ARCH@VERSION` from the npm registry. npm fetches it once, and
 * checks it against the registry's digest.
 */
export function fetchRuntime(root, nodeArch) {
  const name = `node-linux-${nodeArch}`;
  const prefix = join(root, 'node_modules/.cache/runtimes', `${name}-${NODE_VERSION}`);
  const folder = join(prefix, 'node_modules', name);
  if (existsSync(join(folder, 'bin/node'))) return folder;
  mkdirSync(prefix, { recursive: true });
  const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  // --force: the runtime of another architecture cannot run here, and need not.
  const args = ['install', '--prefix', prefix, '--ignore-scripts', '--force', ...quiet];
  const { status, stderr } = spawnSync('npm', [...args, `${name}@${NODE_VERSION}`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm cannot fetch ${name}@${NODE_VERSION}:\n${stderr}`);
  return folder;
}
