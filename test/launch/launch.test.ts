import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { compiledName, ownsFolder, readCompiled, writeCompiled } from '../../src/launch/compiled.ts';
import { Modules } from '../../src/launch/modules.ts';

const outside = createRequire(import.meta.url);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-launch-'));
  write(
    'first.cjs',
    "exports.twice = (n) => 2 * n; exports.separator = require('node:path').sep; exports.second = require('./second.cjs');",
  );
  write('second.cjs', 'exports.answer = () => 42; exports.first = require("./first.cjs");');
  return () => rmSync(folder, { recursive: true, force: true });
});

/** Of this test run alone: V8 remembers what it has compiled once, and then looks at no file. */
const unique = () => `/* ${folder} ${Math.random()} */`;

function write(name: string, body: string): void {
  writeFileSync(join(folder, name), `(function(exports,require,module){${body}${unique()}})`);
}

interface First {
  readonly twice: (n: number) => number;
  readonly separator: string;
  readonly second: { readonly answer: () => number; readonly first: First };
}

function load(): { readonly first: First; readonly modules: Modules } {
  const modules = new Modules(folder, outside);
  return { first: modules.load('first.cjs') as First, modules };
}

const compiled = () => readdirSync(folder).filter((name) => name.endsWith('.code'));

test('modules load each other, themselves in a circle, and what is outside', () => {
  const { first, modules } = load();
  expect([first.twice(21), first.separator, first.second.answer()]).toEqual([42, '/', 42]);
  expect(first.second.first).toBe(first);
  expect(modules.load('first.cjs')).toBe(first);
});

test('what is not compiled yet runs all the same, and says so', () => {
  expect(load().modules.wereCompiled).toBe(false);
  expect(compiled()).toEqual([]);
});

test('every module has its compiled form beside it, whole, and named after this version of V8', () => {
  writeCompiled(folder);
  expect(compiled()).toEqual(['first.cjs', 'second.cjs'].map((name) => compiledName(name)));
  for (const name of compiled()) expect(readCompiled(join(folder, name))?.length).toBeGreaterThan(100);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(load().first.twice(4)).toBe(8);
});

test.each([
  ['changed', (bytes: Buffer) => bytes.fill(7, 200, 201)],
  ['cut off', (bytes: Buffer) => bytes.subarray(0, 150)],
  ['empty', () => Buffer.alloc(0)],
])('compiled code that was %s is not given to V8', (_, damage) => {
  writeCompiled(folder);
  const name = join(folder, compiledName('first.cjs'));
  writeFileSync(name, damage(readFileSync(name)));
  expect(readCompiled(name)).toBeUndefined();
  const { first, modules } = load();
  expect([first.twice(4), modules.wereCompiled]).toEqual([8, false]);
});

test('where nothing can be written, nothing is, and nothing is said', () => {
  truncateSync(join(folder, 'second.cjs'), 20);
  writeCompiled(folder);
  expect(compiled().length).toBeLessThan(2);
  writeCompiled(join(folder, 'missing'));
});

test('only the owner of the folder writes there', () => {
  chmodSync(folder, 0o777);
  expect(ownsFolder(folder)).toBe(true);
  expect(ownsFolder('/proc/1')).toBe(process.geteuid?.() === 0);
});
