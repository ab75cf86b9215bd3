// Builds a man page from each page of the manual.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';

/** Man pages with a name, a section or a summary of their own. */
const NAMED = {
  'command-line': {
    name: 'ipvstate',
    section: 8,
    summary: "desired state for IPVS, the Linux kernel's layer-4 load balancer",
    synopsis: ['ipvstate VERB [OPTION]...', 'ipvstate help [TOPIC]', 'ipvstate ipvsadm [ARG]...'],
    seeAlso: ['ipvsadm(8)', 'ip-netns(8)'],
  },
  configuration: {
    name: 'ipvstate.yaml',
    section: 5,
    summary: 'configuration of ipvstate',
    synopsis: ['/etc/ipvstate/ipvstate.yaml', '/etc/ipvstate/conf.d/*.yaml'],
    seeAlso: ['ipvsadm(8)'],
  },
  ipvsadm: {
    name: 'ipvstate-ipvsadm',
    section: 8,
    summary: 'single commands for the table of IPVS, as those of ipvsadm',
    synopsis: ['ipvstate ipvsadm [COMMAND] [OPTION]...', 'ipvsadm-save', 'ipvsadm-restore'],
    seeAlso: ['ipvsadm(8)'],
  },
};

/** The man pages in other languages, with their headings. */
const TRANSLATED = [
  {
    ...NAMED.ipvsadm,
    folder: 'zh_CN',
    topic: 'ipvsadm',
    summary: '设置和查看 IPVS 表的单条命令，与 ipvsadm 相同',
    headings: { name: '名称', synopsis: '概要', seeAlso: '参见' },
  },
];

const ENGLISH = { name: 'NAME', synopsis: 'SYNOPSIS', seeAlso: '"SEE ALSO"' };

/** The man page of each page of the manual. */
function manPageOf(topic, markdown) {
  const [, summary] = markdown.split('\n\n');
  const page = NAMED[topic] ?? {
    name: `ipvstate-${topic}`,
    section: 7,
    summary: summary.replace(/\.$/, '').replaceAll('`', ''),
    synopsis: [`ipvstate help ${topic}`],
    seeAlso: [],
  };
  return { ...page, markdown };
}

/** Characters that roff replaces by typographic ones, or that begin an escape. */
const CHARACTERS = {
  '\\': '\\e',
  '-': '\\-',
  '`': '\\(ga',
  "'": '\\(aq',
  '^': '\\(ha',
  '~': '\\(ti',
};

