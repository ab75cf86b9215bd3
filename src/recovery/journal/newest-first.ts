import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { cannotRead, IpvstateError, isAbsent } from '../../errors.ts';

/** A line of a journal. */
export interface TextLine {
  readonly text: string;
  /** The path of its file when the journal was opened. */
  readonly path: string;
  /** True for the end of a file that does not end a line: it is being written, or was cut short. */
  readonly isTorn: boolean;
  /** Counts the lines up to this one. The first line is 1. To be called before the next line. */
  readonly number: () => number;
}

interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
  readonly inode: number;
  /** The size when the journal was opened. Text that is appended later is not read. */
  readonly size: number;
}

const CHUNK_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

/**
 * The lines of files, from the last line of the first file to the first line of the last file.
 * Reads no more than the lines that are asked for. Files that do not exist are left out. Another
 * process may append to the files and rotate them. Throws `IO` and `PERMISSION`.
 */
export function* linesNewestFirst(paths: readonly string[]): Generator<TextLine, void> {
  const files: OpenFile[] = [];
  try {
    for (const path of paths) {
      const file = openFile(path);
      if (!file) continue;
      files.push(file);
      // Rotated while the files were opened: this file is open already, under its earlier name.
      const isTwice = files.slice(0, -1).some(({ inode }) => inode === file.inode);
      if (isTwice) closeSync(files.pop()?.descriptor ?? -1);
    }
    for (const file of files) yield* linesOf(file);
  } finally {
    for (const { descriptor } of files) closeSync(descriptor);
  }
}

function openFile(path: string): OpenFile | undefined {
  try {
    const descriptor = openSync(path, 'r');
    const { ino: inode, size } = fstatSync(descriptor);
    return { path, descriptor, inode, size };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw unreadable(path, error);
  }
}

function* linesOf(file: OpenFile): Generator<TextLine, void> {
  const { path, size } = file;
  /** The parts of the line that is being put together, which ends before `end`. */
  let parts: Buffer[] = [];
  let isTorn = true;
  const line = (start: number): TextLine => ({
    text: Buffer.concat(parts).toString('utf8'),
    path,
    isTorn,
    number: () => countLines(file, start) + 1,
  });
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    let chunk = readBytes(file, start, end - start);
    for (let feed = chunk.lastIndexOf(LINE_FEED); feed >= 0; feed = chunk.lastIndexOf(LINE_FEED)) {
      parts.unshift(chunk.subarray(feed + 1));
      const found = line(start + feed + 1);
      if (found.text !== '') yield found;
      isTorn = false;
      parts = [];
      chunk = chunk.subarray(0, feed);
    }
    parts.unshift(chunk);
    end = start;
  }
  const first = line(0);
  if (first.text !== '') yield first;
}

function countLines(file: OpenFile, before: number): number {
  let count = 0;
  for (let start = 0; start < before; start += CHUNK_BYTES) {
    const chunk = readBytes(file, start, Math.min(CHUNK_BYTES, before - start));
    for (const byte of chunk) if (byte === LINE_FEED) count++;
  }
  return count;
}

function readBytes({ path, descriptor }: OpenFile, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  try {
    let filled = 0;
    while (filled < length) {
      const count = readSync(descriptor, bytes, filled, length - filled, start + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): IpvstateError {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EACCES' && code !== 'EPERM') return cannotRead(path, error);
  return new IpvstateError('PERMISSION', `${path} may not be read`, {
    hint: 'The journal belongs to root: run the command as root.',
    cause: error,
  });
}
