import { tooDeepAt } from './depth.ts';
import { type ConfigDocument, unreadable } from './document.ts';
import { readJson } from './json-document.ts';
import { preScan } from './pre-scan.ts';
import { readSimpleYaml } from './simple-yaml/read.ts';
import { readYaml } from './yaml-document.ts';

/** Reads a text that begins with `{` as JSON, or else as YAML. The text has no byte order mark. */
export function readDocument(text: string): ConfigDocument {
  const looksLikeJson = /^\s*\{/.test(text);
  const found = preScan(text, !looksLikeJson);
  if (found.length > 0) return unreadable(found);
  if (looksLikeJson) {
    const document = readJson(text);
    if (document) return document;
  }
  const simple = readSimpleYaml(text);
  if (simple) return simple;
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    const message = 'brackets or indentation are nested too deeply here';
    return unreadable([
      {
        code: 'TOO_DEEP',
        severity: 'error',
        message,
        place: deep,
        hint: 'is a closing bracket missing?',
      },
    ]);
  }
  return readYaml(text);
}
