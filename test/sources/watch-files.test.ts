import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { watch } from 'chokidar';
import { describe, expect, test } from 'vitest';
import type { Inotify, InotifyHandlers, OpenInotify } from '../../src/sources/files/inotify.ts';
import { digestOf, readFiles } from '../../src/sources/files/read-files.ts';
import { ReadCache } from '../../src/sources/files/read-stable.ts';
import { type FileWatchPorts, watchFiles } from '../../src/sources/files/watch-files.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { PATTERNS } from './patterns.ts';
import { eventually, inFolder, startWatching } from './watching.ts';

/** An inotify that watches nothing. The n-th one fails with the n-th error code, if any. */
function scripted(errors: readonly (string | undefined)[]) {
  const opened: InotifyHandlers[] = [];
  let closed = 0;
  let ready = Promise.resolve(true);
  const open: OpenInotify = (_links, _clock, handlers) => {
    const error = errors[opened.push(handlers) - 1];
    if (error) handlers.onError(error);
    return { ready, close: async () => void closed++ } satisfies Inotify;
  };
  /** Delays the readiness of later watches until `release`. */
  const hold = () => {
    let release = (_isReady: boolean) => {};
    ready = new Promise((resolve) => {
      release = resolve;
    });
    return {
      release: (isReady = true) => {
        ready = Promise.resolve(true);
        release(isReady);
      },
    };
  };
  return { open, opened, closed: () => closed, hold };
}

function start(
  paths: readonly string[],
  errors: readonly (string | undefined)[] = [],
  ports: FileWatchPorts = {},
) {
  const clock = new VirtualClock();
  const inotify = scripted(errors);
  const modes: (readonly [string, string | undefined])[] = [];
  const digests: string[] = [];
  let reports = 0;
  const cache = new ReadCache();
  const onChange = async () => {
    reports++;
    cache.digest = await digestOf(await readFiles(paths));
    digests.push(cache.digest);
  };
  const watching = watchFiles(
    async () => paths,
    cache,
    {
      onChange: () => void onChange(),
      onMode: (mode, reason) => modes.push([mode, reason]),
      quietMilliseconds: 250,
    },
    { clock, random: () => 0.5, openInotify: inotify.open, ...ports },
  );
  /** Waits until so many reports were read, and the next safety read is scheduled. */
  const reported = (count: number) =>
    eventually(() =>
      expect([reports, digests.length, clock.next !== undefined]).toEqual([count, count, true]),
    );
  return { clock, inotify, modes, watching, reported, reports: () => reports };
}

const FILE = async (folder: string) => {
  const path = join(folder, 'c.yaml');
  await writeFile(path, 'text');
  return path;
};

describe('the safety read', () => {
  test('reports a change without an event after five seconds, and only once', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { clock, watching, reported, reports } = start([path]);
      await reported(1);
      await writeFile(path, 'other');
      await clock.advance(4999);
      expect(reports()).toBe(1);
      await clock.advance(1);
      await reported(2);
      for (let round = 0; round < 3; round++) {
        const before = clock.next ?? 0;
        await clock.advance(5000);
        await eventually(() => expect(clock.next ?? 0).toBeGreaterThan(before));
      }
      expect(reports()).toBe(2);
      await watching.close();
    }));

  test('moves the watches when a folder far above the file was replaced', () =>
    inFolder(async (folder) => {
      await symlink('nowhere', join(folder, 'l'));
      const { clock, inotify, watching, reported } = start([join(folder, 'l', 'c.yaml')]);
      await reported(1);
      expect(inotify.opened.length).toBe(1);
      await symlink('elsewhere', join(folder, 'l.tmp'));
      await rename(join(folder, 'l.tmp'), join(folder, 'l'));
      await clock.advance(5000);
      await eventually(() => expect(inotify.opened.length).toBe(2));
      await watching.close();
      expect(inotify.closed()).toBe(2);
    }));
});

