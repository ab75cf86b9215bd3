import type { Desired } from '../model/desired.ts';
import type { Issue } from '../model/issue.ts';
import { nodeMatcher, OTHER_NODE } from '../model/node.ts';
import { combine, type LoadOptions, type ParsedDocument, parseDocument, textsOf } from './load.ts';
import type { Document } from './source.ts';

/** A configuration, as each node that it names reads it. */
export interface LoadedForNodes {
  /** The nodes; `OTHER_NODE` alone when nothing differs between nodes. */
  readonly nodes: readonly string[];
  /** The desired state of each node. A node has none where there are errors. */
  readonly desired: ReadonlyMap<string, Desired>;
  /** An issue that only some nodes have names these. */
  readonly issues: readonly Issue[];
  readonly files: readonly string[];
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Parses and merges documents for each node that has a folder or is in a list, and for any other
 * node. A pattern that matches none of them stands for a node, so that everything is read for some
 * node.
 */
export async function loadForNodes(
  documents: readonly Document[],
  options: LoadOptions,
): Promise<LoadedForNodes> {
  const parsed = new Map<Document, ParsedDocument>();
  for (const document of documents)
    parsed.set(document, await parseDocument(document, { ...options, node: OTHER_NODE }));
  const { nodes, unmatched } = nodesOf(parsed);
  const issues = new Map<string, readonly Issue[]>();
  const desired = new Map<string, Desired>();
  const read = documentReader(parsed, options);
  for (const node of nodes) {
    const own = documents.filter((each) => each.node === undefined || each.node === node);
    const combined = combine(await Promise.all(own.map((document) => read(document, node))));
    if (combined.desired) desired.set(node, combined.desired);
    issues.set(node, combined.issues);
  }
  return {
    nodes,
    desired,
    issues: inOrder([...joinIssues(issues), ...unmatched], documents),
    files: documents.filter(({ isSkipped }) => !isSkipped).map(({ name }) => name),
    sources: textsOf([...parsed.values()]),
  };
}

/**
 * Parses and merges documents for some nodes, whether the documents name them or not. Nodes that
 * nothing tells apart have the same object. undefined: there are errors.
 */
export async function desiredOfNodes(
  documents: readonly Document[],
  names: readonly string[],
): Promise<ReadonlyMap<string, Desired | undefined>> {
  const parsed = new Map<Document, ParsedDocument>();
  for (const document of documents)
    parsed.set(document, await parseDocument(document, { node: OTHER_NODE }));
  const patterns = new Set(
    [...parsed.values()].flatMap(({ nodes }) => [...(nodes?.patterns ?? [])]),
  );
  const folders = new Set(documents.flatMap(({ node }) => node ?? []));
  const read = documentReader(parsed, {});
  const known = new Map<string, Promise<Desired | undefined>>();
  const found = new Map<string, Desired | undefined>();
  for (const name of names) {
    const matches = nodeMatcher(name);
    const own = [...patterns].filter((pattern) => matches([pattern]));
    const kind = JSON.stringify([folders.has(name) ? name : '', own]);
    const desired = known.get(kind) ?? desiredOfNode(documents, name, read);
    known.set(kind, desired);
    found.set(name, await desired);
  }
  return found;
}

async function desiredOfNode(
  documents: readonly Document[],
  name: string,
  read: (document: Document, node: string) => Promise<ParsedDocument>,
): Promise<Desired | undefined> {
  const own = documents.filter(({ node }) => node === undefined || node === name);
  return combine(await Promise.all(own.map((document) => read(document, name)))).desired;
}

interface KnownNodes {
  readonly nodes: readonly string[];
  /** Warnings about patterns that match no known node. */
  readonly unmatched: readonly Issue[];
}

function nodesOf(parsed: ReadonlyMap<Document, ParsedDocument>): KnownNodes {
  const names = new Set<string>();
  const wildcards = new Map<string, Issue['position']>();
  for (const [{ node }, { nodes }] of parsed) {
    if (node !== undefined) names.add(node);
    for (const pattern of nodes?.patterns ?? []) if (!pattern.includes('*')) names.add(pattern);
    for (const [pattern, position] of nodes?.wildcards ?? [])
      if (!wildcards.has(pattern)) wildcards.set(pattern, position);
  }
  const known = [...names].sort();
  const unmatched = [...wildcards].filter(
    ([pattern]) => ![OTHER_NODE, ...known].some((name) => nodeMatcher(name)([pattern])),
  );
  return {
    nodes: [...known, ...unmatched.map(([pattern]) => pattern), OTHER_NODE],
    unmatched: unmatched.map(([pattern, position]) => ({
      code: 'NODE',
      severity: 'warning',
      message: `${pattern} matches no node that is known: one with a folder, or named in a list`,
      position,
      hint: 'correct it, or make a folder nodes/NAME for each node',
    })),
  };
}

/** Parses each document once for all nodes that it does not tell apart. */
function documentReader(parsed: ReadonlyMap<Document, ParsedDocument>, options: LoadOptions) {
  const known = new Map<Document, Map<string, Promise<ParsedDocument>>>();
  return (document: Document, node: string): Promise<ParsedDocument> => {
    const first = parsed.get(document);
    const patterns = [...(first?.nodes?.patterns ?? [])];
    if (first && patterns.length === 0) return Promise.resolve(first);
    const matches = nodeMatcher(node);
    const selection = patterns.filter((pattern) => matches([pattern])).join(' ');
    const selections = known.get(document) ?? new Map<string, Promise<ParsedDocument>>();
    known.set(document, selections);
    const result = selections.get(selection) ?? parseDocument(document, { ...options, node });
    selections.set(selection, result);
    return result;
  };
}

/** Joins the issues of several nodes: one that all nodes have is there once. */
function joinIssues(ofNodes: ReadonlyMap<string, readonly Issue[]>): Issue[] {
  const joined = new Map<string, { readonly issue: Issue; readonly nodes: string[] }>();
  for (const [node, issues] of ofNodes)
    for (const issue of issues) {
      const key = JSON.stringify(issue);
      const found = joined.get(key);
      if (found) found.nodes.push(node);
      else joined.set(key, { issue, nodes: [node] });
    }
  return Array.from(joined.values(), ({ issue, nodes }) =>
    nodes.length === ofNodes.size ? issue : { ...issue, nodes },
  );
}

/** Sorts issues by the order of the documents. Those of one document stay in their order. */
function inOrder(issues: readonly Issue[], documents: readonly Document[]): readonly Issue[] {
  const order = new Map(documents.map(({ name }, index) => [name, index]));
  const rank = ({ position }: Issue): number => order.get(position.file) ?? documents.length;
  return [...issues].sort((a, b) => rank(a) - rank(b));
}
