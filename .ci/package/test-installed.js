#!/usr/bin/env node
// npm run test:installed [-- SUITE...]
//
// Installs, upgrades and removes the packages in Debian roots that boot with systemd in QEMU, and
// runs the commands of the manual in them. SUITE is a release of Debian: each has another version
// of systemd. Needs root, x64, apt, and programs of Debian that it names when they are missing.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  INSTALLED_PROGRAMS,
  installCommand,
  missingPrograms,
} from '../../test/kernel/boot/debian.js';
import { closingLine } from '../count.js';
import { countedProgram } from '../counted-run.js';
import { fetchKernel, newestKernels } from '../debian-kernels.js';
import { fetchNode, PACKAGED_NODE } from '../node-releases.js';
import { FAST, packageMaker, writeDigests } from './make.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const NEXT = version.replace(/\d+$/, (patch) => Number(patch) + 1);

/** Packages of every root, beside the smallest Debian. There is no Node and no compiler. */
const BASE = ['systemd', 'systemd-sysv', 'kmod', 'iproute2', 'procps', 'ipvsadm', 'xz-utils'];

/** The releases of Debian, with further packages and the scripts of `installed` that run there. */
const SUITES = {
  bookworm: { packages: ['rpm', 'dnf'], scripts: ['deb', 'rpm', 'archive'] },
  trixie: { packages: [], scripts: ['deb', 'archive'] },
};

/** Makes the root of a suite, once. */
function debianTree(suite) {
  const store = join(root, 'node_modules/.cache/roots');
  const tree = join(store, suite);
  if (existsSync(tree)) return tree;
  mkdirSync(store, { recursive: true });
  const packages = [...BASE, ...SUITES[suite].packages].join(',');
  const work = `${tree}.new`;
  rmSync(work, { recursive: true, force: true });
  const args = ['--quiet', '--variant=minbase', `--include=${packages}`, suite, work];
  execFileSync('mmdebstrap', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  renameSync(work, tree);
  return tree;
}

/** Makes the packages of this version, and in the folder `newer` those of the next one. */
function makePackages(folder) {
  const epoch = '1700000000';
  const newer = join(folder, 'newer');
  mkdirSync(newer);
  for (const [name, output] of [
    [version, folder],
    [NEXT, newer],
  ]) {
    const make = packageMaker(root, { version: name, epoch, output, compression: FAST });
    make.frontEnd();
    make.program('amd64');
  }
  makeLibraries(folder);
  writeDigests(folder);
}

/** Makes a package that tells RPM which libraries the root has from Debian. */
function makeLibraries(folder) {
  const spec = join(folder, 'libraries.spec');
  writeFileSync(
    spec,
    `Name: libraries
Version: 1
Release: 1
Summary: the libraries that this machine has
License: MIT
BuildArch: noarch
Provides: glibc = 2.36, libgcc, libstdc++, /bin/sh
%description
The libraries that this machine has.
%files
`,
  );
  const places = ['_rpmdir', '_topdir'].flatMap((name) => ['--define', `${name} ${folder}`]);
  const name = '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm';
  execFileSync('rpmbuild', ['-bb', '--quiet', ...places, '--define', name, spec]);
}

/** Runs a script in a guest. Resolves with its counts. */
function runScript(suite, script, { image, packages }) {
  process.stdout.write(`\n== ${suite}: ${script}\n`);
  const inGuest = (path) => `/run/host${path}`;
  const node = join(fetchNode(root, PACKAGED_NODE), 'bin/node');
  return countedProgram(process.execPath, [
    ...['test/kernel/boot/run.js', '--limit', '1800', '--image', image],
    ...['--tree', debianTree(suite), '--', 'env', `CHECKOUT=${inGuest(root)}`],
    ...[`PACKAGES=${inGuest(packages)}`, `NODE=${inGuest(node)}`],
    ...[`NEXT=${NEXT}`, 'bash', inGuest(join(root, '.ci/package/installed', `${script}.sh`))],
  ]);
}

function refusal(suites) {
  const unknown = suites.find((name) => !Object.hasOwn(SUITES, name));
  if (unknown !== undefined) return `${unknown}: there are ${Object.keys(SUITES).join(' and ')}`;
  if (process.arch !== 'x64') return 'Debian has kernels for QEMU for x64 only';
  if (process.geteuid?.() !== 0) return 'root is needed: virtiofsd shows all files to the guest';
  if (missingPrograms(INSTALLED_PROGRAMS).length > 0)
    return `install the programs that are missing:\n  ${installCommand(INSTALLED_PROGRAMS)}`;
  return undefined;
}

const named = process.argv.slice(2);
const suites = named.length > 0 ? named : Object.keys(SUITES);
const reason = refusal(suites);
if (reason !== undefined) {
  process.stderr.write(`tests of the packages: ${reason}\n`);
  process.exitCode = 1;
} else {
  const packages = mkdtempSync(join(tmpdir(), 'ipvstate-packages-'));
  try {
    makePackages(packages);
    const image = fetchKernel(root, newestKernels()[0]);
    const counts = [];
    for (const suite of suites)
      for (const script of SUITES[suite].scripts)
        counts.push(await runScript(suite, script, { image, packages }));
    process.stdout.write(`\n${closingLine(counts)}\n`);
    process.exitCode = counts.every(({ failed }) => failed === 0) ? 0 : 1;
  } finally {
    rmSync(packages, { recursive: true, force: true });
  }
}
