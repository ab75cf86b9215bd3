import { describe, expect, test } from 'vitest';
import { importCycles } from './cycles.ts';
import { layerViolations } from './layers.ts';
import { readTree } from './tree.ts';

const tree = (files: Readonly<Record<string, string>>) => new Map(Object.entries(files));
const src = readTree('src', (path) => /\.[jt]s$/.test(path));

test('the rules read the whole source', () => {
  expect(src.size).toBeGreaterThan(40);
  expect([...src.keys()]).toContain('src/model/address.ts');
});

describe('the rule for layers:', () => {
  test('every import in src is allowed in its layer', () => {
    expect(layerViolations(src)).toEqual([]);
  });

  test.each([
    ['src/model/a.ts', "import { b } from '../plan/b.ts';", 'model may not import src/plan/b.ts'],
    [
      'src/plan/a.ts',
      "import type { b } from '../render/b.ts';",
      'plan may not import src/render/b.ts',
    ],
    [
      'src/reconcile/a.ts',
      "export * from '../kernel/a.ts';",
      'reconcile may not import src/kernel/a.ts',
    ],
    ['src/daemon/a.ts', "import { b } from '../cli/b.ts';", 'daemon may not import src/cli/b.ts'],
    [
      'src/recovery/a.ts',
      "import type { B } from '../cli/b.ts';",
      'recovery may not import src/cli/b.ts',
    ],
    [
      'src/sources/a.ts',
      "const b = await import('../plan/b.ts');",
      'sources may not import src/plan/b.ts',
    ],
    ['src/render/a.ts', "import { readFileSync } from 'node:fs';", 'render may not import node:fs'],
    [
      'src/config/a.ts',
      "import pad from '@scope/left-pad/sub';",
      'config may not import @scope/left-pad/sub',
    ],
    [
      'src/kernel/netlink/client.ts',
      "const a = await import('netlink');",
      'only src/kernel/netlink/socket.ts may import netlink',
    ],
    [
      'src/cli/main.ts',
      "import type { Socket } from 'netlink/dist/raw.js';",
      'only src/kernel/netlink/socket.ts may import netlink/dist/raw.js',
    ],
    [
      'src/kernel/netlink/socket.ts',
      "import { createRtNetlink } from 'netlink';",
      'netlink must be loaded when first needed',
    ],
    ['src/model/a.ts', "import { b } from './b';", './b lacks its extension'],
    ['src/stuff/a.ts', '', 'src/stuff/a.ts belongs to no layer'],
  ])('%s is refused: %s', (path, source, message) => {
    expect(layerViolations(tree({ [path]: source })).join('\n')).toContain(message);
  });

  test('a layer may import itself, the layers below it and its packages', () => {
    const fine = tree({
      'src/config/a.ts':
        "import { parseDocument } from 'yaml'; import { b } from './b.ts'; import type { C } from '../model/c.ts';",
      'src/kernel/netlink/socket.ts':
        "const { RawNetlinkSocket } = await import('netlink/dist/raw.js');",
      'src/cli/main.ts':
        "import { readFile } from 'node:fs/promises'; import { a } from '../config/a.ts';",
    });
    expect(layerViolations(fine)).toEqual([]);
  });
});

describe('the rule for cycles:', () => {
  test('no file of src imports itself, directly or through others', () => {
    expect(importCycles(src)).toEqual([]);
  });

  test('a cycle is found through re-exports and dynamic imports', () => {
    const round = tree({
      'src/model/a.ts': "import { b } from './b.ts';",
      'src/model/b.ts': "export * from './c.ts';",
      'src/model/c.ts': "const a = () => import('./a.ts');",
      'src/model/d.ts': "import { a } from './a.ts';",
    });
    expect(importCycles(round)).toEqual([
      'src/model/a.ts -> src/model/b.ts -> src/model/c.ts -> src/model/a.ts',
    ]);
  });

  test('an import of a type makes no cycle', () => {
    const types = tree({
      'src/model/a.ts': "import { b } from './b.ts';",
      'src/model/b.ts': "import type { A } from './a.ts';",
    });
    expect(importCycles(types)).toEqual([]);
  });
});
