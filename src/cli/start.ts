import { statSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { makeFolder } from '../recovery/make-folder.ts';

/**
 * Folder for the code that Node compiles, or undefined when no folder belongs to this user alone.
 * Node runs the compiled code that it finds there, so a folder that another user can write to is
 * never used. That rules out Node's default below /tmp.
 */
function compileCacheFolder(): string | undefined {
  const isRoot = process.geteuid?.() === 0;
  const home = process.env.XDG_CACHE_HOME || (process.env.HOME && join(process.env.HOME, '.cache'));
  const parent = isRoot ? '/var/cache' : home;
  if (!parent) return undefined;
  const folder = join(parent, 'ipvstate');
  try {
    makeFolder(folder);
    const { uid, mode } = statSync(folder);
    return uid === process.geteuid?.() && (mode & 0o022) === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps compiled code by Node version and build. Node 20 lacks it and compiles at every start. */
const { enableCompileCache } = module as { enableCompileCache?: (folder: string) => unknown };
const folder = enableCompileCache && compileCacheFolder();
if (enableCompileCache && folder !== undefined) enableCompileCache(folder);

// Node opens a debugger on SIGUSR1, through which another program could run code as root.
process.on('SIGUSR1', () => {});

// The name that ps, top and pidof show. Node gives its main thread another one.
try {
  writeFileSync('/proc/self/comm', 'ipvstate');
} catch {
  // A sandbox can hide /proc. The name then stays as Node gave it.
}

require('./program.cjs');
