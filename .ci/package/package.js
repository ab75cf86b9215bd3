#!/usr/bin/env node
// npm run package [-- ARCHITECTURE...]
//
// Makes in packages/, for amd64 and arm64: ipvstate_VERSION_ARCHITECTURE.deb, the same as .rpm, and
// as .tar.xz without a configuration; the packages ipvstate-ipvsadm; and SHA256SUMS. The same
// commit makes the same bytes. Needs dpkg-deb, rpmbuild, tar and xz.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from './files.js';
import { packageMaker, writeDigests } from './make.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const output = join(root, 'packages');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The time of every file: that of the commit, so that a package does not depend on the clock. */
const epoch =
  process.env.SOURCE_DATE_EPOCH ??
  execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();

const named = process.argv.slice(2);
const unknown = named.find((name) => !Object.hasOwn(ARCHITECTURES, name));
if (unknown !== undefined)
  throw new Error(`${unknown}: there are ${Object.keys(ARCHITECTURES).join(' and ')}`);

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const make = packageMaker(root, { version, epoch, output });
make.frontEnd();
for (const architecture of named.length > 0 ? named : Object.keys(ARCHITECTURES))
  make.program(architecture);
process.stdout.write(writeDigests(output));
