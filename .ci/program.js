// Bundles the command line into two files: `program.cjs` has what everyday commands need, and
// `rest.cjs` everything else. Node reads and compiles a whole file, although a `plan` needs half of
// the code. A module is in one of the two: they share it, and its state.
import { join, relative } from 'node:path';
import { build } from 'esbuild';

const ENTRY = 'src/cli/bin.ts';
const EVERYDAY = './program.cjs';
const REST = './rest.cjs';

/**
 * Modules that few commands need, and that the others import when they need them. What only these
 * reach is in `rest.cjs`.
 */
const SELDOM = [
  ...['cli/export-html', 'sources/files/watch-files', 'formats/ipvsctl/read'],
  ...['formats/keepalived/reader', 'formats/ldirectord/read', 'formats/shell/read-script'],
  ...['complete', 'completion', 'doctor', 'explain', 'fleet', 'fmt', 'generations', 'health'].map(
    (verb) => `cli/verbs/${verb}`,
  ),
  ...['help', 'history', 'import', 'push', 'schema', 'show', 'top', 'watch'].map(
    (verb) => `cli/verbs/${verb}`,
  ),
].map((name) => `src/${name}.ts`);

/** Bundles both files. Returns them with the paths of all bundled modules. */
export async function bundleProgram(options) {
  const { inputs } = (await build({ ...options, entryPoints: [ENTRY] })).metafile;
  const unknown = SELDOM.filter((path) => !(path in inputs));
  if (unknown.length > 0) throw new Error(`the program does not import ${unknown.join(', ')}`);
  const everyday = reach(inputs);
  const shared = new Set();
  const bundle = async (name, modules, plugin, start = '') => {
    const list = modules.map((path) => `${JSON.stringify(path)}: () => require('./${path}'),`);
    const contents = `exports.modules = {${list.join('\n')}};\n${start}`;
    const { outputFiles } = await build({
      ...options,
      stdin: { contents, resolveDir: options.absWorkingDir, sourcefile: name },
      outfile: join(options.outdir, name),
      outdir: undefined,
      plugins: [plugin, ...options.plugins],
    });
    return outputFiles;
  };
  const rest = await bundle(
    REST,
    SELDOM,
    otherFile(options, EVERYDAY, (path) => everyday.has(path) && shared.add(path)),
  );
  const program = await bundle(
    EVERYDAY,
    [...shared].sort(),
    otherFile(options, REST, (path) => SELDOM.includes(path)),
    `require('./${ENTRY}');`,
  );
  return { files: [...program, ...rest], inputs: Object.keys(inputs) };
}

/** The modules that the program reaches without those of `SELDOM`. */
function reach(inputs) {
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path) || SELDOM.includes(path) || !(path in inputs)) return;
    reached.add(path);
    for (const each of inputs[path].imports) if (!each.external) visit(each.path);
  };
  visit(ENTRY);
  return reached;
}

/** Takes the modules that `isThere` tells from the other file when they are first imported. */
function otherFile({ absWorkingDir }, file, isThere) {
  const namespace = 'other-file';
  return {
    name: namespace,
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /./ }, async ({ path, pluginData, kind, ...from }) => {
        if (path === file) return { path, external: true };
        if (pluginData === namespace || kind === 'entry-point') return undefined;
        const found = await resolve(path, { ...from, kind, pluginData: namespace });
        if (found.external || found.errors.length > 0) return found;
        const isFile = found.namespace === 'file';
        const name = isFile
          ? relative(absWorkingDir, found.path)
          : `${found.namespace}:${found.path}`;
        return isThere(name) ? { path: `${name}.cjs`, namespace, pluginData: name } : found;
      });
      onLoad({ filter: /./, namespace }, ({ pluginData: name }) => ({
        contents: `module.exports = require('${file}').modules[${JSON.stringify(name)}]();`,
      }));
    },
  };
}
