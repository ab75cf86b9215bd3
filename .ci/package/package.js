#!/usr/bin/env node
// npm run package [-- ARCHITECTURE...]
//
// Makes in packages/, for amd64 and arm64: ipvstate_VERSION_ARCHITECTURE.deb, the same as .rpm, and
// as .tar.xz without a configuration; the packages ipvstate-ipvsadm; and SHA256SUMS. The same
// commit makes the same bytes. Needs dpkg-deb, rpmbuild, tar and xz.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchNode, PACKAGED_NODE } from '../node-releases.js';
import { controlFiles, debianFiles, debianFrontEndFiles, frontEndControlFiles } from './debian.js';
import { ARCHITECTURES, frontEndFiles, installedFiles } from './files.js';
import { fileList, rpmbuildArguments } from './rpm.js';
import { settle, writeTree } from './tree.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const output = join(root, 'packages');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The time of every file: that of the commit, so that a package does not depend on the clock. */
const epoch =
  process.env.SOURCE_DATE_EPOCH ??
  execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();

/**
 * The environment of the programs that make packages. Node of 127 MB becomes 29.9 MB by `xz -6` in
 * 63 s of one core, 33.3 MB by `xz -3` in 45 s, and 33.1 MB by `zstd -19` in 75 s. xz has one
 * thread, because its bytes depend on the number.
 */
const environment = {
  ...process.env,
  SOURCE_DATE_EPOCH: epoch,
  XZ_OPT: '-6 -T1',
  DPKG_DEB_COMPRESSOR_LEVEL: '6',
  DPKG_DEB_THREADS_MAX: '1',
};

const run = (program, args) =>
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: environment });

/** Calls `make` with an empty folder, which is removed afterwards. */
function withFolder(make) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-package-'));
  try {
    make(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeArchive(files, name) {
  withFolder((folder) => {
    writeTree(folder, files);
    settle(folder, epoch);
    const owner = ['--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`];
    run('tar', ['-C', folder, '--sort=name', ...owner, '-cJf', join(output, name), '.']);
  });
}

function makeDeb(files, name) {
  withFolder((folder) => {
    writeTree(folder, files);
    settle(folder, epoch);
    run('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', folder, join(output, name)]);
  });
}

function makeRpm(files, name, target) {
  withFolder((work) => {
    const tree = join(work, 'tree');
    writeTree(tree, files);
    settle(tree, epoch);
    const list = join(work, 'list');
    writeFileSync(list, fileList(files));
    const spec = join(work, `${name}.spec`);
    const template = readFileSync(join(root, '.ci/package/rpm', `${name}.spec`), 'utf8');
    writeFileSync(
      spec,
      template.replaceAll('VERSION', version).replace('TREE', tree).replace('LIST', list),
    );
    run('rpmbuild', rpmbuildArguments(spec, { target, work, output }));
  });
}

function makePackages(architecture) {
  const { node, rpm } = ARCHITECTURES[architecture];
  const runtime = fetchNode(root, PACKAGED_NODE, node);
  const files = installedFiles(root, { architecture, runtime });
  const name = `ipvstate_${version}_${architecture}`;
  makeArchive(new Map([...files].filter(([path]) => !path.startsWith('etc/'))), `${name}.tar.xz`);
  const debian = debianFiles(root, files, { version, epoch });
  const described = controlFiles(root, debian, { version, architecture });
  makeDeb(new Map([...debian, ...described]), `${name}.deb`);
  makeRpm(files, 'ipvstate', rpm);
}

function makeFrontEnd() {
  const files = frontEndFiles();
  const debian = debianFrontEndFiles(files);
  const described = frontEndControlFiles(root, debian, { version });
  makeDeb(new Map([...debian, ...described]), `ipvstate-ipvsadm_${version}_all.deb`);
  makeRpm(files, 'ipvstate-ipvsadm', 'noarch');
}

const named = process.argv.slice(2);
const unknown = named.find((name) => !Object.hasOwn(ARCHITECTURES, name));
if (unknown !== undefined)
  throw new Error(`${unknown}: there are ${Object.keys(ARCHITECTURES).join(' and ')}`);

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
makeFrontEnd();
for (const architecture of named.length > 0 ? named : Object.keys(ARCHITECTURES))
  makePackages(architecture);
const sums = readdirSync(output)
  .sort()
  .map((name) => {
    const digest = createHash('sha256')
      .update(readFileSync(join(output, name)))
      .digest('hex');
    return `${digest}  ${name}\n`;
  });
writeFileSync(join(output, 'SHA256SUMS'), sums.join(''));
process.stdout.write(sums.join(''));
