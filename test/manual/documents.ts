import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The pages of the manual, as paths from the root. */
export const PAGES: readonly string[] = readdirSync(join(root, 'src/manual'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `src/manual/${name}`);

/** Every document whose commands and programs the tests execute. */
export const EXECUTED: readonly string[] = ['README.md', ...PAGES];

/** Every document that this project keeps up to date for its readers. */
export const DOCUMENTS: readonly string[] = [...EXECUTED, 'CONTRIBUTING.md', 'ARCHITECTURE.md'];

export function readDocument(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The part of a document from a heading to the next heading of the same level or above. */
export function section(markdown: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const [, rest = ''] = `\n${markdown}`.split(`\n${heading}\n`);
  return rest.split(new RegExp(`^#{1,${level}} `, 'm'))[0] ?? '';
}

/** The options of programs that a text names. */
export function optionsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/(?<![\w-])--[a-z][a-z-]+\d?/g)].map(([option]) => option))];
}

/** A document without its blocks of code. */
export function prose(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```$/gm, '');
}
