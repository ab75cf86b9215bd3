import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** At the end, so that V8 finds the code aligned. */
const CHECKSUM_BYTES = 4;

/** V8 takes compiled code only from its own version, with the same flags. */
const TAG = cachedDataVersionTag().toString(16);

/** Where the compiled form of a module lies: beside it, because whoever can write there can change the program as well. */
export function compiledName(filename: string): string {
  return `${filename}.${TAG}.code`;
}

/** The compiled form, if it is there and as it was written: V8 believes what it reads. */
export function readCompiled(filename: string): Buffer | undefined {
  try {
    const bytes = readFileSync(filename);
    const code = bytes.subarray(0, -CHECKSUM_BYTES);
    return bytes.readUInt32LE(code.length) === crc32(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Root leaves nothing of its own in somebody else's folder, and follows no links that wait for it there. */
export function ownsFolder(folder: string): boolean {
  return statSync(folder).uid === process.geteuid?.();
}

/** Compiles all modules of a folder, every function of them, and writes that down. Where this cannot be written, nothing is lost but time. */
export function writeCompiled(folder: string): void {
  const stage = join(folder, `${process.pid}.tmp`);
  try {
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.cjs'))) {
      const filename = join(folder, name);
      // Whole, or not there, whatever ends this process or the machine.
      writeFileSync(stage, withChecksum(compile(filename)), { flag: 'wx', flush: true });
      renameSync(stage, compiledName(filename));
    }
  } catch {
    // A read-only installation, a full disk: the next one to try may be luckier.
    rmSync(stage, { force: true });
  }
}

function withChecksum(code: Buffer): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(code));
  return Buffer.concat([code, checksum]);
}

function compile(filename: string): Buffer {
  const source = readFileSync(filename, 'utf8');
  let script: Script;
  setFlagsFromString('--no-lazy');
  try {
    script = new Script(source, { filename });
  } finally {
    setFlagsFromString('--lazy');
  }
  // The flags of this moment are written with the code, and V8 compares them when it reads it.
  return script.createCachedData();
}
