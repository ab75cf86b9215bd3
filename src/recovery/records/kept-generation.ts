import { join } from 'node:path';
import { isCount, isText, listOf, objectOf, optional } from '../../model/shape.ts';
import type { State } from '../state.ts';
import { type FileFormat, readUsable, writeVersioned } from './versioned.ts';

/** Files that were read from etcd together. */
interface KeptGeneration {
  readonly generation: number;
  readonly sha256: string;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
}

interface GenerationFile extends Omit<KeptGeneration, 'files'> {
  readonly prefix: string;
  /** The members that it was read from. Absent in a file of an earlier version. */
  readonly hosts?: readonly string[] | undefined;
  /** The content is in base64, because it may be no text. */
  readonly files: readonly { readonly name: string; readonly content: string }[];
}

const FORMAT: FileFormat<GenerationFile> = {
  name: 'ipvstate-kept-generation',
  version: 1,
  shape: objectOf<GenerationFile>({
    prefix: isText,
    hosts: optional(listOf(isText)),
    generation: isCount,
    sha256: isText,
    files: listOf(objectOf<GenerationFile['files'][number]>({ name: isText, content: isText })),
  }),
};

/**
 * Opens the record of the last valid generation that was read below a prefix of etcd. It outlives a
 * boot: a director that starts without etcd goes on with it. An etcd that has no member in common
 * is another one: its generations say nothing about these. `warn` is told of a record that is of
 * another etcd, or cannot be read or written.
 */
export function openGenerationStore(
  { folders }: Pick<State, 'folders'>,
  { hosts, prefix }: { readonly hosts: readonly string[]; readonly prefix: string },
  warn: (message: string) => void,
) {
  const path = join(folders.state, 'etcd.json');
  const effect = 'Without etcd, there is no configuration.';
  return {
    read: async (): Promise<KeptGeneration | undefined> => {
      const damage = { access: 'write', warn, effect } as const;
      const stored = await readUsable(path, FORMAT, damage).catch((error: Error) => {
        warn(`${error.message}. ${effect}`);
        return undefined;
      });
      if (!stored) return undefined;
      const { generation, sha256, files } = stored;
      const isSameEtcd = stored.hosts?.some((host) => hosts.includes(host)) ?? true;
      if (stored.prefix !== prefix || !isSameEtcd) {
        const place = stored.hosts ? `etcd://${stored.hosts.join(',')}` : 'etcd:';
        warn(`${path} has a generation of ${place}${stored.prefix}, and is not used. ${effect}`);
        return undefined;
      }
      const decoded = files.map(({ name, content }) => {
        return { name, bytes: Buffer.from(content, 'base64') };
      });
      return { generation, sha256, files: decoded };
    },
    write: async ({ generation, sha256, files }: KeptGeneration): Promise<void> => {
      const encoded = files.map(({ name, bytes }) => {
        return { name, content: bytes.toString('base64') };
      });
      const file = { prefix, hosts, generation, sha256, files: encoded };
      await writeVersioned(path, FORMAT, file).catch((error: Error) =>
        warn(`${error.message}. A start without etcd has an older configuration, or none.`),
      );
    },
  };
}
