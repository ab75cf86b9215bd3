import { constants } from 'node:fs';
import { access, readdir, readFile, readlink, realpath, stat, statfs } from 'node:fs/promises';

export interface FileStatus {
  readonly uid: number;
  readonly mode: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly isFolder: boolean;
}

export interface FileSystemStatus {
  /** uapi: linux/magic.h. */
  readonly type: number;
  readonly freeBytes: number;
  /** undefined where the file system has no limit of its own. */
  readonly freeFiles: number | undefined;
}

/**
 * The files of a machine, /proc and /sys included, as far as facts are read from them. No method
 * changes anything. Each throws as Node does. Tests bring any machine.
 */
export interface MachineFiles {
  read(path: string): Promise<string>;
  list(path: string): Promise<readonly string[]>;
  /** The target of a symbolic link. */
  link(path: string): Promise<string>;
  /** The path without symbolic links. */
  resolve(path: string): Promise<string>;
  stat(path: string): Promise<FileStatus>;
  /** Throws when this process may not write. Nothing is written. */
  checkWritable(path: string): Promise<void>;
  fileSystem(path: string): Promise<FileSystemStatus>;
}

export const SYSTEM_FILES: MachineFiles = {
  read: (path) => readFile(path, 'utf8'),
  list: (path) => readdir(path),
  link: (path) => readlink(path),
  resolve: (path) => realpath(path),
  stat: async (path) => {
    const status = await stat(path, { bigint: true });
    return {
      uid: Number(status.uid),
      mode: Number(status.mode),
      device: status.dev,
      inode: status.ino,
      isFolder: status.isDirectory(),
    };
  },
  checkWritable: (path) => access(path, constants.W_OK),
  fileSystem: async (path) => {
    const { type, bavail, bsize, files, ffree } = await statfs(path);
    return { type, freeBytes: bavail * bsize, freeFiles: files === 0 ? undefined : ffree };
  },
};
