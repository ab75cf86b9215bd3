import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { compiledName, readCompiled } from './compiled.ts';

/** What a module's file evaluates to. */
type Body = (exports: object, require: (specifier: string) => unknown, module: { readonly exports: object }) => void;

/**
 * Loads the program's modules, which .ci/build.js has made of what is bundled: each is the expression of a function in the manner of
 * CommonJS. Compiling them takes a third of the time of a short command, so their compiled form lies beside them.
 */
export class Modules {
  readonly #folder: string;
  readonly #outside: (specifier: string) => unknown;
  readonly #loaded = new Map<string, { readonly exports: object }>();
  #wereCompiled = true;

  /** @param outside loads packages and Node's own modules. */
  constructor(folder: string, outside: (specifier: string) => unknown) {
    this.#folder = folder;
    this.#outside = outside;
  }

  /** Whether there was a compiled form of every module so far that this version of V8 could use. */
  get wereCompiled(): boolean {
    return this.#wereCompiled;
  }

  load(name: string): object {
    const known = this.#loaded.get(name);
    if (known) return known.exports;
    const module = { exports: {} };
    this.#loaded.set(name, module);
    const require = (specifier: string) => (specifier.startsWith('./') ? this.load(specifier.slice(2)) : this.#outside(specifier));
    this.#read(name)(module.exports, require, module);
    return module.exports;
  }

  #read(name: string): Body {
    const filename = join(this.#folder, name);
    const cachedData = readCompiled(compiledName(filename));
    const script = new Script(readFileSync(filename, 'utf8'), { filename, ...(cachedData && { cachedData }) });
    // What V8 rejects it compiles itself.
    if (script.cachedDataRejected !== false) this.#wereCompiled = false;
    return script.runInThisContext() as Body;
  }
}
