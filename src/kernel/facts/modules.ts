import { basename } from 'node:path';
import { type Fact, factOf, ifPresent, known, mapFact } from './fact.ts';
import type { MachineFiles } from './machine-files.ts';

/** The modules of IPVS that this kernel has. Only names that begin with `ip_vs` are kept. */
export interface ModuleFacts {
  /** False for a kernel that was built without modules: it has only its own parts. */
  readonly areSupported: Fact<boolean>;
  /** Loaded now. */
  readonly loaded: Fact<ReadonlySet<string>>;
  /** Part of the kernel itself. undefined: this machine has no list of them. */
  readonly builtIn: Fact<ReadonlySet<string> | undefined>;
  /** On the disk. undefined: this machine has no list of them, as in many containers. */
  readonly onDisk: Fact<ReadonlySet<string> | undefined>;
  /** False once the machine was locked against the loading of modules, until it is restarted. */
  readonly canLoad: Fact<boolean>;
  /** The program that loads a module that is needed. Empty: the kernel loads none. */
  readonly loader: Fact<string>;
}

/**
 * Reads which modules there are, without asking the kernel for one: a question over netlink or
 * setsockopt would load it.
 */
export async function readModules(
  files: MachineFiles,
  release: Fact<string>,
): Promise<ModuleFacts> {
  const folder = `/lib/modules/${release.isKnown ? release.value : 'unknown'}`;
  const names = (path: string): Promise<Fact<ReadonlySet<string> | undefined>> =>
    factOf(path, async () => {
      const text = await ifPresent(() => files.read(path));
      return text === undefined ? undefined : moduleFiles(text);
    });
  const list = await factOf('/proc/modules', () => ifPresent(() => files.read('/proc/modules')));
  const loaded = mapFact(list, (text = '') =>
    ofIpvs(text.split('\n').map((line) => line.split(' ')[0] ?? '')),
  );
  const sysctl = (name: string): Promise<Fact<string | undefined>> => {
    const path = `/proc/sys/kernel/${name}`;
    return factOf(path, async () => (await ifPresent(() => files.read(path)))?.trim());
  };
  const disabled = await sysctl('modules_disabled');
  const loader = await sysctl('modprobe');
  return {
    areSupported: supportsModules(release, list, loader),
    loaded,
    builtIn: release.isKnown ? await names(`${folder}/modules.builtin`) : release,
    onDisk: release.isKnown ? await names(`${folder}/modules.dep`) : release,
    canLoad: disabled.isKnown ? known(disabled.value !== '1') : disabled,
    loader: loader.isKnown ? known(loader.value ?? '') : loader,
  };
}

/** A kernel with modules has both files. A container can hide either of them, or all of /proc. */
function supportsModules(
  release: Fact<string>,
  ...files: readonly Fact<string | undefined>[]
): Fact<boolean> {
  for (const file of files) if (file.isKnown && file.value !== undefined) return known(true);
  for (const fact of [release, ...files]) if (!fact.isKnown) return fact;
  return known(false);
}

/** `unknown`: this machine has no list of its modules that says it. */
export type ModuleState = 'loaded' | 'built-in' | 'on-disk' | 'missing' | 'unknown';

export function moduleState({ loaded, builtIn, onDisk }: ModuleFacts, name: string): ModuleState {
  const has = (fact: Fact<ReadonlySet<string> | undefined>): boolean =>
    fact.isKnown && fact.value?.has(name) === true;
  if (has(loaded)) return 'loaded';
  if (has(builtIn)) return 'built-in';
  if (!loaded.isKnown) return 'unknown';
  if (has(onDisk)) return 'on-disk';
  const areListed = builtIn.isKnown && onDisk.isKnown && onDisk.value !== undefined;
  return areListed ? 'missing' : 'unknown';
}

/** The modules of a list of files, with or without `: DEPENDENCIES` behind each. */
function moduleFiles(text: string): ReadonlySet<string> {
  return ofIpvs(
    text.split('\n').map((line) => {
      const file = basename(line.split(':')[0] ?? '');
      return file.replace(/\.ko(?:\.\w+)?$/, '').replaceAll('-', '_');
    }),
  );
}

function ofIpvs(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.filter((name) => name.startsWith('ip_vs')));
}
