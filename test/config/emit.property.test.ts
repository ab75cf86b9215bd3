import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { formatConfigJson } from '../../src/config/write/json.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import type { Table } from '../../src/model/table.ts';
import { tableArbitrary } from '../support/arbitrary-table.ts';

function reread(text: string, file: string): Table | string {
  const { desired, issues } = parseConfig(text, file);
  if (!desired) return `${text}\n${JSON.stringify(issues, null, 1)}`;
  return {
    services: desired.services,
    timeouts: desired.timeouts as Table['timeouts'],
    daemons: desired.daemons ?? [],
  };
}

describe('the export', () => {
  it('as YAML is read back as the same table', () => {
    fc.assert(
      fc.property(tableArbitrary, (table) => {
        expect(reread(formatConfig(table), 'a.yaml')).toEqual(table);
      }),
      { numRuns: 300 },
    );
  });

  it('as JSON is read back as the same table', () => {
    fc.assert(
      fc.property(tableArbitrary, (table) => {
        expect(reread(formatConfigJson(table), 'a.json')).toEqual(table);
      }),
      { numRuns: 300 },
    );
  });
});
