import { readImports } from './imports.ts';
import { isWritten, resolveImport, type Tree } from './tree.ts';

type Layer = Readonly<{
  /** Path prefixes. */
  files: readonly string[];
  /** The layers that it may import besides itself. */
  layers: readonly string[] | 'all';
  /** The packages and modules of Node that it may import, with their subpaths. */
  packages: readonly string[] | 'all';
  /** True when it uses no clock, chance, environment or output. */
  pure: boolean;
}>;

/** The modules of Node for files, sockets and time. */
const FILES = ['node:fs', 'node:path', 'node:crypto'];

/**
 * Every room and the rooms and packages that it may import; ARCHITECTURE.md says what each is for.
 */
export const LAYERS: Readonly<Record<string, Layer>> = {
  errors: { files: ['src/errors.ts'], layers: [], packages: [], pure: true },
  model: { files: ['src/model/'], layers: ['errors'], packages: [], pure: true },
  health: { files: ['src/health/'], layers: ['errors', 'model'], packages: [], pure: true },
  /** The directors of a configuration, as they see each other: pure, over documents in etcd. */
  fleet: { files: ['src/fleet/'], layers: ['errors', 'model'], packages: [], pure: true },
  plan: {
    files: ['src/plan/'],
    layers: ['errors', 'model', 'health'],
    packages: [],
    pure: true,
  },
  config: {
    files: ['src/config/'],
    layers: ['errors', 'model'],
    packages: ['yaml', 'ajv'],
    pure: true,
  },
  formats: {
    files: ['src/formats/'],
    layers: ['errors', 'model', 'config'],
    packages: ['unbash'],
    pure: true,
  },
  ipvsadm: {
    files: ['src/ipvsadm/'],
    layers: ['errors', 'model', 'formats'],
    packages: [],
    pure: true,
  },
  /** A plan can be printed as ipvsadm command lines, so `render` writes with `formats`. */
  render: {
    files: ['src/render/'],
    layers: ['errors', 'model', 'health', 'fleet', 'plan', 'formats', 'doctor'],
    packages: [],
    pure: true,
  },
  kernel: {
    files: ['src/kernel/'],
    layers: ['errors', 'model'],
    packages: ['netlink', 'node:child_process', 'node:os', 'node:timers', ...FILES],
    pure: false,
  },
  sources: {
    files: ['src/sources/'],
    layers: ['errors', 'model', 'fleet', 'config', 'formats'],
    packages: ['chokidar', 'node:stream', 'node:http', 'node:https', 'node:net', ...FILES],
    pure: false,
  },
  reconcile: {
    files: ['src/reconcile/'],
    layers: ['errors', 'model', 'health', 'plan'],
    packages: ['node:timers'],
    pure: false,
  },
  /**
   * `ipvs-stack.ts` puts the layers of recovery on those of the kernel, so `recovery` may use
   * `kernel`.
   */
  recovery: {
    files: ['src/recovery/'],
    layers: ['errors', 'model', 'health', 'plan', 'kernel', 'reconcile'],
    packages: ['node:child_process', 'node:net', 'node:os', 'node:timers', ...FILES],
    pure: false,
  },
  /** The checks of `doctor`: pure, over facts that `kernel` and `recovery` read. */
  doctor: {
    files: ['src/doctor/'],
    layers: ['errors', 'model', 'kernel', 'recovery'],
    packages: [],
    pure: true,
  },
  daemon: {
    files: ['src/daemon/'],
    layers: [
      'errors',
      'model',
      'health',
      'fleet',
      'plan',
      'config',
      'formats',
      'render',
      'kernel',
      'sources',
      'reconcile',
      'recovery',
    ],
    packages: 'all',
    pure: false,
  },
  /** The pages of the manual, as text. */
  manual: { files: ['src/manual/'], layers: [], packages: [], pure: true },
  /** The command line may use every room, and no room uses it. */
  cli: {
    files: ['src/cli/'],
    layers: [
      'errors',
      'model',
      'health',
      'fleet',
      'plan',
      'config',
      'formats',
      'ipvsadm',
      'render',
      'kernel',
      'sources',
      'reconcile',
      'recovery',
      'doctor',
      'daemon',
      'manual',
      'schemas',
    ],
    packages: 'all',
    pure: false,
  },
  /** The library re-exports; the rooms it may show are those without a process of their own. */
  library: {
    files: ['src/index.ts'],
    layers: ['errors', 'model', 'plan', 'config', 'formats', 'render', 'kernel', 'reconcile'],
    packages: [],
    pure: false,
  },
  /** Data, not code. */
  schemas: { files: ['schemas/'], layers: [], packages: [], pure: true },
};

/**
 * A native addon, which needs Linux with netlink. Only one file imports it, and loads it when it is
 * needed.
 */
export const NATIVE = { package: 'netlink', file: 'src/kernel/netlink/socket.ts' };

export function layerOf(path: string): string | undefined {
  return Object.keys(LAYERS).find((name) =>
    LAYERS[name]?.files.some((prefix) => path.startsWith(prefix)),
  );
}

function packageName(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return specifier.startsWith('@') ? `${first}/${second}` : first;
}

const allows = (allowed: readonly string[] | 'all', name: string) =>
  allowed === 'all' || allowed.includes(name);

/** The imports that the table does not allow. Imports of types count, too. */
export function layerViolations(tree: Tree): readonly string[] {
  const found: string[] = [];
  for (const [path, source] of tree) {
    const name = layerOf(path);
    const layer = name === undefined ? undefined : LAYERS[name];
    if (layer === undefined) {
      found.push(`${path} belongs to no layer`);
      continue;
    }
    for (const { specifier, line, kind } of readImports(source)) {
      const imported = resolveImport(path, specifier);
      const at = `${path}:${line}`;
      if (imported === null) {
        const wanted = packageName(specifier);
        if (!allows(layer.packages, wanted))
          found.push(`${at} ${name} may not import ${specifier}`);
        else if (wanted === NATIVE.package && path !== NATIVE.file)
          found.push(`${at} only ${NATIVE.file} may import ${specifier}`);
        else if (wanted === NATIVE.package && kind === 'static')
          found.push(`${at} ${specifier} must be loaded when first needed`);
        continue;
      }
      const target = layerOf(imported);
      if (target !== name && (target === undefined || !allows(layer.layers, target)))
        found.push(`${at} ${name} may not import ${imported}`);
      if (isWritten(path) && !/\.(tsx?|js|json|md|bash|zsh|fish|css)$/.test(specifier))
        found.push(`${at} ${specifier} lacks its extension`);
    }
  }
  return found;
}