describe('watches that may not be in place', () => {
  /** Runs the next safety read, and waits until the one after it is scheduled. */
  async function safetyRead(clock: VirtualClock): Promise<void> {
    const before = clock.next ?? 0;
    await clock.advance(before - clock.now());
    await eventually(() => expect(clock.next ?? 0).toBeGreaterThan(before));
  }

  test('because they missed a change are opened anew by the next safety read, once', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { clock, inotify, watching, reported } = start([path]);
      await reported(1);
      await writeFile(path, 'other');
      await safetyRead(clock);
      await reported(2);
      expect(inotify.opened.length).toBe(1);
      await safetyRead(clock);
      await safetyRead(clock);
      expect([inotify.opened.length, inotify.closed()]).toEqual([2, 1]);
      await watching.close();
    }));

  test('because they were not ready in time are opened anew, and what they missed is read', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { clock, inotify, watching, reported } = start([path]);
      await reported(1);
      const moving = inotify.hold();
      await writeFile(`${path}.tmp`, 'other');
      await rename(`${path}.tmp`, path);
      inotify.opened[0]?.onEvent(false);
      await clock.advance(250);
      await eventually(() => expect(inotify.opened.length).toBe(2));
      moving.release(false);
      await reported(3);
      expect(inotify.opened.length).toBe(2);
      await writeFile(path, 'a change that the watch which was not in place did not hear');
      await safetyRead(clock);
      await reported(4);
      expect(inotify.opened.length).toBe(3);
      await watching.close();
    }));
});

test('watches that were not ready in time are opened anew after two seconds, not five', () =>
  inFolder(async (folder) => {
    const path = await FILE(folder);
    const inotify = scripted([]);
    const clock = new VirtualClock();
    const opening = inotify.hold();
    const watching = watchFiles(
      async () => [path],
      new ReadCache(),
      { onChange: () => undefined, quietMilliseconds: 250 },
      { clock, random: () => 0.5, openInotify: inotify.open },
    );
    await eventually(() => expect(inotify.opened.length).toBe(1));
    opening.release(false);
    await eventually(() => expect(clock.next).toBe(clock.now() + 2000));
    await clock.advance(2000);
    await eventually(() => expect(inotify.opened.length).toBe(2));
    await watching.close();
  }));

test('safety reads come every five seconds also when each of them waits for a busy machine', () =>
  inFolder(async (folder) => {
    const path = await FILE(folder);
    const clock = new VirtualClock();
    clock.isMachineBusy = true;
    let reads = 0;
    let isSlow = false;
    const findPaths = async () => {
      reads++;
      if (isSlow) await clock.advance(1000);
      return [path];
    };
    const watching = watchFiles(
      findPaths,
      new ReadCache(),
      { onChange: () => undefined, quietMilliseconds: 250 },
      { clock, random: () => 0.5, openInotify: scripted([]).open, timing: { poll: 5000 } },
    );
    await eventually(() => expect(clock.next).toBeDefined());
    isSlow = true;
    for (let read = 0; read < 10; read++) {
      const before = { next: clock.next ?? 0, reads };
      expect(before.next - clock.now()).toBe(5000);
      await clock.advance(5000);
      await eventually(() => expect(clock.next ?? 0).toBeGreaterThan(before.next));
      expect(reads).toBeGreaterThan(before.reads);
    }
    await watching.close();
  }));

describe('when inotify is exhausted', () => {
  test.each([
    ['ENOSPC', 'inotify is exhausted (ENOSPC); raise fs.inotify.max_user_watches'],
    ['EMFILE', 'inotify is exhausted (EMFILE); raise fs.inotify.max_user_instances'],
    ['ENFILE', 'the machine has too many open files (ENFILE); raise fs.file-max'],
    ['EACCES', 'something cannot be watched (EACCES)'],
  ])(
    '(%s) the content is polled every two seconds, and the mode is reported once',
    (code, reason) =>
      inFolder(async (folder) => {
        const path = await FILE(folder);
        const { clock, inotify, modes, watching, reported } = start([path], [code, code, code]);
        await reported(1);
        expect(modes).toEqual([['poll', reason]]);
        await writeFile(path, 'other');
        await clock.advance(2000);
        await reported(2);
        await clock.advance(600_000);
        await eventually(() => expect(inotify.opened.length).toBe(2));
        expect(modes.length).toBe(1);
        await watching.close();
      }),
  );

  test('a limit of the process is told from one of inotify', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { modes, watching, reported } = start([path], ['EMFILE'], { canOpenFile: () => false });
      await reported(1);
      expect(modes).toEqual([
        [
          'poll',
          'the daemon has too many open files (EMFILE); raise its LimitNOFILE, or `ulimit -n`',
        ],
      ]);
      await watching.close();
    }));

  test('it is tried again after ten minutes, and its return is reported', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { clock, inotify, modes, watching, reported, reports } = start(
        [path],
        ['ENOSPC', 'ENOSPC'],
      );
      await reported(1);
      expect(inotify.opened.length).toBe(1);
      await clock.advance(600_000);
      await eventually(() => expect(inotify.opened.length).toBe(2));
      await reported(reports());
      await clock.advance(600_000);
      await eventually(() => expect(inotify.opened.length).toBe(3));
      await eventually(() => expect(modes.map(([mode]) => mode)).toEqual(['poll', 'inotify']));
      await watching.close();
    }));
});

