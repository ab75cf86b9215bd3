import type { Desired } from '../model/desired.ts';
import { hasErrors, type Issue, positions } from '../model/issue.ts';
import type { ServiceOrigins } from '../model/origin.ts';
import type { ServiceKey } from '../model/service.ts';
import { type Finding, type Place, toIssues } from './finding.ts';
import { indexInvalidParts } from './invalid-parts.ts';
import type { Layout } from './layout.ts';
import { createContext } from './normalize/context.ts';
import { normalize } from './normalize/normalize.ts';
import { createTrace, originsOf } from './normalize/trace.ts';
import { readDocument } from './read/read.ts';
import { checkSchema } from './schema/schema-findings.ts';

export interface ParseResult {
  /** undefined when there are errors. */
  readonly desired: Desired | undefined;
  /** Errors and warnings, in the order of the text. */
  readonly issues: readonly Issue[];
  /** Only when the origins of one service were asked for. */
  readonly origins?: ServiceOrigins;
  /** How the text is arranged. Only readers whose language has comments give it. */
  readonly layout?: Layout;
  /** The texts of the files that this one includes, by name. */
  readonly included?: ReadonlyMap<string, string>;
}

/**
 * Parses a configuration file, YAML or JSON. Throws for no text. `file` is its name in positions.
 * With `explained`, the result has the origins of this service.
 */
export function parseConfig(text: string, file: string, explained?: ServiceKey): ParseResult {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const positionOf = positions(plain, file);
  const document = readDocument(plain);
  const findings: Finding[] = [...document.findings];
  const trace = explained === undefined ? undefined : createTrace(explained);
  let desired: Desired | undefined;
  if (document.value !== undefined) {
    const { config, findings: violations, invalidPaths } = checkSchema(document.value);
    for (const violation of violations) findings.push(violation);
    if (config)
      desired = normalize(
        createContext(config, indexInvalidParts(invalidPaths), findings, trace),
        document,
        positionOf,
      );
  }
  const positionOfPlace = (place: Place) => positionOf(document.offsetOf(place));
  const issues = toIssues(findings, positionOfPlace);
  return {
    desired: hasErrors(issues) ? undefined : desired,
    issues,
    ...(trace && { origins: originsOf(trace, positionOfPlace) }),
  };
}
