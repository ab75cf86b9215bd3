// Debian's kernels for the tests in QEMU: which ones apt knows, and a folder with each of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The flavour for virtual machines has all of IPVS, and is the smallest. */
const PACKAGE = /^linux-image-(\d+\.\d+\.\d\S*-cloud-amd64)\b/gm;

const run = (program, args, options = {}) =>
  execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });

/** The newest version of each series that the sources of apt have, such as 6.1 and 6.12. */
export function newestKernels() {
  const known = run('apt-cache', ['search', '--names-only', '^linux-image-.*-cloud-amd64$']);
  return newestOfEachSeries([...known.matchAll(PACKAGE)].map(([, version]) => version));
}

export function newestOfEachSeries(versions) {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const newest = new Map();
  for (const version of versions.toSorted(compare))
    newest.set(/^\d+\.\d+/.exec(version)[0], version);
  return [...newest.values()];
}

/**
 * Returns the folder of a kernel: `vmlinuz` and its modules in `lib/modules/VERSION`. apt fetches
 * the kernel once, and nothing is installed.
 */
export function fetchKernel(root, version) {
  const store = join(root, 'node_modules/.cache/kernels');
  const folder = join(store, version);
  if (existsSync(join(folder, 'vmlinuz'))) return folder;
  mkdirSync(store, { recursive: true });
  const work = mkdtempSync(join(store, 'fetch-'));
  try {
    const tree = join(work, 'tree');
    // apt's own user may not write into this folder.
    const asRoot = ['-o', 'APT::Sandbox::User=root'];
    run('apt-get', ['-qq', ...asRoot, 'download', ...packagesOf(version)], { cwd: work });
    for (const name of readdirSync(work).filter((each) => each.endsWith('.deb')))
      run('dpkg', ['-x', name, tree], { cwd: work });
    // Since Debian 13, /lib is a part of /usr.
    if (!existsSync(join(tree, 'lib'))) renameSync(join(tree, 'usr/lib'), join(tree, 'lib'));
    const modules = join(tree, 'lib/modules', version);
    // The initramfs cannot read compressed modules.
    run('find', [modules, '-name', '*.ko.xz', '-exec', 'xz', '-d', '{}', '+']);
    run('depmod', ['-b', tree, version]);
    const kernel = [join(tree, 'boot', `vmlinuz-${version}`), join(modules, 'vmlinuz')];
    renameSync(kernel.find(existsSync), join(tree, 'vmlinuz'));
    renameSync(tree, folder);
    return folder;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Since Linux 7.0, an image is several packages. */
function packagesOf(version) {
  const packages = ['image', 'binary', 'modules', 'base']
    .map((part) => `linux-${part}-${version}`)
    .filter((name) => {
      const { stdout } = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' });
      return /^ *Candidate: \d/m.test(stdout);
    });
  if (packages.length > 0) return packages;
  const known = newestKernels().join(', ');
  throw new Error(`apt knows no kernel ${version}; the newest ones are ${known || 'none'}`);
}
