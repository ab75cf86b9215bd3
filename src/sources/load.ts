import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { mergeDesired } from '../config/merge.ts';
import type { ParseResult } from '../config/parse.ts';
import { IpvstateError, unreadable } from '../errors.ts';
import { looksLikeScript } from '../formats/ipvsadm/looks-like-script.ts';
import type { Desired } from '../model/desired.ts';
import { hasErrors, type Issue } from '../model/issue.ts';
import { decodeText } from './decode-text.ts';
import { readInput, readStream, STDIN_NAME } from './read-input.ts';

export const DEFAULT_FILE = '/etc/ipvstate/ipvstate.yaml';
export const DEFAULT_FOLDER = '/etc/ipvstate/conf.d';

export interface Loaded {
  /** undefined when there are errors among the issues. */
  readonly desired: Desired | undefined;
  readonly issues: readonly Issue[];
  /** The files' names, as they were given or found. */
  readonly files: readonly string[];
  /** The texts by file name, byte order marks included; a file that is no text has none. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Reads and parses files, folders of them, and stdin (`-`). Throws `NO_INPUT` for what is missing or unreadable. */
export async function load(paths: readonly string[], stdin: () => Readable): Promise<Loaded> {
  const files = await expand(paths);
  const parts: Desired[] = [];
  const issues: Issue[] = [];
  const sources = new Map<string, string>();
  for (const name of files) {
    const text = decodeText(
      name === STDIN_NAME ? await readStream(stdin(), name) : await readInput(name),
      name,
    );
    if (typeof text !== 'string') {
      issues.push(text);
      continue;
    }
    sources.set(name, text);
    const parsed = await parseText(text, name);
    issues.push(...parsed.issues);
    if (parsed.desired) parts.push(parsed.desired);
  }
  const merged = mergeDesired(parts);
  issues.push(...merged.issues);
  return { desired: hasErrors(issues) ? undefined : merged.desired, issues, files, sources };
}

/** YAML, JSON, or ipvsadm lines: the text tells. */
export async function parseText(text: string, name: string): Promise<ParseResult> {
  if (looksLikeScript(text))
    return (await import('../formats/ipvsadm/script.ts')).parseScript(text, name);
  if (/^\{\s*"format":\s*"ipvstate-(?:plan|report)"/.test(text))
    return { desired: undefined, issues: [notConfiguration(text, name)] };
  return (await import('../config/parse.ts')).parseConfig(text, name);
}

function notConfiguration(text: string, file: string): Issue {
  const isSaved = /^ {2}"saved":/m.test(text);
  return {
    code: 'WRONG_TYPE',
    severity: 'error',
    message: `this is ${isSaved ? 'a saved plan' : 'output of ipvstate'}, not a configuration`,
    position: { file, line: 1, column: 1 },
    ...(isSaved && { hint: `apply it without -f: ipvstate apply ${file}` }),
  };
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
  for (const path of [DEFAULT_FILE, DEFAULT_FOLDER])
    if (await stat(path).catch(() => undefined)) return path;
  throw new IpvstateError('NO_INPUT', `neither ${DEFAULT_FILE} nor ${DEFAULT_FOLDER} exists`, {
    hint: 'Name a file or a folder with -f.',
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch((error: unknown) => unreadable(path, error))).isDirectory();
}

/** In the order of the bytes of their names, so that it does not depend on the locale. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((error: unknown) => unreadable(folder, error));
  const names = entries.filter((name) => /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('.'));
  if (names.length === 0)
    throw new IpvstateError('NO_INPUT', `${folder} has no *.yaml, *.yml or *.json file`);
  return names
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => join(folder, name));
}
