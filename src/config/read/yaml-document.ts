import { isScalar, type Node, parseDocument, type YAMLError } from 'yaml';
import type { Finding } from '../finding.ts';
import { type ConfigDocument, lookup, unreadable } from './document.ts';
import { syntaxFindings } from './yaml-issues.ts';
import { yamlOffset } from './yaml-offset.ts';
import { yamlValue } from './yaml-value.ts';

/**
 * Reads YAML 1.2. Errors and warnings of the library become findings, and then there is no value.
 * The check for duplicate keys is in yaml-value.ts, because the library's takes quadratic time.
 */
export function readYaml(text: string): ConfigDocument {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    stringKeys: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    // With 'silent', the library does not report a second document either.
    logLevel: 'error',
  });
  const problems: readonly YAMLError[] = [...document.errors, ...document.warnings];
  if (problems.length > 0) return unreadable(syntaxFindings(problems, text));
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return unreadable([empty()]);
  const { value, findings, offsets } = yamlValue(root);
  return {
    value: findings.some((finding) => finding.code === 'ALIAS_LIMIT' || finding.code === 'SYNTAX')
      ? undefined
      : value,
    findings,
    offsetOf: offsetsIn(root),
    itemOffsets: lookup(offsets),
  };
}

/**
 * Makes a lookup in the parser's nodes. It is a function with a scope of its own, because
 * `itemOffsets` outlives the nodes, which are large.
 */
function offsetsIn(root: Node): ConfigDocument['offsetOf'] {
  return (place) => (typeof place === 'number' ? place : yamlOffset(root, place.path, place.at));
}

function empty(): Finding {
  return {
    code: 'EMPTY',
    severity: 'error',
    message: 'the file says nothing',
    place: 0,
    hint: 'to ask for no services at all, write "version: 1" and "services: []"',
  };
}
