// Makes packages of one version: for Debian, for RPM, and as an archive.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchNode, PACKAGED_NODE } from '../node-releases.js';
import { controlFiles, debianFiles, debianFrontEndFiles, frontEndControlFiles } from './debian.js';
import { ARCHITECTURES, frontEndFiles, installedFiles } from './files.js';
import { fileList, rpmbuildArguments } from './rpm.js';
import { settle, writeTree } from './tree.js';

/**
 * How files are compressed in packages for users. Node of 127 MB becomes 29.9 MB by `xz -6` in 63 s
 * of one core, 33.3 MB by `xz -3` in 45 s, and 33.1 MB by `zstd -19` in 75 s. xz has one thread,
 * because its bytes depend on the number.
 */
export const SMALL = { tar: 'xz -6 -T1', deb: ['-Zxz', '-z6'], rpm: 'w6.xzdio' };
/** Packages that are made in seconds, for tests. */
export const FAST = { tar: 'xz -0', deb: ['-Znone'], rpm: 'w1.gzdio' };

/**
 * Returns functions that make packages of `version` in the folder `output`. Every file has the time
 * `epoch`, in seconds since 1970.
 */
export function packageMaker(root, { version, epoch, output, compression = SMALL }) {
  const env = { ...process.env, SOURCE_DATE_EPOCH: epoch, DPKG_DEB_THREADS_MAX: '1' };
  const run = (program, args) =>
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env });

  /** Calls `make` with a folder that has the files and nothing else, and is removed afterwards. */
  const withTree = (files, make) => {
    const work = mkdtempSync(join(tmpdir(), 'ipvstate-package-'));
    try {
      const tree = join(work, 'tree');
      writeTree(tree, files);
      settle(tree, epoch);
      make(tree, work);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  };

  const archive = (files, name) =>
    withTree(files, (tree) => {
      const owner = ['--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`];
      const how = ['--sort=name', ...owner, `--use-compress-program=${compression.tar}`];
      run('tar', ['-C', tree, ...how, '-cf', join(output, name), '.']);
    });

  const deb = (files, name) =>
    withTree(files, (tree) =>
      run('dpkg-deb', [
        ...['--root-owner-group', ...compression.deb],
        ...['--build', tree, join(output, name)],
      ]),
    );

  const rpm = (files, name, target) =>
    withTree(files, (tree, work) => {
      const list = join(work, 'list');
      writeFileSync(list, fileList(files));
      const spec = join(work, `${name}.spec`);
      const template = readFileSync(join(root, '.ci/package/rpm', `${name}.spec`), 'utf8');
      writeFileSync(
        spec,
        template.replaceAll('VERSION', version).replace('TREE', tree).replace('LIST', list),
      );
      const payload = compression.rpm;
      run('rpmbuild', rpmbuildArguments(spec, { target, work, output, payload }));
    });

  return {
    /** The packages of the program for one of ARCHITECTURES. */
    program(architecture) {
      const names = ARCHITECTURES[architecture];
      const runtime = fetchNode(root, PACKAGED_NODE, names.node);
      const files = installedFiles(root, { architecture, runtime });
      const name = `ipvstate_${version}_${architecture}`;
      archive(new Map([...files].filter(([path]) => !path.startsWith('etc/'))), `${name}.tar.xz`);
      const debian = debianFiles(root, files, { version, epoch });
      const described = controlFiles(root, debian, { version, architecture });
      deb(new Map([...debian, ...described]), `${name}.deb`);
      rpm(files, 'ipvstate', names.rpm);
    },

    /** The packages of the other names, for every architecture. */
    frontEnd() {
      const files = frontEndFiles();
      const debian = debianFrontEndFiles(files);
      const described = frontEndControlFiles(root, debian, { version });
      deb(new Map([...debian, ...described]), `ipvstate-ipvsadm_${version}_all.deb`);
      rpm(files, 'ipvstate-ipvsadm', 'noarch');
    },
  };
}

/** Writes the digests of all files in a folder into SHA256SUMS there, and returns them. */
export function writeDigests(folder) {
  const lines = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort()
    .map((name) => {
      const content = readFileSync(join(folder, name));
      return `${createHash('sha256').update(content).digest('hex')}  ${name}\n`;
    });
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
  return lines.join('');
}
