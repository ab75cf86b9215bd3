#!/usr/bin/env node
// node .ci/prepare.js [--deps] [--kernel] [--browser] [--etcd]
//
// Installs the packages, builds, and installs Debian's packages: with --kernel those for the kernel
// tests, with --browser the browser for the tests of the daemon's page, and with --etcd a member of
// etcd. Does only the steps that are missing, and prints nothing when there are none. --deps leaves
// the build out. Imports no package, because it runs before any is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  BROWSER_PROGRAMS,
  ETCD_PROGRAMS,
  installCommand,
  missingPackages,
  missingPrograms,
  SERVICES,
} from '../test/kernel/boot/debian.js';
import { fetchUml, isUmlToFetch, NEWER_UML } from '../test/kernel/boot/uml.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function say(line) {
  process.stderr.write(`prepare: ${line}\n`);
}

/** Runs a program to its end. Prints its output only when it fails. */
function run(program, args, options = {}) {
  const result = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  throw new Error(
    `${program} ${args.join(' ')} failed: ${result.error?.message ?? result.signal ?? `status ${result.status}`}`,
  );
}

/**
 * Tells whether a version is in a range. The range has no operators but those of `^20.19 ||
 * >=22.12`.
 */
export function isNodeSupported(version, range) {
  const actual = version.split('.').map(Number);
  return range.split('||').some((part) => {
    const wanted = part.match(/\d+/g).map(Number);
    if (part.includes('^') && actual[0] !== wanted[0]) return false;
    const differs = wanted.findIndex((number, at) => number !== actual[at]);
    return differs === -1 || actual[differs] > wanted[differs];
  });
}

/**
 * Tells whether npm's list of installed packages agrees with the lock file. Optional packages, for
 * other platforms, may be absent.
 */
export function isInstalled(lock, installed) {
  return Object.entries(lock.packages).every(
    ([path, wanted]) =>
      path === '' ||
      installed.packages?.[path]?.version === wanted.version ||
      (wanted.optional && !(path in (installed.packages ?? {}))),
  );
}

const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

function newest(path) {
  const stat = statSync(join(root, path));
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(
    stat.mtimeMs,
    ...readdirSync(join(root, path)).map((name) => newest(join(path, name))),
  );
}

function prepareNode() {
  const range = readJson('package.json').engines.node;
  if (!isNodeSupported(process.versions.node, range))
    throw new Error(`this is Node ${process.versions.node}; ipvstate needs ${range}`);
}

function preparePackages() {
  const noted = 'node_modules/.package-lock.json';
  if (existsSync(join(root, noted)) && isInstalled(readJson('package-lock.json'), readJson(noted)))
    return;
  say('npm ci');
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

function prepareBuild() {
  const built = join(root, 'dist/cli.cjs');
  const sources = ['src', 'schemas', '.ci', 'package.json', 'package-lock.json', 'tsconfig.json'];
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...sources.map(newest))) return;
  say('npm run build');
  run(process.execPath, ['.ci/build.js']);
}

/** Stops and disables the services of packages that were just installed. */
function stopServices(packages) {
  const services = packages.flatMap((name) => SERVICES[name] ?? []);
  if (services.length > 0 && existsSync('/run/systemd/system'))
    run('systemctl', ['disable', '--now', ...services]);
}

/**
 * Installs the programs of some tests, as root. Other users can leave these tests out by setting
 * `variable` to "optional".
 */
function prepareDebian(tests, variable, programs) {
  const missing = missingPrograms(programs);
  const packages = missingPackages(programs);
  if (missing.length === 0) return;
  if (process.getuid() === 0 && existsSync('/usr/bin/apt-get')) {
    say(`apt-get install ${packages.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update'], { env });
    run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
    stopServices(packages);
    if (missingPrograms(programs).length > 0)
      throw new Error(`${missingPrograms(programs).join(', ')} not found, though installed`);
    return;
  }
  const message = `${tests} need ${missing.join(', ')}; install with:\n  ${installCommand(programs)}`;
  if (process.env[variable] !== 'optional')
    throw new Error(`${message}\nor leave them out with ${variable}=optional`);
  say(message);
}

/** Fetches a faster kernel for the kernel tests. They also run on the installed one. */
function prepareUml() {
  if (!isUmlToFetch()) return;
  say(`user-mode-linux ${NEWER_UML.version}`);
  try {
    fetchUml();
  } catch (error) {
    // Another run of this script may have fetched it meanwhile.
    if (!isUmlToFetch()) return;
    const reason = error.stderr?.trim() || error.message;
    say(`it cannot be had, and the kernel tests take longer on the installed one: ${reason}`);
  }
}

function prepare(flags) {
  prepareNode();
  preparePackages();
  if (!flags.includes('--deps')) prepareBuild();
  if (flags.includes('--kernel')) {
    prepareDebian('the kernel tests', 'KERNEL');
    prepareUml();
  }
  if (flags.includes('--browser'))
    prepareDebian('the tests of the page', 'BROWSER', BROWSER_PROGRAMS);
  if (flags.includes('--etcd')) prepareDebian('the tests of etcd', 'ETCD', ETCD_PROGRAMS);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    prepare(process.argv.slice(2));
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