describe('a report', () => {
  test('follows an event after the quiet time, and an event meanwhile leads to another report', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { clock, inotify, watching, reported } = start([path]);
      await reported(1);
      inotify.opened[0]?.onEvent(false);
      await clock.advance(250);
      inotify.opened[0]?.onEvent(false);
      await clock.advance(250);
      await reported(3);
      await watching.close();
    }));

  test('does not wait for watches that move; old ones are heard until new ones are ready', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { clock, inotify, watching, reported, reports } = start([path]);
      await reported(1);
      const moving = inotify.hold();
      await writeFile(`${path}.tmp`, 'other');
      await rename(`${path}.tmp`, path);
      inotify.opened[0]?.onEvent(false);
      await clock.advance(250);
      await eventually(() => expect([reports(), inotify.opened.length]).toEqual([2, 2]));
      expect(inotify.closed()).toBe(0);
      inotify.opened[0]?.onEvent(false);
      await clock.advance(250);
      expect(reports()).toBe(3);
      moving.release();
      await reported(4);
      expect(inotify.closed()).toBe(1);
      await watching.close();
    }));

  test('is read to its end before the watches move', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const clock = new VirtualClock();
      const inotify = scripted([]);
      const reports: (() => void)[] = [];
      const onChange = () => new Promise<void>((resolve) => reports.push(resolve));
      const watching = watchFiles(
        async () => [path],
        new ReadCache(),
        { onChange, quietMilliseconds: 250 },
        { clock, random: () => 0.5, openInotify: inotify.open },
      );
      await eventually(() => expect(reports.length).toBe(1));
      await writeFile(`${path}.tmp`, 'other');
      await rename(`${path}.tmp`, path);
      inotify.opened[0]?.onEvent(false);
      await clock.advance(250);
      expect(reports.length).toBe(2);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(inotify.opened.length).toBe(1);
      reports[1]?.();
      await eventually(() => expect(inotify.opened.length).toBe(2));
      await watching.close();
    }));

  test('does not come after close', () =>
    inFolder(async (folder) => {
      const path = await FILE(folder);
      const { clock, inotify, watching, reported, reports } = start([path]);
      await reported(1);
      inotify.opened[0]?.onEvent(false);
      await watching.close();
      await clock.advance(60_000);
      inotify.opened[0]?.onEvent(true);
      await clock.advance(60_000);
      expect(reports()).toBe(1);
      expect(clock.next).toBeUndefined();
    }));
});

test('a file that is written without end is reported all the same', () =>
  inFolder(async (folder) => {
    const path = await FILE(folder);
    const watching = startWatching([path], { timing: { ceiling: 400 } });
    await watching.until('text');
    let isWriting = true;
    const writer = (async () => {
      for (let count = 0; isWriting; count++) {
        await writeFile(path, `${count}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await writeFile(path, 'last');
    })();
    await eventually(() => expect(watching.seen.length).toBeGreaterThan(3));
    isWriting = false;
    await writer;
    await watching.until('last');
    await watching.close();
  }));

/** Watches with chokidar on the path itself. The safety read must find what that misses. */
const onThePath =
  (path: string, onEvent: () => void): OpenInotify =>
  (_links, _clock, handlers) => {
    const watcher = watch(path, { persistent: false, ignoreInitial: true });
    watcher.on('all', () => {
      onEvent();
      handlers.onEvent(false);
    });
    return {
      ready: new Promise((resolve) => watcher.on('ready', () => resolve(true))),
      close: () => watcher.close(),
    };
  };

test.each(PATTERNS.filter(({ name }) => /kept|a link to the file/.test(name)))(
  'the safety read finds $name, which raises no event on the path itself',
  (pattern) =>
    inFolder(async (folder) => {
      const { paths, first } = await pattern.prepare(folder);
      let events = 0;
      const openInotify = onThePath(paths[0] ?? '', () => events++);
      const watching = startWatching(paths, { openInotify, timing: { safetyRead: 600 } });
      await watching.until(first);
      const last = await pattern.change(folder, 0);
      await watching.until(last);
      expect(events).toBe(0);
      await watching.close();
    }),
);
