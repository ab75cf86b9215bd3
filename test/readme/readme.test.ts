import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Block, readBlocks, replaceBlocks } from './blocks.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = join(root, 'README.md');
const README = readFileSync(path, 'utf8');
const blocks = readBlocks(README);
const named = blocks.filter(({ file }) => file !== undefined);
const consoles = blocks.filter(({ language }) => language === 'console');
const cli = join(root, 'dist/cli.cjs');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-readme-'));
  for (const { file = '', text } of named) writeFileSync(join(folder, file), text);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/ipvstate'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a terminal shows of a command line: both streams in one. */
function shown(command: string): string {
  const env = { PATH: process.env.PATH, NO_COLOR: '1' };
  const line = command.replace(/^ipvstate /, `${process.execPath} ${cli} `);
  return spawnSync('sh', ['-c', `exec 2>&1; ${line}`], { cwd: folder, env, encoding: 'utf8' }).stdout;
}

/** A console block with what its commands print now. */
function rerun({ text }: Block): string {
  const commands = text.split('\n').filter((line) => line.startsWith('$ '));
  return commands.map((line) => `${line}\n${shown(line.slice(2))}`).join('');
}

/** With the output of library.ts, whose block has moved when the console blocks were rewritten. */
function withOutput(markdown: string, printed: string): string {
  const output = readBlocks(markdown).find(({ follows }) => follows?.file === 'library.ts');
  return output ? replaceBlocks(markdown, new Map([[output, printed]])) : markdown;
}

describe('the README', () => {
  it('shows what its commands print, in their order', () => {
    const actual = new Map(consoles.map((block) => [block, rerun(block)]));
    if (process.env.UPDATE === '1') writeFileSync(path, replaceBlocks(README, actual));
    else expect([...actual.values()].join('\n')).toBe(consoles.map(({ text }) => text).join('\n'));
  });

  it('shows a program that runs against the package and prints what stands below it', () => {
    const source = named.find(({ file }) => file === 'library.ts');
    const output = blocks.find(({ follows }) => follows === source);
    const env = { PATH: process.env.PATH };
    const compiled = execFileSync(join(root, 'node_modules/.bin/esbuild'), ['library.ts', '--format=esm', '--platform=node'], {
      cwd: folder,
      encoding: 'utf8',
    });
    writeFileSync(join(folder, 'library.js'), compiled);
    const printed = execFileSync(process.execPath, ['library.js'], { cwd: folder, env, encoding: 'utf8' });
    if (process.env.UPDATE === '1') writeFileSync(path, withOutput(readFileSync(path, 'utf8'), printed));
    else expect(printed).toBe(output?.text);
  });

  it('shows a program that has the types of the package', () => {
    const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--noEmit', '--types', 'node', '--skipLibCheck', 'false'];
    const types = ['--typeRoots', join(root, 'node_modules/@types')];
    const { stdout, status } = spawnSync(join(root, 'node_modules/.bin/tsc'), [...options, ...types, 'library.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const used = [...README.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(3);
    expect(used.filter((name) => !(`${name}` in scripts))).toEqual([]);
  });

  it('links only to files that exist', () => {
    const links = [...README.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, target]) => join(root, target ?? ''));
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(existsSync(link), link).toBe(true);
  });

  it('names only verbs and flags that the program has', () => {
    const help = (...words: string[]): string => execFileSync(process.execPath, [cli, ...words, '--help'], { encoding: 'utf8' });
    const verbs = [...help().matchAll(/^ {2}(\w+) \[/gm)].map(([, name]) => name ?? '');
    const all = verbs.map((verb) => help(verb)).join('');
    const flags = [...README.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);
    const ours = new Set(flags.filter((flag) => !['--global', '--help', '--force'].includes(flag)));
    expect([...ours].filter((flag) => !all.includes(flag))).toEqual([]);
    const used = [...README.matchAll(/`ipvstate ([a-z]+)/g)].map(([, verb]) => verb ?? '');
    expect(used.filter((verb) => !verbs.includes(verb))).toEqual([]);
  });

  it('has no line that is wider than its text is wrapped to', () => {
    const wide = README.split('\n').filter((line) => line.length > 140 && !line.startsWith('|') && !/^\S*\s*(const|import)/.test(line));
    const shownLines = new Set(blocks.flatMap(({ text }) => text.split('\n')));
    expect(wide.filter((line) => !shownLines.has(line))).toEqual([]);
  });
});
