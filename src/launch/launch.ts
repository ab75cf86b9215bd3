import { join } from 'node:path';
import { ownsFolder, writeCompiled } from './compiled.ts';
import { Modules } from './modules.ts';

/** File name of the program's first module; .ci/build.js puts it in. */
declare const IPVSTATE_PROGRAM: string;

const folder = join(__dirname, 'program');
const modules = new Modules(folder, require);
modules.load(IPVSTATE_PROGRAM);
// Once for each version of Node, after the work is done.
process.once('exit', () => {
  if (!modules.wereCompiled && ownsFolder(folder)) writeCompiled(folder);
});
