import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/** V8 takes compiled code only from its own version, with the same flags. */
const TAG = cachedDataVersionTag().toString(16);

/** Where the compiled form of a module lies: beside it, because whoever can write there can change the program as well. */
export function compiledName(filename: string): string {
  return `${filename}.${TAG}.code`;
}

export function readCompiled(filename: string): Buffer | undefined {
  try {
    return readFileSync(filename);
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
  try {
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.cjs'))) {
      const filename = join(folder, name);
      // Whole, or not there, whatever ends this process or the machine.
      const stage = `${filename}.${process.pid}.tmp`;
      writeFileSync(stage, compile(filename), { flag: 'wx', flush: true });
      renameSync(stage, compiledName(filename));
    }
  } catch {
    // A read-only installation, a full disk: the next one to try may be luckier.
  }
}

function compile(filename: string): Buffer {
  const source = readFileSync(filename, 'utf8');
  // The flags are part of what V8 compares when it reads the code, so they are as always when it is written.
  setFlagsFromString('--no-lazy');
  try {
    const script = new Script(source, { filename });
    setFlagsFromString('--lazy');
    return script.createCachedData();
  } finally {
    setFlagsFromString('--lazy');
  }
}
