import type { Ipvs } from '../../model/ipvs.ts';
import type { ServiceEntry } from '../../model/table.ts';
import { isSpecial } from '../../sources/files/read-stable.ts';
import { load } from '../../sources/load.ts';
import { isFilePath } from '../../sources/sources.ts';
import { readingOf } from '../declare/option-groups.ts';
import type { Environment } from '../environment.ts';

/** A service that a command line can name. */
export interface KnownService {
  readonly key: string;
  readonly name: string | undefined;
  readonly destinations: readonly string[];
}

/** The options of a command line that say where its services are. */
export interface Places {
  /** Values of `-f`; without one, the default files. */
  readonly files: readonly string[];
  readonly node: string | undefined;
  readonly table: string | undefined;
  readonly netns: string | undefined;
}

/**
 * The services of the files and of the live table. What cannot be read has none: a shell that
 * completes a word has no place for a message.
 */
export async function knownServices(
  places: Places,
  environment: Environment,
): Promise<readonly KnownService[]> {
  const { files, node, table, netns } = places;
  const desired = await inFiles(files, node);
  if (table !== undefined) return merged([...desired, ...(await inFiles([table]))]);
  // Another network namespace can only be entered by another process.
  return merged(netns === undefined ? [...desired, ...(await inKernel(environment))] : desired);
}

async function inFiles(paths: readonly string[], node?: string): Promise<KnownService[]> {
  try {
    // A pipe is left to the command that is being typed: it cannot be read twice. A network would
    // let the shell wait.
    for (const path of paths) if (!isFilePath(path) || (await isSpecial(path))) return [];
    const stdin = () => {
      throw new Error('stdin is never read');
    };
    const { desired } = await load(paths, stdin, readingOf({ node }));
    if (!desired) return [];
    return [...desired.services].map(([key, entry]) => known(key, entry, desired.names.get(key)));
  } catch {
    return [];
  }
}

async function inKernel({ hasIpvs, openKernel }: Environment): Promise<KnownService[]> {
  // Asking the kernel would load the module.
  if (!hasIpvs()) return [];
  let ipvs: Ipvs | undefined;
  try {
    ipvs = await openKernel();
    const { table } = await ipvs.read();
    return [...table.services].map(([key, entry]) => known(key, entry, undefined));
  } catch {
    return [];
  } finally {
    ipvs?.close();
  }
}

function known(key: string, { destinations }: ServiceEntry, name: string | undefined) {
  return { key, name, destinations: [...destinations.keys()] };
}

/** One entry for each service, with its name from a file and all its destinations. */
function merged(services: readonly KnownService[]): readonly KnownService[] {
  const all = new Map<string, KnownService>();
  for (const service of services) {
    const earlier = all.get(service.key);
    const destinations = new Set([...(earlier?.destinations ?? []), ...service.destinations]);
    const name = earlier?.name ?? service.name;
    all.set(service.key, { key: service.key, name, destinations: [...destinations] });
  }
  return [...all.values()];
}
