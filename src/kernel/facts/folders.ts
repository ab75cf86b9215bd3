import { dirname } from 'node:path';
import { type Fact, factOf, ifPresent, mapFact } from './fact.ts';
import type { FileStatus, FileSystemStatus, MachineFiles } from './machine-files.ts';

/** A folder that a program writes to, and may have to make first. */
export interface FolderFacts {
  /** The folder itself. undefined: it does not exist yet. */
  readonly status: FileStatus | undefined;
  /** The folder, or the nearest one above it that exists. */
  readonly nearest: string;
  /** The name of the errno by which this process may not write there, or undefined. */
  readonly refusal: string | undefined;
  readonly fileSystem: FileSystemStatus;
}

export async function readFolder(files: MachineFiles, path: string): Promise<Fact<FolderFacts>> {
  return factOf(path, async () => {
    const status = await ifPresent(() => files.stat(path));
    let nearest = path;
    for (let found = status; found === undefined && nearest !== '/'; ) {
      nearest = dirname(nearest);
      found = await ifPresent(() => files.stat(nearest));
    }
    const refusal = await files.checkWritable(nearest).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code ?? 'EIO',
    );
    return { status, nearest, refusal, fileSystem: await files.fileSystem(nearest) };
  });
}

/** A file of a configuration, as far as it matters to a daemon that follows it. */
export interface SourceFacts {
  readonly path: string;
  readonly status: FileStatus;
  readonly fileSystemType: number;
  /** True when the file itself is a mount, as that of a `subPath` in Kubernetes. */
  readonly isMount: Fact<boolean>;
}

export async function readSourceFiles(
  files: MachineFiles,
  paths: readonly string[],
): Promise<readonly Fact<SourceFacts>[]> {
  const mounts = await factOf('/proc/self/mountinfo', async () =>
    mountPoints((await ifPresent(() => files.read('/proc/self/mountinfo'))) ?? ''),
  );
  return Promise.all(
    paths.map((path) =>
      factOf(path, async () => {
        const resolved = await files.resolve(path);
        return {
          path,
          status: await files.stat(path),
          fileSystemType: (await files.fileSystem(path)).type,
          isMount: mapFact(mounts, (points) => points.has(resolved)),
        };
      }),
    ),
  );
}

/** The fifth word of each line is the mount point, with blanks as octal escapes (proc(5)). */
function mountPoints(mountinfo: string): ReadonlySet<string> {
  return new Set(
    mountinfo
      .split('\n')
      .map((line) =>
        (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
          String.fromCharCode(Number.parseInt(octal, 8)),
        ),
      ),
  );
}
