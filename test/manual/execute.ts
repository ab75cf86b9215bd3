import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Block, readBlocks, replaceBlocks } from './blocks.ts';
import { root } from './documents.ts';

const bin = (name: string): string => join(root, 'node_modules/.bin', name);

/**
 * Gives `use` a folder with the files that a document shows.
 * Programs there can import the package by its name.
 */
export function withFolder<T>(blocks: readonly Block[], use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-manual-'));
  try {
    for (const { file, text } of blocks)
      if (file !== undefined) writeFileSync(join(folder, file), text);
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/ipvstate'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Executes every command and program of a document. Returns the document with their output. */
export function execute(markdown: string): string {
  const blocks = readBlocks(markdown);
  return withFolder(blocks, (folder) => {
    const outputs = new Map<Block, string>();
    for (const block of blocks) {
      if (block.language === 'console') outputs.set(block, runConsole(block, folder));
      if (isProgramOutput(block)) outputs.set(block, runProgram(block.follows?.file ?? '', folder));
    }
    return replaceBlocks(markdown, outputs);
  });
}

/** Tells whether a block is the output of the program in the block before it. */
export function isProgramOutput({ language, file, follows }: Block): boolean {
  return language === '' && file === undefined && follows?.language === 'ts';
}

/** Marks the end of the output of one command. */
const END = '\u0001';

/** Times differ from run to run; the documents show this one. */
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const SHOWN_TIME = '2027-01-31T09:30:00.000Z';

/**
 * Runs the commands of a block in one shell, so that `$?` is that of the command before. The
 * output has both streams, as on a terminal.
 */
function runConsole({ text }: Block, folder: string): string {
  const commands = text.split('\n').filter((line) => line.startsWith('$ '));
  const program = `ipvstate() { '${process.execPath}' '${join(root, 'dist/cli.cjs')}' "$@"; }`;
  const lines = commands.map(
    (line) => `${line.slice(2)}\nstatus=$?; printf '\\001'; (exit $status)`,
  );
  const env = { PATH: process.env.PATH, NO_COLOR: '1' };
  const script = ['exec 2>&1', program, ...lines].join('\n');
  const { stdout } = spawnSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8' });
  const outputs = stdout.replaceAll(TIME, SHOWN_TIME).split(END);
  return commands.map((line, index) => `${line}\n${outputs[index]}`).join('');
}

function runProgram(file: string, folder: string): string {
  const options = { cwd: folder, env: { PATH: process.env.PATH }, encoding: 'utf8' } as const;
  const compiled = execFileSync(bin('esbuild'), [file, '--format=esm', '--platform=node'], options);
  writeFileSync(join(folder, `${file}.js`), compiled);
  return execFileSync(process.execPath, [`${file}.js`], options);
}

/** Returns what the type checker prints about the programs of a document; empty for no errors. */
export function checkTypes(blocks: readonly Block[]): string {
  const files = blocks.flatMap(({ language, file }) =>
    language === 'ts' && file !== undefined ? [file] : [],
  );
  if (files.length === 0) return '';
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--strict',
    '--noEmit',
    '--skipLibCheck',
    'false',
  ];
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
  return withFolder(blocks, (folder) => {
    return spawnSync(bin('tsc'), [...options, ...types, ...files], {
      cwd: folder,
      encoding: 'utf8',
    }).stdout;
  });
}
