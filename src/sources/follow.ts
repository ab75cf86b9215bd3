import type { ParseResult } from '../config/parse.ts';
import type { SeenRollout } from '../fleet/progress.ts';
import type { Desired } from '../model/desired.ts';
import { sha256 } from './digest.ts';
import {
  combine,
  type LoadOptions,
  type ParsedDocument,
  parseDocument,
  readDocuments,
  textsOf,
} from './load.ts';
import type {
  Document,
  FollowedSource,
  GenerationStores,
  SourceProblem,
  Watch,
  WatchOptions,
} from './source.ts';
import { followSources } from './sources.ts';
import { checkNode } from './unknown-node.ts';

/** A configuration that is read again and again, as the daemon does. */
export interface FollowedConfiguration {
  /** Reads every document, and parses those whose content changed. Throws like `Source.read`. */
  load(): Promise<FollowedLoad>;
  /** The texts that the issues of the last load are about, by document name. */
  readonly texts: ReadonlyMap<string, string>;
  /** The rollout by which a source gives what it reads. */
  readonly rollout?: SeenRollout | undefined;
  watch(options: WatchOptions): Promise<Watch>;
  /** Makes the next load find what is there now. Never throws. */
  refresh(): Promise<void>;
}

interface FollowedLoad extends ParseResult {
  /** Set while a source cannot be read, and its documents are those from before. */
  readonly source?: SourceProblem | undefined;
  /** Equal exactly when the names and contents of all documents are. */
  readonly digest: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

interface KnownDocument extends ParsedDocument {
  readonly sha256: string;
}

/**
 * Follows the configuration of a node. Throws `USAGE` for a source that can be read only once, and
 * for a path that is given twice.
 */
export function followConfiguration(
  paths: readonly string[],
  node?: string,
  stores?: GenerationStores,
): FollowedConfiguration {
  const sources = followSources(paths, node, stores);
  const options = node === undefined ? {} : { node };
  let known: ReadonlyMap<string, KnownDocument> = new Map();
  let last: FollowedLoad | undefined;
  return {
    get texts() {
      return textsOf([...known.values()]);
    },
    get rollout() {
      return sources.find(({ rollout }) => rollout)?.rollout;
    },
    load: async () => {
      const documents = await readDocuments(sources);
      const files = await Promise.all(
        documents
          .filter(({ isSkipped }) => !isSkipped)
          .map(async ({ name, bytes }) => ({ path: name, sha256: await sha256(bytes) })),
      );
      const skipped = documents.filter(({ isSkipped }) => isSkipped).map(({ name }) => name);
      const digest = await sha256(Buffer.from(JSON.stringify([files, skipped])));
      const source = sources.find(({ problem }) => problem)?.problem;
      if (last?.digest === digest) {
        if (last.source !== source) last = { ...last, source };
        return last;
      }
      known = await parseChanged(documents, known, options);
      const { desired, issues } = await combineKnown(documents, known, options);
      const ofNode = checkNode(node, sources, [...known.values()]);
      last = { digest, files, source, desired, issues: [...issues, ...ofNode] };
      if (last.desired) await Promise.all(sources.map((each) => each.keep?.()));
      return last;
    },
    watch: (options) => watchAll(sources, options),
    refresh: async () => {
      await Promise.all(sources.map((source) => source.refresh?.()));
    },
  };
}

async function parseChanged(
  documents: readonly Document[],
  before: ReadonlyMap<string, KnownDocument>,
  options: LoadOptions,
): Promise<ReadonlyMap<string, KnownDocument>> {
  const known = new Map<string, KnownDocument>();
  for (const document of documents) {
    const digest = await sha256(document.bytes);
    const same = before.get(document.name);
    known.set(
      document.name,
      same?.sha256 === digest && !document.isSkipped
        ? same
        : { ...spare(await parseDocument(document, options)), sha256: digest },
    );
  }
  return known;
}

/**
 * Drops the text of a document without issues, and the places of its objects. Both together take
 * more memory than the desired state itself. The places of the services, which are few, are kept.
 */
function spare(parsed: ParsedDocument): ParsedDocument {
  const { desired, issues, text } = parsed;
  return {
    ...parsed,
    text: issues.length > 0 ? text : undefined,
    desired: desired && { ...desired, locate: placesOfServices(desired) },
  };
}

function placesOfServices({ services, locate }: Desired): Desired['locate'] {
  const places = new Map(Array.from(services.keys(), (key) => [key, locate(key)]));
  return (key, destination) => (destination === undefined ? places.get(key) : undefined);
}

/** Merges. Documents that contradict each other are parsed again for the places in the issues. */
async function combineKnown(
  documents: readonly Document[],
  known: ReadonlyMap<string, KnownDocument>,
  options: LoadOptions,
): Promise<ParseResult> {
  const parsed = [...known.values()];
  const combined = combine(parsed);
  const isContradiction =
    combined.issues.length > parsed.reduce((sum, { issues }) => sum + issues.length, 0);
  return isContradiction
    ? combine(await Promise.all(documents.map((document) => parseDocument(document, options))))
    : combined;
}

/** One watch for all sources. It polls while one of them does; only its own kind is `etcd`. */
async function watchAll(
  sources: readonly FollowedSource[],
  { onMode, ...options }: WatchOptions,
): Promise<Watch> {
  const reasons = new Map<FollowedSource, string>();
  const inEtcd = new Set<FollowedSource>();
  const watches = await Promise.all(
    sources.map((source) =>
      source.watch({
        ...options,
        onMode: (mode, reason) => {
          if (mode === 'poll') reasons.set(source, reason ?? '');
          else reasons.delete(source);
          if (mode === 'etcd') inEtcd.add(source);
          const [first] = reasons.values();
          const other = inEtcd.size === sources.length ? 'etcd' : 'inotify';
          onMode?.(first === undefined ? other : 'poll', first);
        },
      }),
    ),
  );
  return {
    close: async () => {
      await Promise.all(watches.map((watch) => watch.close()));
    },
  };
}