function escapeText(text) {
  return text.replaceAll(/[\\\-`'^~]/g, (character) => CHARACTERS[character]);
}

/** An argument of a macro. */
function quote(text) {
  return `"${text.replaceAll('"', '\\(dq')}"`;
}

/** A line of text that begins like a request must not be one. */
function protectLines(text) {
  return text.replaceAll(/^\./gm, '\\&.');
}

function formatInline(tokens) {
  return tokens.map(formatSpan).join('');
}

function formatSpan(token) {
  switch (token.type) {
    case 'text':
      return token.tokens ? formatInline(token.tokens) : escapeText(token.text);
    case 'escape':
      return escapeText(token.text);
    case 'codespan':
      return `\\fB${escapeText(token.text)}\\fP`;
    case 'strong':
      return `\\fB${formatInline(token.tokens)}\\fP`;
    case 'em':
      return `\\fI${formatInline(token.tokens)}\\fP`;
    case 'link':
      return formatInline(token.tokens);
    default:
      throw new Error(`man pages have no "${token.type}": ${token.raw}`);
  }
}

function formatItem(item, number) {
  const [text, ...rest] = item.tokens;
  if (text === undefined || rest.length > 0)
    throw new Error(`an item of a list is one paragraph: ${item.raw}`);
  const mark = number === undefined ? '\\(bu 2' : `${number}. 3`;
  return `.IP ${mark}\n${protectLines(formatSpan(text))}\n`;
}

function formatHeading({ depth, tokens }) {
  const text = formatInline(tokens).replaceAll(/\\f[BIP]/g, '');
  if (depth === 1) return `.SH ${quote(text.toUpperCase())}\n`;
  return depth === 2 ? `.SS ${quote(text)}\n` : `.PP\n.B ${quote(text)}\n`;
}

/** Columns of code that fit beside the indents of a terminal of 80 columns. */
const CODE_WIDTH = 68;

function formatCode(text) {
  const isWide = text.split('\n').some((line) => line.length > CODE_WIDTH);
  const [indent, end] = isWide ? ['.in 0', '.in'] : ['.RS 4', '.RE'];
  return `.PP\n${indent}\n.EX\n${protectLines(escapeText(text))}\n.EE\n${end}\n`;
}

/** The name of the file that the next block of code shows. */
function formatFileName(comment) {
  const [, file] = /^<!-- file: (\S+) -->\s*$/.exec(comment) ?? [];
  if (file === undefined) throw new Error(`man pages have no HTML: ${comment}`);
  return `.PP\n${escapeText(file)}:\n`;
}

function formatBlock(token) {
  switch (token.type) {
    case 'heading':
      return formatHeading(token);
    case 'paragraph':
      return `.PP\n${protectLines(formatInline(token.tokens))}\n`;
    case 'list':
      return token.items
        .map((item, at) => formatItem(item, token.ordered ? token.start + at : undefined))
        .join('');
    case 'code':
      return formatCode(token.text);
    case 'html':
      return formatFileName(token.raw);
    case 'space':
      return '';
    default:
      throw new Error(`man pages have no "${token.type}": ${token.raw}`);
  }
}

/** The roff text of a Markdown text. Throws for Markdown that a man page cannot show. */
export function formatRoff(markdown) {
  const roff = marked.lexer(markdown).map(formatBlock).join('');
  // A heading begins a paragraph by itself.
  return roff.replaceAll(/^(\.S[HS] .*\n)\.PP\n/gm, '$1');
}

const WIDE = '[\\u3000-\\u9fff\\uff00-\\uffef]';
const OPENING = '[（《「]';
const CLOSING = '[，。；：、）》」！？]';
/** The end of a line of text that goes on in the next one without a blank. */
const BROKEN = new RegExp(
  `(?<=^[^.\\n].*${CLOSING})\\n(?=[^.\\n])|(?<=^[^.\\n].*${WIDE})\\n(?=${WIDE})`,
  'gm',
);
const BETWEEN = new RegExp(
  `(?<=${WIDE})(?<!${OPENING})(?=${WIDE})(?!${CLOSING})|(?<=${CLOSING})(?=[!-~])`,
  'g',
);

/**
 * Lets roff break lines between Chinese characters, which have no blanks between them, and after
 * their punctuation. Removes the line breaks of the source, which roff would replace by blanks.
 */
function withBreakPoints(roff) {
  return roff
    .replaceAll(BROKEN, '')
    .replaceAll(/^[^.\n].*$/gm, (line) => line.replaceAll(BETWEEN, '\\:'));
}

/** The name of a man page, which may not be broken into lines. */
function referenceTo({ name, section }) {
  return `\\%${escapeText(name)}(${section})`;
}

function formatManPage(page, others, { version, date }) {
  const { name, section, summary, synopsis, seeAlso, markdown, headings = ENGLISH } = page;
  const lines = synopsis.map((line) => `.B ${quote(escapeText(line))}\n`).join('.br\n');
  const references = [
    ...others.filter((other) => other.name !== name).map(referenceTo),
    ...seeAlso.map(escapeText),
  ];
  return [
    `.TH ${quote(escapeText(name).toUpperCase())} ${section} ${quote(date)} ${quote(`ipvstate ${version}`)}\n`,
    // Names of files, options and sysctls are never hyphenated, so that they can be copied.
    // Adjusted lines would have wide gaps. The macros of groff set both again, from HY and AD.
    '.nr HY 0\n.nh\n.ds AD l\n.ad l\n',
    `.SH ${headings.name}\n${escapeText(name)} \\- ${escapeText(summary)}\n`,
    `.SH ${headings.synopsis}\n${lines}`,
    withBreakPoints(formatRoff(markdown)),
    `.SH ${headings.seeAlso}\n${references.join(', ')}\n`,
  ].join('');
}

/** The date of the release, from the changelog; empty before the release. */
function releaseDate(changelog, version) {
  const heading = `## ${version} - `;
  const line = changelog.split('\n').find((each) => each.startsWith(heading)) ?? heading;
  const date = line.slice(heading.length);
  return /^\d{4}-\d\d-\d\d$/.test(date) ? date : '';
}

/**
 * The man pages by file name, and those in other languages by their path below the folder of man
 * pages. The same sources always give the same text.
 */
export function manPages(root) {
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const release = { version, date: releaseDate(read('CHANGELOG.md'), version) };
  const topics = readdirSync(join(root, 'src/manual'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .sort();
  const pages = topics.map((topic) => manPageOf(topic, read(`src/manual/${topic}.md`)));
  const translated = TRANSLATED.map(({ folder, topic, ...page }) => ({
    ...page,
    folder: `${folder}/man${page.section}`,
    markdown: read(`src/manual/${folder}/${topic}.md`),
  }));
  const format = (page) => formatManPage(page, pages, release);
  return {
    english: new Map(pages.map((page) => [`${page.name}.${page.section}`, format(page)])),
    translated: new Map(
      translated.map((page) => [`${page.folder}/${page.name}.${page.section}`, format(page)]),
    ),
  };
}
