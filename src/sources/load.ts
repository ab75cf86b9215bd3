import type { Readable } from 'node:stream';
import type { Layout } from '../config/layout.ts';
import { mergeDesired } from '../config/merge.ts';
import type { ParseResult } from '../config/parse.ts';
import type { WrittenHealths } from '../config/write/health.ts';
import type { Format, ParseOptions } from '../formats/format.ts';
import { formatOf } from '../formats/formats.ts';
import type { Desired } from '../model/desired.ts';
import { hasErrors, type Issue, limitIssues, type Position } from '../model/issue.ts';
import { checkFreeText, decodeLoosely, decodeText } from './decode-text.ts';
import { sha256 } from './digest.ts';
import { readIncluded } from './files/included.ts';
import { readPortNames } from './port-names.ts';
import type { Document, Source } from './source.ts';
import { openSources, refuseRepeated } from './sources.ts';
import { checkNode } from './unknown-node.ts';

export interface Loaded {
  /** undefined when there are errors among the issues. */
  readonly desired: Desired | undefined;
  readonly issues: readonly Issue[];
  /** The node that the documents were read for. */
  readonly node?: string;
  /** The names of the documents, in the order in which they were merged. */
  readonly files: readonly string[];
  /** The texts by document name, with byte order marks. A document that is not UTF-8 has none. */
  readonly sources: ReadonlyMap<string, string>;
  /** How the text is arranged, when the configuration is one document whose reader tells it. */
  readonly layout?: Layout;
  /** The checks of another program, when the configuration is one document in its language. */
  readonly health?: WrittenHealths;
}

/** How documents are read. */
export interface LoadOptions extends ParseOptions {
  /** Without it, what is for some nodes only is an error. */
  readonly node?: string;
  /** The format of every document. Without it, each document tells its own. */
  readonly format?: Format;
  /** True to read the languages of other programs, too, which are never applied as they are. */
  readonly translates?: boolean;
  /** Called before a text is parsed that can take a second or more: nothing else runs meanwhile. */
  readonly onLongParse?: () => void;
}

/** The slowest reader takes 5 MB in 4 s, on a machine that does nothing else. */
const LONG_PARSE_BYTES = 2 ** 20;

/** Reads, parses and merges a configuration once. Throws like `Source.read`. */
export async function load(
  paths: readonly string[],
  stdin: () => Readable,
  options: LoadOptions = {},
): Promise<Loaded> {
  const sources = openSources(paths, stdin, options.node);
  return loadDocuments(await readDocuments(sources), options, sources);
}

/** Parses and merges documents that were read. The sources tell of which nodes they have more. */
export async function loadDocuments(
  documents: readonly Document[],
  options: LoadOptions = {},
  sources: readonly Source[] = [],
): Promise<Loaded> {
  const parsed: ParsedDocument[] = [];
  for (const document of documents) parsed.push(await parseDocument(document, options));
  const [first, ...others] = parsed;
  const { issues, ...combined } = combine(parsed);
  return {
    ...combined,
    issues: [...issues, ...checkNode(options.node, sources, parsed)],
    ...(first?.layout && others.length === 0 && { layout: first.layout }),
    ...(first?.health && others.length === 0 && { health: first.health }),
    ...(options.node !== undefined && { node: options.node }),
    files: documents.filter(({ isSkipped }) => !isSkipped).map(({ name }) => name),
    sources: textsOf(parsed),
  };
}

/** The digests of the documents that a configuration was loaded from, for records. */
export function digestsOf(
  sources: Loaded['sources'],
): Promise<{ readonly path: string; readonly sha256: string }[]> {
  return Promise.all(
    [...sources].map(async ([path, text]) => ({ path, sha256: await sha256(Buffer.from(text)) })),
  );
}

/** Reads every document of several sources, in their order. Throws like `Source.read`. */
export async function readDocuments(sources: readonly Source[]): Promise<readonly Document[]> {
  const documents: Document[] = [];
  for (const source of sources) documents.push(...(await source.read()));
  refuseRepeated(documents.map(({ name }) => name));
  return documents;
}

export interface ParsedDocument extends ParseResult {
  readonly name: string;
  /** undefined when the document is not UTF-8, or not read. */
  readonly text: string | undefined;
}

/** Parses a document in the format that the options name, or in the one that recognises it. */
export async function parseDocument(
  document: Document,
  options: LoadOptions = {},
): Promise<ParsedDocument> {
  const { name, bytes } = document;
  if (document.node !== undefined && options.node === undefined)
    return { ...NOTHING, name, issues: [nodeNeeded({ file: name, line: 1, column: 1 })] };
  if (document.isSkipped) return { ...NOTHING, name, issues: [skipped(name)] };
  const decoded = decodeText(bytes, name);
  const text = typeof decoded === 'string' ? decoded : decodeLoosely(bytes);
  if (text === undefined) return { ...NOTHING, name, issues: [decoded as Issue] };
  const format = options.format ?? formatOf(text, name);
  const problem =
    typeof decoded === 'string' ? [] : [checkFreeText(text, format.freeText, decoded)];
  if (hasErrors(problem)) return { ...NOTHING, name, issues: problem };
  if (format.translatedFrom !== undefined && !options.translates)
    return { ...NOTHING, name, text, issues: [untranslated(name, format.translatedFrom)] };
  if (options.args?.length && !format.takesArguments)
    return { ...NOTHING, name, text, issues: [argumentsRefused(name)] };
  if (bytes.length >= LONG_PARSE_BYTES) options.onLongParse?.();
  const parsed = await format.parse(text, name, { readPortNames, readIncluded, ...options });
  if (parsed.nodes && options.node === undefined) problem.push(nodeNeeded(parsed.nodes.first));
  const issues = limitIssues([...problem, ...parsed.issues]);
  return { name, text, ...parsed, issues };
}

/** The issue of a text that differs between nodes, and is read for none. */
function nodeNeeded(position: Position): Issue {
  return {
    code: 'NODE',
    severity: 'error',
    message: 'this is for some nodes only, and no node is named',
    position,
    hint: 'name the director that the files are read for: --node NAME',
  };
}

const NOTHING = { text: undefined, desired: undefined };

function untranslated(file: string, source: string): Issue {
  return {
    code: 'TRANSLATE',
    severity: 'error',
    message: `this is ${source}`,
    position: { file, line: 1, column: 1 },
    hint: `translate it once: ipvstate import ${file} > ipvs.yaml`,
  };
}

function argumentsRefused(file: string): Issue {
  return {
    code: 'WRONG_TYPE',
    severity: 'error',
    message: 'this is no shell script, and takes no arguments',
    position: { file, line: 1, column: 1 },
    hint: `ipvstate import ${file}`,
  };
}

function skipped(file: string): Issue {
  return {
    code: 'NOT_A_FILE',
    severity: 'warning',
    message: 'this is a pipe, a socket or a device, and is not read',
    position: { file, line: 1, column: 1 },
    hint: 'remove it from the folder',
  };
}

/** Merges parsed documents. The issues are those of the documents, and then those of the merge. */
export function combine(parsed: readonly ParsedDocument[]): ParseResult {
  const merged = mergeDesired(parsed.flatMap(({ desired }) => desired ?? []));
  const issues = [...parsed.flatMap((document) => document.issues), ...merged.issues];
  return { desired: hasErrors(issues) ? undefined : merged.desired, issues };
}

export function textsOf(parsed: readonly ParsedDocument[]): ReadonlyMap<string, string> {
  return new Map(
    parsed.flatMap(({ name, text, included }) => [
      ...(text === undefined ? [] : [[name, text] as const]),
      ...(included ?? []),
    ]),
  );
}
