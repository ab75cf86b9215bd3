import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeOfPath } from '../../src/sources/files/paths.ts';
import { followConfiguration } from '../../src/sources/follow.ts';
import { load, readDocuments } from '../../src/sources/load.ts';
import { loadForNodes } from '../../src/sources/load-nodes.ts';
import { openSources } from '../../src/sources/sources.ts';
import { inFolder } from './watching.ts';

const stdin = () => {
  throw new Error('stdin is not read');
};

const file = (...services: readonly string[]): string =>
  JSON.stringify({
    version: 1,
    services: services.map((address) => ({ address, destinations: ['10.0.0.1'] })),
  });

const COMMON = file('tcp://192.0.2.1:80');
const OF_LB1 = file('tcp://192.0.2.2:80');
const OF_LB2 = file('tcp://192.0.2.3:80');

async function inTree(
  tree: Readonly<Record<string, string>>,
  run: (folder: string, write: (name: string, text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const write = async (name: string, text: string) => {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    };
    for (const [name, text] of Object.entries(tree)) await write(name, text);
    await run(folder, write);
  });
}

const FLEET = {
  'common.json': COMMON,
  'nodes/lb1/own.json': OF_LB1,
  'nodes/lb2/own.json': OF_LB2,
  'nodes/README.md': 'One folder for each director.',
  'nodes/.git/config.json': '{}',
};

const keysFor = async (folder: string, node: string): Promise<string[]> => {
  const { desired } = await load([folder], stdin, { node });
  return [...(desired?.services.keys() ?? [])];
};

describe('a folder with a folder for each node', () => {
  test('is read for a node with its files after those for all nodes', () =>
    inTree(FLEET, async (folder) => {
      const { files } = await load([folder], stdin, { node: 'lb1' });
      expect(files).toEqual(['common.json', 'nodes/lb1/own.json'].map((f) => join(folder, f)));
      expect(await keysFor(folder, 'lb2')).toEqual(['tcp://192.0.2.1:80', 'tcp://192.0.2.3:80']);
      expect(await keysFor(folder, 'lb3')).toEqual(['tcp://192.0.2.1:80']);
    }));

  test('is refused at each of its files when no node is named', () =>
    inTree(FLEET, async (folder) => {
      const { desired, issues } = await load([folder], stdin);
      expect(desired).toBeUndefined();
      expect(issues.map(({ code, position, hint }) => [code, position.file, hint])).toEqual(
        ['lb1', 'lb2'].map((node) => [
          'NODE',
          join(folder, `nodes/${node}/own.json`),
          expect.stringContaining('--node NAME'),
        ]),
      );
    }));

  test('needs no file for all nodes', () =>
    inTree({ 'nodes/lb1/own.json': OF_LB1 }, async (folder) => {
      expect(await keysFor(folder, 'lb1')).toEqual(['tcp://192.0.2.2:80']);
      // No file at all is never an empty table.
      await expect(load([folder], stdin, { node: 'lb2' })).rejects.toMatchObject({
        code: 'NO_INPUT',
      });
    }));

  test('does not hold a node up by the files of another one', () =>
    inTree({ ...FLEET, 'nodes/lb2/own.json': 'no: configuration' }, async (folder) => {
      expect(await keysFor(folder, 'lb1')).toHaveLength(2);
    }));

  test.each(['nodes/lb1.json', 'nodes/l b/own.json'])('is refused with %s', (name) =>
    inTree({ 'common.json': COMMON, [name]: OF_LB1 }, async (folder) => {
      const place = name.replace('/own.json', '');
      await expect(load([folder], stdin)).rejects.toMatchObject({
        code: 'CONFIG',
        message: `${join(folder, place)} is for no node`,
      });
    }),
  );

  test.each(['nodes', 'nodes/lb1'])('is an error, never empty, when %s cannot be listed', (name) =>
    inTree({ 'common.json': COMMON, ...(name !== 'nodes' && FLEET) }, async (folder) => {
      await rm(join(folder, name), { recursive: true, force: true });
      await symlink(name.split('/').at(-1) ?? '', join(folder, name));
      await expect(load([folder], stdin, { node: 'lb1' })).rejects.toMatchObject({
        code: 'NO_INPUT',
        message: expect.stringContaining(join(folder, name)),
      });
    }),
  );

  test('has the files of one node under each path that a person can name', () =>
    inTree(FLEET, async (folder) => {
      const paths = ['nodes/lb2', 'nodes/lb2/', 'nodes/lb2/own.json', 'nodes/../nodes/lb2'];
      for (const path of paths.map((each) => `${folder}/${each}`)) {
        await expect(load([path], stdin, { node: 'lb1' })).rejects.toMatchObject({
          code: 'NO_INPUT',
          message: `${path} has no file for lb1`,
          hint: expect.stringContaining('files for lb2'),
        });
        expect((await load([path], stdin)).issues).toMatchObject([{ code: 'NODE' }]);
        const { desired } = await load([path], stdin, { node: 'lb2' });
        expect([...(desired?.services.keys() ?? [])]).toEqual(['tcp://192.0.2.3:80']);
      }
      const all = [`${folder}/common.json`, `${folder}/nodes/lb1`, `${folder}/nodes/lb2/own.json`];
      expect((await load(all, stdin, { node: 'lb1' })).desired?.services.size).toBe(2);
    }));

  test('has the files of one node when a person is in the folder of that node', () =>
    inTree(FLEET, async (folder) => {
      const { cwd } = process;
      process.cwd = () => join(folder, 'nodes/lb2');
      onTestFinished(() => {
        process.cwd = cwd;
      });
      expect(nodeOfPath('.', true)).toBe('lb2');
      expect(nodeOfPath('own.json', false)).toBe('lb2');
      expect(nodeOfPath('..', true)).toBeUndefined();
    }));

  test.each(['nodes', 'nodes/lb2/deeper', 'other/lb2', 'lb2', 'nodes/l b'])(
    'has files for all nodes in %s',
    (path) => {
      expect(nodeOfPath(`/etc/${path}`, true)).toBeUndefined();
      expect(nodeOfPath(`/etc/${path}/a.yaml`, false)).toBeUndefined();
    },
  );

  test('that a daemon follows tells it of the files of its node', () =>
    inTree({ 'common.json': COMMON }, async (folder, write) => {
      const configuration = followConfiguration([folder], 'lb1');
      let seen = '';
      let wake = () => {};
      // A file may be removed between the look into its folder and the read of the file.
      const load = (): ReturnType<typeof configuration.load> => configuration.load().catch(load);
      const watch = await configuration.watch({
        quietMilliseconds: 20,
        onChange: async () => {
          const { desired } = await load();
          seen = [...(desired?.services.keys() ?? [])].join(' ');
          wake();
        },
      });
      const until = async (text: string) => {
        while (seen !== text) await new Promise<void>((resolve) => (wake = resolve));
      };
      await until('tcp://192.0.2.1:80');
      await write('nodes/lb2/own.json', OF_LB2);
      await write('nodes/lb1/own.json', OF_LB1);
      await until('tcp://192.0.2.1:80 tcp://192.0.2.2:80');
      await rm(join(folder, 'nodes'), { recursive: true });
      await until('tcp://192.0.2.1:80');
      await watch.close();
    }));
});

