import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/daemon/http/metrics.ts';
import { formatPage } from '../../src/render/page.ts';
import { readBlocks } from './blocks.ts';
import { optionsIn, PAGES, prose, readDocument, root, section } from './documents.ts';
import { optionsOf, verbs } from './program-help.ts';

describe.each(PAGES)('%s', (path) => {
  const text = readDocument(path);

  it('begins with a title and a summary of one sentence that fits into a list of topics', () => {
    const [title = '', summary = ''] = text.split('\n\n');
    expect(title).toMatch(/^# [A-Z]/);
    expect(summary).toMatch(/^[A-Z][^.\n]*(?:\.\S[^.\n]*)*\.$/);
    expect(summary.length).toBeLessThanOrEqual(58);
  });

  it('fits into a terminal of 80 columns, without marks of links and strong text', () => {
    const lines = formatPage(prose(text)).split('\n');
    expect(lines.filter((line) => line.length > 79)).toEqual([]);
    expect(lines.filter((line) => /\]\(|\*\*/.test(line))).toEqual([]);
  });

  it('uses only the Markdown that terminals and man pages can show', () => {
    const lines = prose(text).split('\n');
    const known =
      /^(?:|#{1,3} \S.*|- \S.*|\d+\. \S.*| {2,3}\S.*|<!-- file: \S+ -->|[^\s|>#*+-].*)$/;
    expect(lines.filter((line) => !known.test(line))).toEqual([]);
  });
});

it('the page of health checks fits into 80 columns with its examples', () => {
  const lines = formatPage(readDocument('src/manual/health-checks.md')).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

describe('the configuration page', () => {
  const page = readDocument('src/manual/configuration.md');
  const schema = JSON.parse(readDocument('schemas/config.schema.json'));

  /** The keys of a schema and of everything in it, whatever they belong to. */
  function keysOf(node: unknown): string[] {
    if (Array.isArray(node)) return node.flatMap(keysOf);
    if (typeof node !== 'object' || node === null) return [];
    return Object.entries(node).flatMap(([key, value]) =>
      key === 'properties'
        ? [...Object.keys(value), ...keysOf(Object.values(value))]
        : ['examples', 'enum'].includes(key)
          ? []
          : keysOf(value),
    );
  }

  const described = (text: string): string[] =>
    [...text.matchAll(/^- ((?:`[a-z_]+`(?:, )?)+)/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(.*?)`/g)].map(([, name]) => name ?? ''),
    );

  it('describes every key of the schema, and no other', () => {
    expect([...new Set(described(page))].filter((key) => key !== 'pool').sort()).toEqual(
      [...new Set(keysOf(schema))].filter((key) => key !== 'pool').sort(),
    );
    expect(page).toContain('`pool`');
  });

  it('has every limit of the schema', () => {
    const limits = [...readDocument('schemas/config.schema.json').matchAll(/"maximum": (\d+)/g)];
    const shown = new Set(limits.map(([, limit]) => (limit === '2678400' ? '31 days' : limit)));
    expect(shown.size).toBeGreaterThan(5);
    expect([...shown].filter((limit) => !page.includes(`${limit}`))).toEqual([]);
  });

  it.each([
    ['## Top level', schema.properties],
    ['## `services`', schema.properties.services.items.properties],
    ['## `destinations`', schema.definitions.member.properties],
    ['## `timeouts`', schema.properties.timeouts.properties],
    ['## `sync_daemons`', schema.properties.sync_daemons.items.properties],
    ['## `sysctls`', schema.properties.sysctls.properties],
    ['### Sysctls of newer kernels', schema.properties.sysctls.properties.values.properties],
    ['## `limits`', schema.properties.limits.properties],
    ['### `tunnel`', schema.definitions.tunnel.properties],
  ])('describes under "%s" the keys that belong there', (heading, properties) => {
    const own = section(page, heading).split(/^### /m)[0] ?? '';
    expect(described(own).sort()).toEqual(Object.keys(properties).sort());
  });
});

describe('the command-line page', () => {
  const page = readDocument('src/manual/command-line.md');

  it('describes every verb, and no other', async () => {
    const listed = [...section(page, '## Verbs').matchAll(/^- `([a-z]+)/gm)].map(
      ([, verb]) => verb,
    );
    expect(listed.sort()).toEqual((await verbs()).sort());
  });

  it('names every option of every verb', async () => {
    const named = optionsIn(page);
    expect((await optionsOf()).filter((option) => !named.includes(option))).toEqual([]);
  });
});

describe('the daemon page', () => {
  it('describes every metric of the daemon, and no other', () => {
    const neverCalled = (): never => {
      throw new Error('nothing is scraped');
    };
    const { registry } = createMetrics('1.0.0', neverCalled, []);
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    const list = section(readDocument('src/manual/daemon.md'), '## Metrics');
    const items = [...list.matchAll(/^- ((?:`\w+`(?:, )?)+)/gm)].map(([, item = '']) => item);
    const described = items.flatMap((item) => [...item.matchAll(/`(.*?)`/g)]);
    expect(described.map(([, name]) => name).sort()).toEqual(names.sort());
  });
});

describe('the library page', () => {
  it('names only what the library exports', async () => {
    const names = Object.keys(await import(join(root, 'dist/index.js')));
    const page = readDocument('src/manual/library.md');
    const [program] = readBlocks(page);
    const used = [
      ...prose(page).matchAll(
        /`((?:parse|format|open|prepare|execute|reconcile|merge)[A-Z]?\w*)`/g,
      ),
    ].map(([, name]) => name ?? '');
    expect(program?.file).toBe('library.ts');
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
  });
});
