#!/usr/bin/env node
// npm run test:image
//
// Builds the image of examples/deploy/Containerfile with buildah, and runs it. Needs no network
// but for the Node of the packages, which npm fetches once: an image with the libraries of this
// machine stands for the one that the recipe begins from. Needs root, and buildah and tar.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

const [architecture] =
  Object.entries(ARCHITECTURES).find(([, { node }]) => node === process.arch) ?? [];

/** Returns a function that runs buildah with images in `folder` alone, and returns its output. */
function buildahIn(folder) {
  const places = ['--root', join(folder, 'images'), '--runroot', join(folder, 'run')];
  // These need neither an overlay nor namespaces, and so work inside a container as well.
  const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };
  return (...args) => {
    const run = spawnSync('buildah', [...places, ...args], { env, encoding: 'utf8' });
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

/** Throws when the image does not do its job for `user`. */
function tryImage(buildah, image, user) {
  const container = buildah('from', image);
  const run = (...args) =>
    buildah(
      ...['run', '--user', user, '--volume', `${join(root, 'examples')}:/examples:ro`],
      ...[container, '--', '/usr/bin/ipvstate', ...args],
    );
  const files = ['-f', `/${EXAMPLE}/config.yaml`, '--table', `/${EXAMPLE}/live.save`];
  const expected = readFileSync(join(root, EXAMPLE, 'plan.txt'), 'utf8')
    .trim()
    .replaceAll(` ${EXAMPLE}/`, ` /${EXAMPLE}/`);
  const plan = run('plan', ...files);
  if (plan !== expected) throw new Error(`user ${user} got another plan:\n${plan}`);
  const addon = "console.log(typeof require('/usr/lib/ipvstate/node_modules/netlink'))";
  const loaded = buildah('run', '--user', user, container, '--', NODE, '-e', addon);
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
  const target = ['--build-arg', `TARGETARCH=${architecture}`];
  buildah('bud', '--pull-never', ...target, '-f', RECIPE, '-t', 'ipvstate', context);
  const { OCIv1 } = JSON.parse(buildah('inspect', '--type', 'image', 'ipvstate'));
  if (String(OCIv1.config.Entrypoint) !== '/usr/bin/ipvstate')
    throw new Error(`the image starts ${OCIv1.config.Entrypoint}`);
  for (const user of ['0', '65532']) tryImage(buildah, 'ipvstate', user);
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
