import {
  appendFile,
  chmod,
  link,
  mkdir,
  open,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../bench/random.js';

/** A way in which programs and people change a configuration. */
export interface Pattern {
  readonly name: string;
  /** True when no watcher can see the change by events alone. */
  readonly needsSafetyRead?: boolean;
  /** Prepares a folder, and returns the paths to watch and their text. */
  readonly prepare: (
    folder: string,
  ) => Promise<{ readonly paths: readonly string[]; readonly first: string }>;
  /** Makes the change, and returns the text to be seen last. `run` counts from 0. */
  readonly change: (folder: string, run: number) => Promise<string>;
}

const FILE = 'c.yaml';
const OLD = 'old!';
const NEW = 'new!';

type Change = (file: string, run: number, folder: string) => Promise<unknown>;

/** A change of a plain file in a folder. */
function plain(name: string, change: Change, last = NEW): Pattern {
  return {
    name,
    async prepare(folder) {
      await mkdir(join(folder, 'etc'));
      await writeFile(join(folder, 'etc', FILE), OLD);
      return { paths: [join(folder, 'etc', FILE)], first: OLD };
    },
    async change(folder, run) {
      await change(join(folder, 'etc', FILE), run, folder);
      return last;
    },
  };
}

/** Changes the target of a link by renaming a new link over it. */
async function retarget(path: string, target: string): Promise<void> {
  await symlink(target, `${path}.tmp`);
  await rename(`${path}.tmp`, path);
}

/** An update by a kubelet: `c.yaml -> ..data/c.yaml`, `..data -> ..1`, then `..data -> ..2`. */
function projected(name: string, keepsOld: boolean): Pattern {
  return {
    name,
    async prepare(folder) {
      await mkdir(join(folder, '..1'));
      await writeFile(join(folder, '..1', FILE), OLD);
      await symlink('..1', join(folder, '..data'));
      await symlink(join('..data', FILE), join(folder, FILE));
      return { paths: [join(folder, FILE)], first: OLD };
    },
    async change(folder) {
      await mkdir(join(folder, '..2'));
      await writeFile(join(folder, '..2', FILE), NEW);
      await retarget(join(folder, '..data'), '..2');
      if (!keepsOld) await rm(join(folder, '..1'), { recursive: true });
      return NEW;
    },
  };
}

const SAME_TIME = new Date('2026-01-01T00:00:00Z');

export const PATTERNS: readonly Pattern[] = [
  plain('written in place', (file) => writeFile(file, NEW)),
  plain('appended to', (file) => appendFile(file, NEW), OLD + NEW),
  plain('renamed over', async (file) => {
    await writeFile(`${file}.tmp`, NEW);
    await rename(`${file}.tmp`, file);
  }),
  plain('saved as vim does', async (file) => {
    await writeFile(`${file}~.swp`, 'swap');
    await rename(file, `${file}~`);
    await writeFile(file, NEW);
    await chmod(file, 0o644);
    await unlink(`${file}~`);
    await unlink(`${file}~.swp`);
  }),
  plain('removed and created again', async (file, run) => {
    await rm(file);
    await pause(run * 20);
    await writeFile(file, NEW);
  }),
  {
    name: 'absent at the start',
    prepare: async (folder) => ({ paths: [join(folder, FILE)], first: '<ENOENT>' }),
    async change(folder) {
      await writeFile(join(folder, FILE), NEW);
      return NEW;
    },
  },
  {
    name: 'absent at the start with all its folders',
    prepare: async (folder) => ({ paths: [join(folder, 'a', 'b', FILE)], first: '<ENOENT>' }),
    async change(folder, run) {
      await mkdir(join(folder, 'a'));
      await pause(run * 20);
      await mkdir(join(folder, 'a', 'b'));
      await pause(run * 20);
      await writeFile(join(folder, 'a', 'b', FILE), NEW);
      return NEW;
    },
  },
  plain('the same size and the same mtime', async (file) => {
    await utimes(file, SAME_TIME, SAME_TIME);
    await writeFile(`${file}.tmp`, NEW);
    await utimes(`${file}.tmp`, SAME_TIME, SAME_TIME);
    await rename(`${file}.tmp`, file);
  }),
  plain('an older mtime', async (file) => {
    await writeFile(file, NEW);
    await utimes(file, new Date(0), new Date(0));
  }),
  {
    name: 'through a hard link',
    async prepare(folder) {
      await mkdir(join(folder, 'etc'));
      await writeFile(join(folder, 'etc', FILE), OLD);
      await link(join(folder, 'etc', FILE), join(folder, 'other'));
      return { paths: [join(folder, 'etc', FILE)], first: OLD };
    },
    async change(folder) {
      await writeFile(join(folder, 'other'), NEW);
      return NEW;
    },
  },
  {
    name: 'three files renamed over again and again',
    async prepare(folder) {
      const paths = ['a', 'b', 'c'].map((name) => join(folder, name));
      for (const path of paths) await writeFile(path, OLD);
      return { paths, first: [OLD, OLD, OLD].join('|') };
    },
    async change(folder) {
      for (let round = 0; round < 10; round++) {
        for (const name of ['a', 'b', 'c']) {
          await writeFile(join(folder, `${name}.tmp`), `${name}${round}`);
          await rename(join(folder, `${name}.tmp`), join(folder, name));
        }
        await pause(7);
      }
      return 'a9|b9|c9';
    },
  },
  projected('..data swapped, the old folder removed', false),
  projected('..data swapped, the old folder kept', true),
  {
    name: 'a link to the file pointed elsewhere',
    async prepare(folder) {
      await writeFile(join(folder, 'r1'), OLD);
      await writeFile(join(folder, 'r2'), NEW);
      for (const name of ['r1', 'r2']) await utimes(join(folder, name), SAME_TIME, SAME_TIME);
      await symlink('r1', join(folder, FILE));
      return { paths: [join(folder, FILE)], first: OLD };
    },
    async change(folder) {
      await retarget(join(folder, FILE), 'r2');
      return NEW;
    },
  },
  {
    name: 'a link to the release pointed elsewhere, twice, then written there',
    async prepare(folder) {
      for (const name of ['1', '2', '3']) {
        await mkdir(join(folder, 'releases', name), { recursive: true });
        await writeFile(join(folder, 'releases', name, FILE), `${OLD}${name}`);
        await utimes(join(folder, 'releases', name, FILE), SAME_TIME, SAME_TIME);
      }
      await symlink('releases/1', join(folder, 'current'));
      return { paths: [join(folder, 'current', FILE)], first: `${OLD}1` };
    },
    async change(folder, run) {
      await retarget(join(folder, 'current'), 'releases/2');
      await pause(run * 20);
      await retarget(join(folder, 'current'), join(folder, 'releases', '3'));
      await pause(run * 20);
      await writeFile(join(folder, 'releases', '3', FILE), NEW);
      return NEW;
    },
  },
  plain('its folder removed and created again', async (file, run, folder) => {
    await rm(join(folder, 'etc'), { recursive: true });
    await pause(run * 20);
    await mkdir(join(folder, 'etc'));
    await pause(run * 10);
    await writeFile(file, NEW);
  }),
  plain('its folder swapped by two renames, then written there', async (file, run, folder) => {
    await mkdir(join(folder, 'next'));
    await writeFile(join(folder, 'next', FILE), 'between');
    await rename(join(folder, 'etc'), join(folder, 'before'));
    await pause(run * 20);
    await rename(join(folder, 'next'), join(folder, 'etc'));
    await pause(run * 20);
    await writeFile(file, NEW);
  }),
  plain('its folder renamed away and made anew at once', async (file, run, folder) => {
    for (let round = 0; round < 3; round++) {
      await rename(join(folder, 'etc'), join(folder, `before${round}`));
      await mkdir(join(folder, 'etc'));
      await writeFile(`${file}.tmp`, round < 2 ? `${round}` : NEW);
      await rename(`${file}.tmp`, file);
      await pause(run * 12);
    }
  }),
  {
    // A folder that goes and comes back while it is being watched leaves a watch on nothing.
    needsSafetyRead: true,
    ...plain(
      'its folder replaced, removed, and renamed away and back at random',
      async (file, run) => {
        const folder = dirname(file);
        const { below, pick } = seededRandom(`${run}`);
        const maybePause = async (): Promise<void> => {
          const milliseconds = pick([0, 0, below(15), below(300)]);
          if (milliseconds > 0) await pause(milliseconds);
        };
        const away = `${folder}.away`;
        const steps: readonly (() => Promise<unknown>)[] = [
          () => rename(folder, away),
          () => rename(away, folder),
          () => rm(folder, { recursive: true, force: true }),
          () => rm(away, { recursive: true, force: true }),
          () => rm(file, { force: true }),
          () => mkdir(folder),
          () => writeFile(file, 'between'),
        ];
        for (let step = 0; step < 30; step++) {
          // Many steps fail: there is nothing to rename or to remove, or something is in the way.
          await pick(steps)().catch(() => undefined);
          await maybePause();
        }
        await mkdir(folder, { recursive: true });
        await writeFile(`${file}.tmp`, NEW);
        await rename(`${file}.tmp`, file);
      },
    ),
  },
  plain('written twice, 1 to 45 ms apart', async (file, run) => {
    await writeFile(file, 'first');
    await pause(1 + (run % 25) * 1.8);
    await writeFile(file, NEW);
  }),
  plain('truncated, and written 300 ms later', async (file) => {
    await truncate(file);
    await pause(300);
    await writeFile(file, NEW);
  }),
  plain('renamed over 200 times in a second', async (file) => {
    for (let round = 0; round < 200; round++) {
      await writeFile(`${file}.tmp`, round < 199 ? `${round}` : NEW);
      await rename(`${file}.tmp`, file);
      if (round % 4 === 0) await pause(15);
    }
  }),
  plain('made unreadable, then written', async (file) => {
    await chmod(file, 0o000);
    await pause(10);
    const handle = await open(file, 'r+');
    await handle.writeFile(NEW);
    await handle.close();
    await chmod(file, 0o600);
  }),
  {
    name: 'a file more in a folder, one less, one changed',
    async prepare(folder) {
      await mkdir(join(folder, 'conf.d'));
      for (const name of ['1.yaml', '2.yaml']) await writeFile(join(folder, 'conf.d', name), name);
      return { paths: [join(folder, 'conf.d')], first: '1.yaml|2.yaml' };
    },
    async change(folder, run) {
      await writeFile(join(folder, 'conf.d', '3.json'), '3');
      await pause(run * 15);
      await rm(join(folder, 'conf.d', '1.yaml'));
      await pause(run * 15);
      await writeFile(join(folder, 'conf.d', '2.yaml'), NEW);
      return `${NEW}|3`;
    },
  },
  {
    name: 'a folder of links that a kubelet swaps',
    async prepare(folder) {
      const { paths } = await projected('', true).prepare(folder);
      return { paths: paths.map(() => folder), first: OLD };
    },
    change: (folder, run) => projected('', true).change(folder, run),
  },
];
