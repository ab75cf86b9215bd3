import type { Desired } from '../model/desired.ts';
import { hasErrors, type Issue, type Position, positions } from '../model/issue.ts';
import { OTHER_NODE } from '../model/node.ts';
import type { ServiceOrigins } from '../model/origin.ts';
import type { ServiceKey } from '../model/service.ts';
import { type Finding, type Place, toIssues } from './finding.ts';
import { indexInvalidParts } from './invalid-parts.ts';
import type { Layout } from './layout.ts';
import { createContext } from './normalize/context.ts';
import type { NodeLists } from './normalize/nodes.ts';
import { normalize } from './normalize/normalize.ts';
import { createTrace, originsOf } from './normalize/trace.ts';
import { readDocument } from './read/read.ts';
import { checkSchema } from './schema/schema-findings.ts';
import type { WrittenHealths } from './write/health.ts';

export interface ParseResult {
  /** undefined when there are errors. */
  readonly desired: Desired | undefined;
  /** Errors and warnings, in the order of the text. */
  readonly issues: readonly Issue[];
  /** Only when the origins of one service were asked for. */
  readonly origins?: ServiceOrigins;
  /** How the text is arranged. Only readers whose language has comments give it. */
  readonly layout?: Layout;
  /** The checks of another program. `desired` has the table without them. */
  readonly health?: WrittenHealths;
  /** The texts of the files that this one includes, by name. */
  readonly included?: ReadonlyMap<string, string>;
  /** The nodes that the text names. Absent: everything in it is for all nodes. */
  readonly nodes?: NodesInText;
}

/** The nodes that `nodes` lists of a text name. */
export interface NodesInText {
  /** Names, and patterns with `*`. */
  readonly patterns: ReadonlySet<string>;
  /** The place of the first list. */
  readonly first: Position;
  /** The place of the first use of each pattern with `*`. */
  readonly wildcards: ReadonlyMap<string, Position>;
}

/**
 * Parses a configuration file, YAML or JSON, for one node. Throws for no text. `file` is its name
 * in positions. With `explained`, the result has the origins of this service.
 */
export function parseConfig(
  text: string,
  file: string,
  explained?: ServiceKey,
  node = OTHER_NODE,
): ParseResult {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const positionOf = positions(plain, file);
  const document = readDocument(plain);
  const findings: Finding[] = [...document.findings];
  const trace = explained === undefined ? undefined : createTrace(explained);
  let desired: Desired | undefined;
  let patterns: NodeLists['patterns'] = new Map();
  if (document.value !== undefined) {
    const { config, findings: violations, invalidPaths } = checkSchema(document.value);
    for (const violation of violations) findings.push(violation);
    if (config) {
      const invalid = indexInvalidParts(invalidPaths);
      const { itemOffsets } = document;
      const context = createContext({ config, invalid, itemOffsets, findings, trace, node });
      desired = normalize(context, document, positionOf);
      patterns = context.nodes.patterns;
    }
  }
  const positionOfPlace = (place: Place) => positionOf(document.offsetOf(place));
  const issues = toIssues(findings, positionOfPlace);
  return {
    desired: hasErrors(issues) ? undefined : desired,
    issues,
    ...(trace && { origins: originsOf(trace, positionOfPlace) }),
    ...nodesOf(patterns, positionOfPlace),
  };
}

/** Looks up few places, because each takes time. */
function nodesOf(
  patterns: NodeLists['patterns'],
  positionOf: (place: Place) => Position,
): Pick<ParseResult, 'nodes'> {
  const [first] = patterns.values();
  if (first === undefined) return {};
  const wildcards = [...patterns].filter(([pattern]) => pattern.includes('*'));
  return {
    nodes: {
      patterns: new Set(patterns.keys()),
      first: positionOf(first),
      wildcards: new Map(wildcards.map(([pattern, place]) => [pattern, positionOf(place)])),
    },
  };
}