describe('a node that no file names', () => {
  const LISTS = `version: 1
services: []
timeouts: { nodes: [lb3, "site-*"], udp: 9 }
`;

  test.each([
    ['lb01', 'did you mean lb1? lb01 has only what is for all nodes'],
    ['l1', 'did you mean lb1? l1 has only what is for all nodes'],
    ['backup', 'backup has only what is for all nodes'],
  ])('is a warning with the nearest names for %s', (node, hint) =>
    inTree({ ...FLEET, 'lists.yaml': LISTS }, async (folder) => {
      const warning = {
        code: 'NODE',
        severity: 'warning',
        message: `${node} is none of the nodes that the files name: lb1, lb2, lb3, site-*`,
        position: { file: join(folder, 'lists.yaml'), line: 3, column: 21 },
        hint,
      };
      expect((await load([folder], stdin, { node })).issues).toEqual([warning]);
      const followed = followConfiguration([folder], node);
      expect((await followed.load()).issues).toEqual([warning]);
    }),
  );

  test.each(['lb1', 'lb3', 'site-7', 'lb4', 'lb12'])(
    'is not %s, which has a folder, is in a list, or is one more of a series',
    (node) =>
      inTree({ ...FLEET, 'lists.yaml': LISTS }, async (folder) => {
        expect((await load([folder], stdin, { node })).issues).toEqual([]);
      }),
  );

  test('is no warning where the files name no node', () =>
    inTree({ 'common.json': COMMON }, async (folder) => {
      expect((await load([folder], stdin, { node: 'lb1' })).issues).toEqual([]);
    }));
});

describe('a configuration that is loaded for every node', () => {
  const loadAll = (folder: string) =>
    readDocuments(openSources([folder], stdin)).then((documents) => loadForNodes(documents, {}));

  test('names no node when nothing differs between nodes', () =>
    inTree({ 'common.json': COMMON }, async (folder) => {
      expect(await loadAll(folder)).toMatchObject({ nodes: [''], issues: [] });
    }));

  test('is read for each node with a folder or a name in a list, and for any other', () =>
    inTree(
      { ...FLEET, 'lists.yaml': 'version: 1\nservices: []\ntimeouts: { nodes: [lb3], udp: 9 }\n' },
      async (folder) => {
        const { nodes, desired } = await loadAll(folder);
        expect(nodes).toEqual(['lb1', 'lb2', 'lb3', '']);
        expect(nodes.map((node) => desired.get(node)?.services.size)).toEqual([2, 2, 1, 1]);
        expect(desired.get('lb3')?.timeouts).toEqual({ udp: 9 });
      },
    ));

  test('says which nodes have a problem that others do not have', () =>
    inTree({ ...FLEET, 'nodes/lb2/twice.json': COMMON }, async (folder) => {
      const { issues } = await loadAll(folder);
      expect(issues).toMatchObject([
        { code: 'DUPLICATE', nodes: ['lb2'], message: expect.stringContaining('in two files') },
      ]);
    }));

  test('warns of a pattern that matches no node, and reads what it is for', () =>
    inTree(
      {
        ...FLEET,
        'lists.yaml': `version: 1
services:
  - { address: tcp://192.0.2.9:80, nodes: ["site-*"], destinations: [10.0.0.300] }
  - { address: tcp://192.0.2.8:80, nodes: ["lb*", "*"], destinations: [10.0.0.1] }
`,
      },
      async (folder) => {
        const { issues } = await loadAll(folder);
        expect(issues).toMatchObject([
          { code: 'ADDRESS', nodes: ['site-*'] },
          { code: 'NODE', severity: 'warning', message: expect.stringMatching(/^site-\* matches/) },
        ]);
      },
    ));
});
