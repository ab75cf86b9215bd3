// Writes the files of a package.
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes the files below a folder. */
export function writeTree(folder, files) {
  for (const [path, { content, mode, link }] of files) {
    const to = join(folder, path);
    mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
    if (link === undefined) writeFileSync(to, content, { mode });
    else symlinkSync(link, to);
    // The umask of whoever builds must not show.
    if (link === undefined) chmodSync(to, mode);
  }
}

/** Gives everything below a folder the modes and the time of the package. */
export function settle(folder, epoch) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, Number(epoch), Number(epoch));
  }
  chmodSync(folder, 0o755);
}
