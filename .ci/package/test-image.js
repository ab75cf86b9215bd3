#!/usr/bin/env node
// npm run test:image
//
// Builds the image of examples/deploy/Containerfile with buildah and the command of the manual, and
// runs it. Needs no network but for the Node of the packages, which npm fetches once: an image with
// the libraries of this machine stands for the one that the recipe begins from. Needs root, and
// buildah and tar.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IMAGE_PROGRAMS, installCommand, missingPrograms } from '../../test/kernel/boot/debian.js';
import { fetchNode, PACKAGED_NODE } from '../node-releases.js';
import { ARCHITECTURES, installedFiles } from './files.js';
import { writeTree } from './tree.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const RECIPE = join(root, 'examples/deploy/Containerfile');
const EXAMPLE = 'examples/change-servers';
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const IMAGE = `ipvstate:${version}`;

const [architecture] =
  Object.entries(ARCHITECTURES).find(([, { node }]) => node === process.arch) ?? [];

/** The arguments of the command in the manual, which buildah takes as podman does. */
function buildCommand() {
  const manual = readFileSync(join(root, 'src/manual/installing.md'), 'utf8');
  const [, words] = /^podman build (.*)$/m.exec(manual);
  if (!words.includes(` -t ${IMAGE} `))
    throw new Error(`the manual builds another image: ${words}`);
  return words.split(' ');
}

/** Returns a function that runs buildah with images in `folder` alone, and returns its output. */
function buildahIn(folder) {
  const places = ['--root', join(folder, 'images'), '--runroot', join(folder, 'run')];
  // These need neither an overlay nor namespaces, and so work inside a container as well.
  const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };
  return (...args) => {
    const run = spawnSync('buildah', [...places, ...args], { cwd: folder, env, encoding: 'utf8' });
    if (run.status === 0) return run.stdout.trim();
    throw new Error(`buildah ${args.join(' ')} failed:\n${run.stdout}${run.stderr}`);
  };
}

/** Makes an image called `name` that has the libraries of `program` and nothing else. */
function makeBase(buildah, name, program, folder) {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/lib\S+/g) ?? [];
  for (const path of libraries) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(path, join(folder, path), { dereference: true });
  }
  const container = buildah('from', 'scratch');
  buildah('add', '--quiet', container, folder, '/');
  buildah('commit', '--quiet', container, name);
}

/** Writes the archive of the packages. It is not compressed, which takes a minute. */
function makeArchive(context, runtime, folder) {
  writeTree(folder, installedFiles(root, { architecture, runtime }));
  mkdirSync(context);
  execFileSync('tar', [
    '-C',
    folder,
    '-cf',
    join(context, `ipvstate_0_${architecture}.tar.xz`),
    '.',
  ]);
}

/**
 * Runs a command in a container. Now and then buildah loses what a program prints, with `echo` as
 * well: about once in 60 runs with chroot. So a command that printed nothing is run again.
 */
function outputOf(buildah, ...args) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const output = buildah('run', ...args);
    if (output !== '') return output;
  }
  return '';
}

/** Throws when the image does not do its job for `user`. */
function tryImage(buildah, image, user) {
  const container = buildah('from', image);
  const run = (...args) =>
    outputOf(
      buildah,
      ...['--user', user, '--volume', `${join(root, 'examples')}:/examples:ro`],
      ...[container, '--', '/usr/bin/ipvstate', ...args],
    );
  const files = ['-f', `/${EXAMPLE}/config.yaml`, '--table', `/${EXAMPLE}/live.save`];
  const expected = readFileSync(join(root, EXAMPLE, 'plan.txt'), 'utf8')
    .trim()
    .replaceAll(` ${EXAMPLE}/`, ` /${EXAMPLE}/`);
  const plan = run('plan', ...files);
  if (plan !== expected) throw new Error(`user ${user} got another plan:\n${plan}`);
  const addon = "console.log(typeof require('/usr/lib/ipvstate/node_modules/netlink'))";
  const loaded = outputOf(buildah, '--user', user, container, '--', NODE, '-e', addon);
  if (loaded !== 'object') throw new Error(`user ${user} cannot load the native addon: ${loaded}`);
  process.stdout.write(`The image plans and loads the native addon as user ${user}.\n`);
}

const NODE = '/usr/lib/ipvstate/bin/node';

function testImage(folder) {
  const buildah = buildahIn(folder);
  const runtime = fetchNode(root, PACKAGED_NODE, process.arch);
  const [, base] = /^FROM (\S+)$/m.exec(readFileSync(RECIPE, 'utf8'));
  makeBase(buildah, base, join(runtime, 'bin/node'), join(folder, 'base'));
  const context = join(folder, 'packages');
  makeArchive(context, runtime, join(folder, 'tree'));
  symlinkSync(join(root, 'examples'), join(folder, 'examples'));
  buildah('bud', '--pull-never', '--build-arg', `TARGETARCH=${architecture}`, ...buildCommand());
  const { OCIv1 } = JSON.parse(buildah('inspect', '--type', 'image', IMAGE));
  if (String(OCIv1.config.Entrypoint) !== '/usr/bin/ipvstate')
    throw new Error(`the image starts ${OCIv1.config.Entrypoint}`);
  for (const user of ['0', '65532']) tryImage(buildah, IMAGE, user);
}

const missing = missingPrograms(IMAGE_PROGRAMS);
if (missing.length > 0) {
  process.stderr.write(`image: install with:\n  ${installCommand(IMAGE_PROGRAMS)}\n`);
  process.exitCode = 1;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-image-'));
  try {
    testImage(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
