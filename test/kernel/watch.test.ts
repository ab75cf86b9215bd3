import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readSources } from '../../src/watch/read-sources.ts';
import { watchFiles } from '../../src/watch/watch-files.ts';

const WATCHES = '/proc/sys/fs/inotify/max_user_watches';

test('when the kernel has no inotify watch left the content is polled, until there are some again', async () => {
  const limit = readFileSync(WATCHES, 'utf8');
  const folder = mkdtempSync('/run/tmp/watch-');
  const path = join(folder, 'c.yaml');
  writeFileSync(path, 'first');
  const modes: (string | undefined)[] = [];
  let digest: string | undefined;
  const wanted = async () => (await readSources([path])).digest;
  writeFileSync(WATCHES, '0');
  const watch = watchFiles([path], {
    timing: { poll: 100, retry: 500 },
    onMode: (mode, reason) => modes.push(mode, reason),
    onLook: () => void wanted().then((seen) => (digest = seen)),
  });
  try {
    const exhausted = ['poll', 'inotify is exhausted (ENOSPC); raise fs.inotify.max_user_watches'];
    await vi.waitFor(() => expect(modes).toEqual(exhausted), 10_000);
    writeFileSync(path, 'second');
    await vi.waitFor(async () => expect(digest).toBe(await wanted()), 10_000);
    expect(modes).toEqual(exhausted);
    writeFileSync(WATCHES, limit);
    await vi.waitFor(() => expect(modes).toEqual([...exhausted, 'inotify', undefined]), 10_000);
  } finally {
    writeFileSync(WATCHES, limit);
    await watch.close();
    rmSync(folder, { recursive: true });
  }
});

test('what another machine may change without an event, such as this one seen from inside, is polled', async () => {
  const modes: (string | undefined)[] = [];
  const watch = watchFiles(['/etc/hostname'], { onMode: (mode, reason) => modes.push(mode, reason), onLook: () => {} });
  try {
    await vi.waitFor(() => expect(modes).toEqual(['poll', '/etc is on hostfs, where changes made elsewhere raise no event']), 10_000);
    expect(watch.mode).toBe('poll');
  } finally {
    await watch.close();
  }
});
