import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { IncludedText } from '../../formats/format.ts';
import { decodeText } from '../decode-text.ts';
import { findByPattern } from './glob.ts';
import { readStable } from './read-stable.ts';

/** The most bytes of an included file. */
const MAX_INCLUDED_BYTES = 4 * 1024 * 1024;

/**
 * Reads the files that an `include` of keepalived names. A relative pattern starts in the folder of
 * the file that includes. What keepalived would skip, such as a folder, has a problem in place of a
 * text.
 */
export async function readIncluded(
  pattern: string,
  fromFile: string,
): Promise<readonly IncludedText[]> {
  const folder = dirname(fromFile);
  const whole = isAbsolute(pattern) || folder === '.' ? pattern : `${escaped(folder)}/${pattern}`;
  let paths: readonly string[];
  try {
    paths = await findByPattern(whole);
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    return [broken(pattern, `its folder cannot be read (${code})`)];
  }
  const files: IncludedText[] = [];
  for (const path of paths) files.push(await readOne(path));
  return files;
}

/** The folder of a file is no pattern, whatever characters it has. */
function escaped(folder: string): string {
  return folder.replaceAll(/[\\*?[{}]/g, '\\$&');
}

async function readOne(path: string): Promise<IncludedText> {
  const name = join(path);
  if (path.endsWith('/')) return skipped(name, 'keepalived skips a folder');
  try {
    const stats = await stat(path);
    if (stats.isFile() && (stats.mode & 0o111) !== 0)
      return skipped(name, 'keepalived skips a file that is executable', `chmod a-x ${name}`);
  } catch {
    // The read says why.
  }
  const read = await readStable(path, { maxSize: MAX_INCLUDED_BYTES });
  switch (read.kind) {
    case 'content': {
      const text = decodeText(read.bytes, name);
      return typeof text === 'string' ? { name, text } : { name, text: '', problem: text };
    }
    case 'special':
      return skipped(name, 'keepalived skips what is not a file');
    case 'unreadable':
      return broken(name, `it cannot be read (${read.code})`);
    case 'too-large':
      return broken(name, `it has ${read.size} bytes; at most ${MAX_INCLUDED_BYTES} are read`);
    case 'unstable':
      return broken(name, 'it is still being written');
    default:
      return read satisfies never;
  }
}

function skipped(name: string, message: string, hint?: string): IncludedText {
  const problem = { code: 'NOT_A_FILE', severity: 'warning', message } as const;
  return { name, text: '', problem: hint === undefined ? problem : { ...problem, hint } };
}

function broken(name: string, message: string): IncludedText {
  return { name, text: '', problem: { code: 'REFERENCE', severity: 'error', message } };
}
