import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBlocks } from './blocks.ts';
import { DOCUMENTS, EXECUTED, optionsIn, PAGES, prose, readDocument, root } from './documents.ts';
import { frontEndOptions, optionsOf, verbs } from './program-help.ts';

/** Options that belong to other programs, or that a text says do not exist. */
const FOREIGN_OPTIONS = [
  ...['--global', '--help', '--force', '--version', '--weight'],
  ...['--now', '--ignore-missing', '--no-overwrite-dir'],
];

/** Documents whose relative links must lead to a file. */
const LINKED = [
  ...DOCUMENTS,
  'CHANGELOG.md',
  'README.zh-CN.md',
  'src/manual/zh_CN/ipvsadm.md',
  ...exampleTexts(),
];

function exampleTexts(): string[] {
  const names = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.md')).map((name) => `examples/${name}`);
}

describe('the README', () => {
  const readme = readDocument('README.md');

  it('has at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  it('names the demo and the tests', () => {
    expect(readme).toContain('npm run demo');
    expect(readme).toContain('npm test');
  });

  it('links to every page of the manual', () => {
    expect(PAGES.filter((page) => !readme.includes(`](${page})`))).toEqual([]);
  });

  it('has each verb of the program in its table', async () => {
    const cells = [...readme.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
    const listed = cells.flatMap((cell) =>
      [...cell.matchAll(/`([a-z]+)`/g)].map(([, verb]) => verb),
    );
    expect(listed.sort()).toEqual((await verbs()).sort());
  });
});

describe.each(EXECUTED)('%s', (path) => {
  const text = readDocument(path);

  it('names only verbs and options that the program has', async () => {
    const own = path === 'src/manual/ipvsadm.md' ? frontEndOptions() : await optionsOf();
    const known = [...own, ...FOREIGN_OPTIONS];
    expect(optionsIn(text).filter((option) => !known.includes(option))).toEqual([]);
    const used = [...text.matchAll(/(?:`|^\$ |^)ipvstate ([a-z]+)/gm)].map(
      ([, verb]) => verb ?? '',
    );
    const existing = await verbs();
    expect(used.filter((verb) => !existing.includes(verb))).toEqual([]);
  });

  it('gives no verb an option that this verb does not have', async () => {
    const blocks = readBlocks(text).filter(
      ({ language }) => language === 'sh' || language === 'console',
    );
    for (const line of blocks.flatMap(({ text: block }) => block.split('\n'))) {
      const [, verb, rest = ''] = /^(?:\$ )?ipvstate ([a-z]+)([^#|&;]*)/.exec(line) ?? [];
      if (verb === undefined || verb === 'ipvsadm') continue;
      const own = await optionsOf(verb);
      expect(
        optionsIn(rest).filter((option) => !own.includes(option)),
        line,
      ).toEqual([]);
    }
  });
});

describe.each(DOCUMENTS)('%s', (path) => {
  const text = readDocument(path);

  it('has no line of more than 100 columns', () => {
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('names only files of this project that exist', () => {
    const named = [...prose(text).matchAll(/`((?:src|test|examples|\.ci)\/[^`\s]+)`/g)];
    const paths = named.map(([, name = '']) => name).filter((name) => !name.includes('NAME'));
    expect(paths.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readDocument('package.json'));
    const used = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(used.filter((name) => !(`${name}` in scripts))).toEqual([]);
  });
});

describe.each(LINKED)('%s', (path) => {
  it('links only to files and headings that exist', () => {
    const links = [...readDocument(path).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
      ([, target = '']) => target,
    );
    const broken = links.filter((link) => {
      const [target = '', anchor] = link.split('#');
      const file = target === '' ? path : join(dirname(path), target);
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(readDocument(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

/** The anchors that GitHub gives the headings of a text. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
