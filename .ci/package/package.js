#!/usr/bin/env node
// npm run package [-- ARCHITECTURE...]
//
// Makes packages/ipvstate_VERSION_ARCHITECTURE.deb, and a .tar.xz of the same files, for amd64 and
// arm64, with their digests in packages/SHA256SUMS. The same commit makes the same bytes. Needs
// dpkg-deb, tar and xz.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installedFiles, MAINTAINER } from './files.js';
import { ARCHITECTURES, fetchRuntime } from './runtime.js';
import { settle, writeTree } from './tree.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const output = join(root, 'packages');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The time of every file: that of the commit, so that a package does not depend on the clock. */
const epoch =
  process.env.SOURCE_DATE_EPOCH ??
  execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();

const run = (program, args) =>
  execFileSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: epoch },
  });

/** The files that describe a Debian package. */
function controlFiles(files, architecture) {
  const bytes = [...files.values()].reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  const script = (name) => ({
    content: readFileSync(join(root, '.ci/package/debian', name)),
    mode: 0o755,
  });
  const control = readFileSync(join(root, '.ci/package/debian/control'), 'utf8')
    .replace('MAINTAINER', MAINTAINER)
    .replace('VERSION', version)
    .replace('ARCHITECTURE', architecture)
    .replace('SIZE', `${Math.ceil(bytes / 1024)}`);
  const conffiles = [...files.keys()].filter((path) => path.startsWith('etc/'));
  const digests = [...files]
    .filter(([path, { link }]) => link === undefined && !path.startsWith('etc/'))
    .map(([path, { content }]) => `${createHash('md5').update(content).digest('hex')}  ${path}\n`);
  const plain = (content) => ({ content, mode: 0o644 });
  return new Map([
    ['DEBIAN/control', plain(control)],
    ['DEBIAN/conffiles', plain(conffiles.map((path) => `/${path}\n`).join(''))],
    ['DEBIAN/md5sums', plain(digests.join(''))],
    ...['postinst', 'prerm', 'postrm'].map((name) => [`DEBIAN/${name}`, script(name)]),
  ]);
}

function makePackages(architecture) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-package-'));
  try {
    const runtime = fetchRuntime(root, ARCHITECTURES[architecture]);
    const files = installedFiles(root, { architecture, runtime, version, epoch });
    const name = `ipvstate_${version}_${architecture}`;
    writeTree(folder, files);
    settle(folder, epoch);
    const archive = join(output, `${name}.tar.xz`);
    const owner = ['--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`];
    run('tar', ['-C', folder, '--sort=name', ...owner, '-cJf', archive, '.']);
    writeTree(folder, controlFiles(files, architecture));
    settle(folder, epoch);
    const deb = join(output, `${name}.deb`);
    run('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', folder, deb]);
    return [deb, archive];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const named = process.argv.slice(2);
const unknown = named.find((name) => !Object.hasOwn(ARCHITECTURES, name));
if (unknown !== undefined)
  throw new Error(`${unknown}: there are ${Object.keys(ARCHITECTURES).join(' and ')}`);

mkdirSync(output, { recursive: true });
const made = (named.length > 0 ? named : Object.keys(ARCHITECTURES)).flatMap(makePackages);
const sums = made.map((path) => {
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  return `${digest}  ${path.slice(output.length + 1)}\n`;
});
writeFileSync(join(output, 'SHA256SUMS'), sums.join(''));
process.stdout.write(sums.join(''));
