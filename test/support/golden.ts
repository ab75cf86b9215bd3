import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';

/** Compares a text with the file of the expected text. With UPDATE=1, writes the file instead. */
export async function expectGolden(path: string, actual: string): Promise<void> {
  if (process.env.UPDATE) await writeFile(path, actual);
  expect(actual).toBe(await readFile(path, 'utf8'));
}
