import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const { chooseUml, fetchUml, parseProcessors, withOwnInterpreter } = await import(
  new URL('../kernel/boot/uml.js', import.meta.url).href
);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-uml-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('the kernel tests run on the installed kernel when the variable UML says so', () => {
  expect(chooseUml('installed')).toEqual({
    program: 'linux.uml',
    modules: '/usr/lib/uml/modules',
  });
});

test('the processors that a guest may keep to are read from single numbers and ranges', () => {
  expect(parseProcessors('0-3,8')).toEqual([0, 1, 2, 3, 8]);
  expect(parseProcessors('5')).toEqual([5]);
});

test('the newer kernel asks for the loader in its working folder, at the same length', () => {
  const before = Buffer.from('ELF /lib64/ld-linux-x86-64.so.2\0 code');
  const length = before.length;
  const after: Buffer = withOwnInterpreter(before);
  expect(after.toString()).toBe(`ELF ./ld.so${'\0'.repeat(21)} code`);
  expect(after.length).toBe(length);
});

test('a kernel that asks for another loader is refused', () => {
  expect(() => withOwnInterpreter(Buffer.from('ELF /lib/ld-musl.so\0'))).toThrow(
    'linux.uml does not ask for /lib64/ld-linux-x86-64.so.2',
  );
});

test('a kernel that Debian no longer has is an error, and leaves no file', () => {
  const helper = join(folder, 'apt-helper');
  writeFileSync(helper, '#!/bin/sh\necho "404 Not Found" >&2\nexit 100\n');
  chmodSync(helper, 0o755);
  const store = join(folder, 'store');
  expect(() => fetchUml({ helper, store })).toThrow('404 Not Found');
  expect(readdirSync(store)).toEqual([]);
});
