// The releases of Node that are tested, the one that the packages contain, and how to get one.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The tested versions. The oldest ones are those that `engines` in package.json allows. */
export const NODE_VERSIONS = {
  20: { tested: '20.20.2', oldest: '20.19.0' },
  22: { tested: '22.23.5', oldest: '22.12.0' },
  24: { tested: '24.22.3', oldest: '24.0.0' },
  26: { tested: '26.12.1', oldest: '26.0.0' },
};

/** The version that the packages contain: the tested one of an LTS line. */
export const PACKAGED_NODE = NODE_VERSIONS[24].tested;

/**
 * Returns the folder of a version for an architecture, as Node names it. The folder has `bin/node`
 * and `LICENSE`. npm fetches each version once, and checks it against the registry's digest.
 */
export function fetchNode(root, version, architecture = process.arch) {
  const name = `node-linux-${architecture}`;
  const prefix = join(root, 'node_modules/.cache/node', `${name}-${version}`);
  const folder = join(prefix, 'node_modules', name);
  if (existsSync(join(folder, 'bin/node'))) return folder;
  mkdirSync(prefix, { recursive: true });
  const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  // --force: the Node of another architecture cannot run here, and need not.
  const args = ['install', '--prefix', prefix, '--ignore-scripts', '--force', ...quiet];
  const { status, stderr } = spawnSync('npm', [...args, `${name}@${version}`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm cannot fetch ${name}@${version}:\n${stderr}`);
  return folder;
}
