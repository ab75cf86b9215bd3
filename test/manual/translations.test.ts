import { describe, expect, it } from 'vitest';
import { SCHEDULER_FLAGS, SCHEDULERS } from '../../src/model/scheduler.ts';
import { readBlocks } from './blocks.ts';
import { readDocument, section } from './documents.ts';
import { frontEndOptions } from './program-help.ts';

const ENGLISH = 'src/manual/ipvsadm.md';
const CHINESE = 'src/manual/zh_CN/ipvsadm.md';

/** The commands, options and other words that the items of a page describe, with their values. */
function describedIn(page: string): string[][] {
  const heads = [...page.matchAll(/^- ((?:`[^`\n]+`(?:, )?)+): /gm)];
  return heads.map(([, head = '']) => [...head.matchAll(/`(.*?)`/g)].map(([, word = '']) => word));
}

const codeOf = (text: string) =>
  readBlocks(text).map(({ language, file, text: code }) => ({ language, file, code }));
const depthsOf = (text: string) => [...text.matchAll(/^#+ /gm)].map(([mark]) => mark);

/** Columns of a line: Chinese characters and their punctuation take two. */
const columnsOf = (line: string): number =>
  line.replaceAll(/[\u3000-\u9fff\uff00-\uffef]/g, '##').length;

describe.each([ENGLISH, CHINESE])('%s', (path) => {
  const page = readDocument(path);

  it('describes each command and option of the front end once, and no other', () => {
    const options = describedIn(page)
      .flat()
      .map((word) => word.split(' ')[0] ?? '')
      .filter((word) => word.startsWith('-'));
    expect(options.sort()).toEqual(frontEndOptions().sort());
  });

  it('names every scheduler that a service can be given, and every flag', () => {
    const words = describedIn(page).flat();
    expect(SCHEDULERS.filter((name) => name !== 'none' && !words.includes(name))).toEqual([]);
    const absent = SCHEDULER_FLAGS.filter(({ name }) => !page.includes(`\`${name}\``));
    expect(absent).toEqual([]);
  });

  it('fits into a terminal of 80 columns', () => {
    expect(page.split('\n').filter((line) => columnsOf(line) > 79)).toEqual([]);
  });
});

describe('the page about ipvsadm in Chinese', () => {
  const [english, chinese] = [readDocument(ENGLISH), readDocument(CHINESE)];

  it('describes the same words as the English page, in the same order', () => {
    expect(describedIn(chinese)).toEqual(describedIn(english));
  });

  it('has the same sections and the same code', () => {
    expect(depthsOf(chinese)).toEqual(depthsOf(english));
    expect(codeOf(chinese)).toEqual(codeOf(english));
  });

  it('has the numbers of the English page: ranges and defaults', () => {
    const numbersOf = (text: string) => [...new Set(text.match(/\d{2,}/g))].sort();
    expect(numbersOf(chinese)).toEqual(numbersOf(english));
  });
});

describe('README.zh-CN.md', () => {
  const [english, chinese] = [readDocument('README.md'), readDocument('README.zh-CN.md')];

  it('has the same sections and the same code as README.md, whose code is executed', () => {
    expect(depthsOf(chinese)).toEqual(depthsOf(english));
    expect(codeOf(chinese)).toEqual(codeOf(english));
  });

  it('has the same verbs in its table, in the same order', () => {
    const cells = (text: string) => [...text.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell);
    expect(cells(chinese)).toEqual(cells(english));
  });

  it('leads to every document that README.md leads to', () => {
    const linksOf = (text: string) =>
      [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    const own = linksOf(chinese);
    const others = linksOf(english).filter((link) => link !== 'README.zh-CN.md');
    expect(others.filter((link) => !own.includes(link))).toEqual([]);
    expect(own).toContain('README.md');
    expect(linksOf(english)).toContain('README.zh-CN.md');
  });

  it('has one promise for each promise of README.md', () => {
    const promises = (text: string, heading: string) =>
      section(text, heading).match(/^\d\. \*\*/gm)?.length;
    expect(promises(chinese, '## 承诺（按优先级排列）')).toBe(
      promises(english, '## Promises, in order'),
    );
  });
});
