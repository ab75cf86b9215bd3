import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGES, readDocument, root } from './documents.ts';

interface ManPages {
  readonly formatRoff: (markdown: string) => string;
  readonly manPages: (root: string) => {
    readonly english: ReadonlyMap<string, string>;
    readonly translated: ReadonlyMap<string, string>;
  };
}

const { formatRoff, manPages }: ManPages = await import(join(root, '.ci/man-pages.js'));

describe('Markdown as roff', () => {
  it('turns the headings of a page into sections and subsections', () => {
    expect(formatRoff('# A page\n\nText.\n\n## `key` part\n\n### Detail\n\nMore.\n')).toBe(
      '.SH "A PAGE"\nText.\n.SS "key part"\n.B "Detail"\n.PP\nMore.\n',
    );
  });

  it('shows code and strong text in bold, and links as their text', () => {
    expect(formatRoff('Run `a -b`, **now**, as [told](there.md).\n')).toBe(
      '.PP\nRun \\fBa \\-b\\fP, \\fBnow\\fP, as told.\n',
    );
  });

  it('numbers the items of an ordered list, and marks those of any other list', () => {
    expect(formatRoff('- one\n  more\n- two\n')).toBe('.IP \\(bu 2\none\nmore\n.IP \\(bu 2\ntwo\n');
    expect(formatRoff('1. one\n2. two\n')).toBe('.IP 1. 3\none\n.IP 2. 3\ntwo\n');
  });

  it('keeps blocks of code as they are, below the name of their file', () => {
    expect(formatRoff('<!-- file: a.yaml -->\n```yaml\na: 1\n\n  b\n```\n')).toBe(
      '.PP\na.yaml:\n.PP\n.RS 4\n.EX\na: 1\n\n  b\n.EE\n.RE\n',
    );
  });

  it('begins wide blocks of code at the edge, so that they fit 80 columns', () => {
    const wide = 'x'.repeat(69);
    expect(formatRoff(`\`\`\`\n${wide}\n\`\`\`\n`)).toBe(`.PP\n.in 0\n.EX\n${wide}\n.EE\n.in\n`);
  });

  it('escapes what roff would replace or take for a request', () => {
    const roff = formatRoff("It's ~1 \\ 2^3.\n.TH is no request\n");
    expect(roff).toBe('.PP\nIt\\(aqs \\(ti1 \\e 2\\(ha3.\n\\&.TH is no request\n');
    expect(formatRoff('```\n.SH `x`\n```\n')).toContain('\n\\&.SH \\(gax\\(ga\n');
    expect(formatRoff('## Say "x"\n')).toBe('.SS "Say \\(dqx\\(dq"\n');
  });

  it.each([
    '| a |\n|---|\n| b |\n',
    '> quoted\n',
    '- a\n  - b\n',
    '![image](a.png)\n',
    '<b>bold</b>\n',
  ])('refuses Markdown that it cannot show: %j', (markdown) => {
    expect(() => formatRoff(markdown)).toThrow();
  });
});

describe('the man pages', () => {
  const { english: pages, translated } = manPages(root);
  const all = [...pages, ...translated];

  it('are those that package.json installs, and are in the build', () => {
    const { man } = JSON.parse(readDocument('package.json'));
    expect([...pages.keys()].map((name) => `./dist/man/${name}`)).toEqual(man);
    for (const [name, text] of all) {
      expect(readFileSync(join(root, 'dist/man', name), 'utf8'), name).toBe(text);
    }
  });

  it('are the same text whenever they are built', () => {
    expect(manPages(root)).toEqual({ english: pages, translated });
  });

  it('are one for each page of the manual, and name all others', () => {
    const texts = [...pages.values()];
    expect(texts).toHaveLength(PAGES.length);
    for (const page of PAGES) {
      const roff = formatRoff(readDocument(page));
      expect(texts.filter((text) => text.includes(roff))).toHaveLength(1);
    }
    const names = [...pages.keys()].map((name) => name.replace(/\.(\d)$/, '($1)'));
    for (const [name, text] of pages) {
      const [, listed = ''] = text.split('.SH "SEE ALSO"\n');
      const own = name.replace(/\.(\d)$/, '($1)');
      const plain = listed.replaceAll('\\%', '').replaceAll('\\-', '-').trimEnd().split(', ');
      expect(plain).toEqual(expect.arrayContaining(names.filter((other) => other !== own)));
      expect(plain).not.toContain(own);
    }
  });

  it.each(all)('%s has a name, a synopsis and only known requests and escapes', (_, text) => {
    expect(text).toMatch(
      /^\.TH "IPVSTATE\S*" [578] "[\d-]*" "ipvstate \d+\.\d+\.\d+"\n\.nr HY 0\n\.nh\n\.ds AD l\n\.ad l\n\.SH (?:NAME|名称)\nipvstate/,
    );
    expect(text).toMatch(/\n\.SH (?:SYNOPSIS|概要)\n\.B "/);
    const requests = [...text.matchAll(/^[.'](\w*)/gm)].map(([, name]) => name);
    const known = [
      ...['TH', 'nr', 'nh', 'ds', 'ad', 'SH', 'SS', 'PP', 'IP', 'B', 'br'],
      ...['RS', 'RE', 'EX', 'EE', 'in'],
    ];
    expect(requests.filter((name) => !known.includes(name ?? ''))).toEqual([]);
    const escapes = [...text.matchAll(/\\(?:[-e&%:]|f[BIP]|\((?:bu|ga|aq|ha|ti|dq)|(.{0,3}))/g)];
    expect(escapes.filter(([, other]) => other !== undefined).map(([found]) => found)).toEqual([]);
    const count = (request: string): number => requests.filter((name) => name === request).length;
    expect(count('RS')).toBe(count('RE'));
    expect(count('EX')).toBe(count('EE'));
  });

  const isChecked = spawnSync('mandoc', ['-Tlint', '/dev/null']).error === undefined;
  const note = isChecked ? '' : ' (skipped: mandoc is not installed)';
  it.skipIf(!isChecked).each(all)(`%s has no error that mandoc finds${note}`, (_, input) => {
    const { stdout, stderr } = spawnSync('mandoc', ['-Tlint', '-W', 'warning'], {
      ...{ input, encoding: 'utf8' },
    });
    // The date is that of the release.
    const found = `${stdout}${stderr}`.split('\n').filter((line) => !/^$|missing date/.test(line));
    expect(found).toEqual([]);
  });

  it('in Chinese can break lines between any two characters, but not before a comma', () => {
    expect([...translated.keys()]).toEqual(['zh_CN/man8/ipvstate-ipvsadm.8']);
    const [text = ''] = translated.values();
    expect(text).toContain(
      '\n\\fB\\-L\\fP, \\fB\\-l\\fP, \\fB\\-\\-list\\fP: 列\\:出\\:所\\:有\\:',
    );
    expect(text).not.toMatch(/\\:[，。；：、）]/);
    // A line break of the source would be a blank within a sentence.
    expect(text).not.toMatch(/^[^.\n].*[，。；：、]\n[^.]/m);
  });

  it.each([...pages])('%s has only characters that every terminal can show', (_, text) => {
    expect(/[^\n\x20-\x7e]/.exec(text)?.[0]).toBeUndefined();
  });
});
