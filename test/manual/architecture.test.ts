import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LAYERS } from '../architecture/layers.ts';
import { readDocument, root, section } from './documents.ts';

const architecture = readDocument('ARCHITECTURE.md');

/** Layers that are no rooms: a file or data. */
const NO_ROOMS = ['errors', 'schemas', 'library'];

const namesIn = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');

/** The rows of the table of rooms: a room, and the rooms that it may import. */
function rooms(): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const rows = section(architecture, '## Rooms').matchAll(/^\| `(\w+)` \| .* \| (.*) \|$/gm);
  for (const [, room = '', allowed = ''] of rows) {
    const isAll = allowed === 'everything' || allowed.startsWith('all of the above');
    const named = namesIn(allowed);
    found.set(room, isAll ? [...found.keys()].filter((name) => !named.includes(name)) : named);
  }
  return found;
}

describe('ARCHITECTURE.md', () => {
  it('has the rooms and the imports that the tests of the architecture enforce', () => {
    const enforced = Object.entries(LAYERS).filter(([name]) => !NO_ROOMS.includes(name));
    const expected = enforced.map(([name, { layers }]) => {
      const allowed = layers === 'all' ? [] : layers.filter((layer) => !NO_ROOMS.includes(layer));
      return [name, [...allowed].sort()] as const;
    });
    const actual = [...rooms()].map(([name, allowed]) => [name, [...allowed].sort()] as const);
    expect(new Map(actual)).toEqual(new Map(expected));
  });

  it('has a section for each promise of the README, in the same order', () => {
    const promises = section(readDocument('README.md'), '## Promises, in order');
    const promised = [...promises.matchAll(/^\d\. \*\*(.*?)\.?\*\*/gm)].map(([, name]) => name);
    const part = section(architecture, '## The promises, and the tests that hold them');
    expect([...part.matchAll(/^### (.*)$/gm)].map(([, name]) => name)).toEqual(promised);
    for (const each of part.split(/^### /m).slice(1)) expect(each).toMatch(/^- `test\//m);
  });

  it('names only wrappers around the kernel that the source has', () => {
    const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => name.endsWith('.ts'));
    const source = files.map((name) => readDocument(`src/${name}`)).join('\n');
    const list = section(architecture, '## Between a command and the kernel');
    const wrappers = [...list.matchAll(/^\d\. `(\w+)`/gm)].map(([, name]) => name ?? '');
    const isDeclared = (name: string): boolean =>
      new RegExp(`export (?:async )?(?:function|class) ${name}\\b`).test(source);
    expect(wrappers.length).toBeGreaterThan(3);
    expect(wrappers.filter((name) => !isDeclared(name))).toEqual([]);
  });
});
