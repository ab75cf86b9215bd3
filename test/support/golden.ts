import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';

/** Compares with a file that holds what is expected; with UPDATE=1 writes it instead. */
export async function expectGolden(path: string, actual: string): Promise<void> {
  if (process.env.UPDATE) await writeFile(path, actual);
  expect(actual).toBe(await readFile(path, 'utf8'));
}
