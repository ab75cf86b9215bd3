import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { parseConfig } from '../config/parse.ts';
import { IpvstateError } from '../errors.ts';
import { looksLikeScript } from '../ipvsadm/looks-like-script.ts';
import type { Desired } from '../model/desired.ts';
import { hasErrors, type Issue } from '../model/issue.ts';
import { mergeDesired } from '../model/merge.ts';

export const DEFAULT_FILE = '/etc/ipvstate/ipvstate.yaml';
export const DEFAULT_FOLDER = '/etc/ipvstate/conf.d';
const STDIN_NAME = '<stdin>';
const MAX_BYTES = 64 * 1024 * 1024;

export interface SourceFile {
  readonly path: string;
  readonly sha256: string;
}

export interface Loaded {
  /** undefined when there are errors among the issues. */
  readonly desired: Desired | undefined;
  readonly issues: readonly Issue[];
  /** The texts by file name, to show the lines that issues are about. */
  readonly sources: ReadonlyMap<string, string>;
  readonly files: readonly SourceFile[];
}

/** Reads and parses files, folders of them, and stdin (`-`). Throws `NO_INPUT` for what is missing or unreadable. */
export async function load(paths: readonly string[], stdin: Readable): Promise<Loaded> {
  const names = await expand(paths);
  const parts: Desired[] = [];
  const issues: Issue[] = [];
  const sources = new Map<string, string>();
  const files: SourceFile[] = [];
  for (const name of names) {
    const bytes = name === STDIN_NAME ? await readStream(stdin) : await readInput(name);
    files.push({ path: name, sha256: createHash('sha256').update(bytes).digest('hex') });
    const text = decode(bytes);
    if (text === undefined) {
      issues.push(notText(name, bytes));
      continue;
    }
    sources.set(name, text);
    const parsed = await parse(text, name);
    issues.push(...parsed.issues);
    if (parsed.desired) parts.push(parsed.desired);
  }
  const merged = mergeDesired(parts);
  issues.push(...merged.issues);
  return { desired: hasErrors(issues) ? undefined : merged.desired, issues, sources, files };
}

/** YAML, JSON, or ipvsadm lines: the text tells. */
async function parse(text: string, name: string): Promise<{ desired: Desired | undefined; issues: readonly Issue[] }> {
  if (!looksLikeScript(text)) return parseConfig(text, name);
  const { parseScript } = await import('../ipvsadm/script.ts');
  return parseScript(text, name);
}

async function expand(paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return expand([await defaultPath()]);
  const names: string[] = [];
  for (const path of paths) {
    if (path === '-') names.push(STDIN_NAME);
    else if (await isFolder(path)) names.push(...(await filesIn(path)));
    else names.push(path);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new IpvstateError('USAGE', `${twice} is given twice`);
  return names;
}

async function defaultPath(): Promise<string> {
  for (const path of [DEFAULT_FILE, DEFAULT_FOLDER]) if (await stat(path).catch(() => undefined)) return path;
  throw new IpvstateError('NO_INPUT', `neither ${DEFAULT_FILE} nor ${DEFAULT_FOLDER} exists`, { hint: 'Name a file or a folder with -f.' });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch((error: unknown) => fail(path, error))).isDirectory();
}

/** In the order of the bytes of their names, so that it does not depend on the locale. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((error: unknown) => fail(folder, error));
  const names = entries.filter((name) => /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('.'));
  if (names.length === 0) throw new IpvstateError('NO_INPUT', `${folder} has no *.yaml, *.yml or *.json file`);
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((name) => join(folder, name));
}

async function readInput(path: string): Promise<Buffer> {
  const { size } = await stat(path).catch((error: unknown) => fail(path, error));
  if (size > MAX_BYTES) throw new IpvstateError('CONFIG', `${path} has ${size} bytes; at most ${MAX_BYTES} are read`);
  return readFile(path).catch((error: unknown) => fail(path, error));
}

async function readStream(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > MAX_BYTES) throw new IpvstateError('CONFIG', `${STDIN_NAME} has more than ${MAX_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function notText(file: string, bytes: Buffer): Issue {
  const valid = decodableLength(bytes);
  const before = bytes.subarray(0, valid).toString('utf8');
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const found = `byte 0x${(bytes[valid] ?? 0).toString(16).padStart(2, '0')}`;
  return { code: 'NOT_TEXT', severity: 'error', message: `not UTF-8 text: found ${found}`, position: { file, line, column } };
}

/** Length of the longest valid beginning, by bisection on complete decodes. */
function decodableLength(bytes: Buffer): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    try {
      decoder.decode(bytes.subarray(0, middle), { stream: true });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return low;
}

function fail(path: string, error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EACCES: 'may not be read',
    EISDIR: 'is a folder',
    ELOOP: 'is a loop of links',
  };
  throw new IpvstateError('NO_INPUT', `${path} ${reasons[code ?? ''] ?? `cannot be read (${code})`}`, { cause: error });
}
