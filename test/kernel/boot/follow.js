import { closeSync, openSync, readSync, watch } from 'node:fs';

/**
 * Copies the text that is appended to the file at `path` to `out`, as it comes. `end()` resolves
 * when all of it is written.
 */
export function follow(path, out) {
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(64 * 1024);
  // A reader such as `head` may close the pipe early. The guest still ends as usual.
  out.on('error', () => {});
  const copy = () => {
    for (;;) {
      const length = readSync(file, buffer, 0, buffer.length, null);
      if (length === 0) return;
      out.write(Buffer.from(buffer.subarray(0, length)));
    }
  };
  const watcher = watch(path, copy);
  return {
    end: () => {
      watcher.close();
      copy();
      closeSync(file);
      return new Promise((resolve) => out.write('', () => resolve()));
    },
  };
}
