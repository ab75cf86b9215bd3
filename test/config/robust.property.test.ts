import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { parseConfig } from '../../src/config/parse.ts';
import { jsonItemOffsets, jsonOffset } from '../../src/config/read/json-text.ts';
import { formatConfigJson } from '../../src/config/write/json.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { tableArbitrary } from '../support/arbitrary-table.ts';
import { TOKENS } from '../support/arbitrary-yaml.ts';

const fragments = fc.constantFrom(
  ...TOKENS,
  ...[
    'version: 1',
    'services:',
    'address',
    'tcp://192.0.2.1:80',
    'destinations',
    'weight',
    'null',
    'pool',
    'pools',
    'profile',
    '__proto__',
    '\u00a0',
    '🙂',
  ],
);

describe('parseConfig', () => {
  it('returns a configuration or an error for every text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(fragments, { maxLength: 30 }).map((parts) => parts.join('')),
          fc.string(),
        ),
        (text) => {
          const { desired, issues } = parseConfig(text, 'c.yaml');
          expect(desired === undefined).toBe(issues.some((issue) => issue.severity === 'error'));
          const lines = text.replace(/^\ufeff/, '').split('\n');
          for (const { position } of issues) {
            expect(position.line).toBeLessThanOrEqual(lines.length);
            expect(position.column).toBeLessThanOrEqual(
              (lines[position.line - 1] ?? '').length + 1,
            );
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('returns a configuration or an error for every change to a valid file', () => {
    fc.assert(
      fc.property(
        tableArbitrary,
        fc.nat(),
        fc.nat({ max: 20 }),
        fragments,
        (table, at, removed, inserted) => {
          for (const text of [formatConfig(table), formatConfigJson(table)]) {
            const start = at % text.length;
            const { desired, issues } = parseConfig(
              text.slice(0, start) + inserted + text.slice(start + removed),
              'c.yaml',
            );
            expect(desired === undefined).toBe(issues.some((issue) => issue.severity === 'error'));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('returns the same result for JSON as for the same text read as YAML', () => {
    fc.assert(
      fc.property(
        tableArbitrary,
        fc.array(
          fc.tuple(
            fc.nat(),
            fc.constantFrom('"weight"', '"wieght"', '-1', '"x"', 'null', '[]', '{}'),
          ),
        ),
        (table, edits) => {
          let json = formatConfigJson(table);
          for (const [at, replacement] of edits) {
            const values = [...json.matchAll(/"[^"]*"|\d+/g)];
            const match = values[at % values.length];
            if (match)
              json =
                json.slice(0, match.index) +
                replacement +
                json.slice(match.index + match[0].length);
          }
          // With a comment at the top, the YAML reader reads the text, with line numbers one
          // higher.
          const fast = parseConfig(json, 'c.json');
          const slow = parseConfig(`# YAML\n${json}`, 'c.json');
          const up = (at: (typeof slow.issues)[number]['position']) => ({
            ...at,
            line: Math.max(1, at.line - 1),
          });
          const moved = slow.issues.map((issue) => ({
            ...issue,
            position: up(issue.position),
            ...(issue.related
              ? { related: { ...issue.related, position: up(issue.related.position) } }
              : {}),
          }));
          expect(fast.issues).toEqual(moved);
          expect(fast.desired?.services).toEqual(slow.desired?.services);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('the offsets in JSON', () => {
  it('are equal to those of the YAML parser', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const parsed: unknown = JSON.parse(text);
        const offsets = jsonItemOffsets(text, parsed);
        const document = parseDocument(text, { schema: 'json', uniqueKeys: false });
        const visit = (node: unknown, path: (string | number)[]) => {
          const range =
            path.length === 0
              ? document.contents?.range
              : (document.getIn(path, true) as { range?: number[] } | undefined)?.range;
          expect(jsonOffset(text, 0, path, 'value')).toBe(range?.[0]);
          if (Array.isArray(node))
            expect([...(offsets.get(node) ?? [])]).toEqual(
              node.map((_, index) => jsonOffset(text, 0, [...path, index], 'value')),
            );
          if (node !== null && typeof node === 'object') {
            for (const [key, member] of Object.entries(node))
              visit(member, [...path, Array.isArray(node) ? Number(key) : key]);
          }
        };
        visit(parsed, []);
      }),
      { numRuns: 200 },
    );
  });
});
