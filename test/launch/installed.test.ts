import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-installed-'));
  cpSync(PROGRAM, join(folder, 'cli.cjs'));
  cpSync(join(dirname(PROGRAM), 'program'), join(folder, 'program'), { recursive: true, filter: (name) => !name.endsWith('.code') });
  return () => rmSync(folder, { recursive: true, force: true });
});

const run = (...flags: string[]) => spawnSync(process.execPath, [...flags, join(folder, 'cli.cjs'), '--version'], { encoding: 'utf8' });

/** What is compiled, with when it was. */
const compiled = () =>
  readdirSync(join(folder, 'program'))
    .filter((name) => name.endsWith('.code'))
    .map((name) => `${name} ${statSync(join(folder, 'program', name)).mtimeMs}`);

test('the first run compiles every module of the program, and V8 takes that from then on', () => {
  const first = run();
  expect(first).toMatchObject({ status: 0, stderr: '' });
  const written = compiled();
  expect(written.length).toBe(readdirSync(join(folder, 'program')).filter((name) => name.endsWith('.cjs')).length);
  // What V8 rejected would be written again.
  expect(run().stdout).toBe(first.stdout);
  expect(compiled()).toEqual(written);
});

test('other flags of V8 have compiled code of their own', () => {
  run();
  const { length } = compiled();
  expect(run('--max-lazy')).toMatchObject({ status: 0, stderr: '' });
  expect(compiled().length).toBe(2 * length);
});

test('what the build leaves behind is compiled for this version of Node', () => {
  const names = readdirSync(join(dirname(PROGRAM), 'program'));
  expect(names.filter((name) => name.endsWith('.code')).length).toBeGreaterThanOrEqual(
    names.filter((name) => name.endsWith('.cjs')).length,
  );
  expect(readFileSync(PROGRAM, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test.skipIf(process.geteuid?.() !== 0)('root writes nothing into a folder of somebody else', () => {
  chownSync(join(folder, 'program'), 1, 1);
  expect(run()).toMatchObject({ status: 0, stderr: '' });
  expect(compiled()).toEqual([]);
});
