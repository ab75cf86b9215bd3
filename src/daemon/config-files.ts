import { mergeDesired } from '../config/merge.ts';
import type { ParseResult } from '../config/parse.ts';
import { IpvstateError, unreadable } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import { hasErrors, type Issue } from '../model/issue.ts';
import type { LoadedFiles } from '../reconcile/loop/config-state.ts';
import { decodeText } from '../sources/decode-text.ts';
import { readSources, type Source, type Sources } from '../sources/files/read-sources.ts';
import type { SourceCache } from '../sources/files/read-stable.ts';
import { parseText } from '../sources/load.ts';

/** The files that a daemon follows. */
export interface ConfigFiles {
  /** Reads all of them, and parses those whose content is another one than the last time. Throws `NO_INPUT`, `CONFIG` or `UNSTABLE`. */
  load(): Promise<LoadedFiles>;
  /** The texts that the issues of the last load are about, by file. */
  readonly texts: ReadonlyMap<string, string>;
}

interface Parsed extends ParseResult {
  readonly sha256: string;
  /** Kept only where there are issues to show. */
  readonly text: string | undefined;
}

/** `saw` is told what was read, also when it is of no use. */
export function openConfigFiles(
  paths: readonly string[],
  cache: SourceCache,
  saw: (digest: string) => void,
): ConfigFiles {
  let parsed: ReadonlyMap<string, Parsed> = new Map();
  let last: LoadedFiles | undefined;
  return {
    get texts() {
      return new Map(
        [...parsed].flatMap(([path, { text }]) => (text === undefined ? [] : [[path, text]])),
      );
    },
    load: async () => {
      const sources = await readSources(paths, cache);
      saw(sources.digest);
      if (last?.digest === sources.digest) return last;
      parsed = await parseAll(sources, parsed);
      last = await merge(sources, parsed);
      return last;
    },
  };
}

async function parseAll(
  { files }: Sources,
  before: ReadonlyMap<string, Parsed>,
): Promise<ReadonlyMap<string, Parsed>> {
  const parsed = new Map<string, Parsed>();
  for (const file of files) {
    const { bytes, sha256 } = contentOf(file);
    const known = before.get(file.path);
    parsed.set(
      file.path,
      known?.sha256 === sha256 ? known : withoutPlaces(await parse(file.path, bytes, sha256)),
    );
  }
  return parsed;
}

/** To find any place again takes more memory than the desired state itself. */
function withoutPlaces(parsed: Parsed): Parsed {
  return { ...parsed, desired: parsed.desired && { ...parsed.desired, locate: () => undefined } };
}

function contentOf({ path, read }: Source): { readonly bytes: Buffer; readonly sha256: string } {
  switch (read.kind) {
    case 'content':
      return read;
    case 'unreadable':
      return unreadable(path, { code: read.code });
    case 'too-large':
      throw new IpvstateError(
        'CONFIG',
        `${path} has ${read.size} bytes, which is more than is ever read`,
      );
    case 'unstable':
      throw new IpvstateError('UNSTABLE', `${path} is still being written`);
    default:
      return read satisfies never;
  }
}

async function parse(path: string, bytes: Buffer, sha256: string): Promise<Parsed> {
  const text = decodeText(bytes, path);
  if (typeof text !== 'string')
    return { sha256, text: undefined, desired: undefined, issues: [text] };
  const { desired, issues } = await parseText(text, path);
  return { sha256, text: issues.length > 0 ? text : undefined, desired, issues };
}

async function merge(
  { digest, files }: Sources,
  parsed: ReadonlyMap<string, Parsed>,
): Promise<LoadedFiles> {
  const results = [...parsed.values()];
  let merged = mergeDesired(results.flatMap(({ desired }) => desired ?? []));
  if (merged.issues.length > 0) merged = mergeDesired(await withPlaces(files));
  const issues: readonly Issue[] = [
    ...results.flatMap((result) => result.issues),
    ...merged.issues,
  ];
  return {
    digest,
    files: files.map(({ path }) => ({ path, sha256: parsed.get(path)?.sha256 })),
    desired: hasErrors(issues) ? undefined : merged.desired,
    issues,
  };
}

/** What the files ask for, parsed once more: that they contradict each other is rare, and is shown with both places. */
async function withPlaces(files: readonly Source[]): Promise<Desired[]> {
  const parts: Desired[] = [];
  for (const file of files) {
    const { bytes, sha256 } = contentOf(file);
    const { desired } = await parse(file.path, bytes, sha256);
    if (desired) parts.push(desired);
  }
  return parts;
}
