import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { formatConfigJson } from '../../src/config/write/json.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import type { Table } from '../../src/model/table.ts';
import { alikeTables } from '../support/alike-tables.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

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
  it.each([
    ['YAML', (table: Table) => formatConfig(table)],
    ['plain YAML', (table: Table) => formatConfig(table, { isPlain: true })],
    ['JSON', (table: Table) => formatConfigJson(table)],
  ])('as %s is read back as the same table', async (_, format) => {
    await holds(
      fc.property(alikeTables, (table) => {
        expect(reread(format(table), 'a')).toEqual(table);
      }),
      200,
    );
  });

  it.each([
    ['without defaults', /^defaults: .*$/m, ''],
    ['another pool', /^ {2}pool-1:.*\n(?: {4}- .*\n)*/m, '  pool-1: [10.255.0.1]\n'],
    ['without "persistence: off"', /^ {4}persistence: off$/m, ''],
    ['without a scheduler of its own', /^ {4}scheduler: .*$/m, ''],
  ])('is not the same table when it is broken: %s', async (_, found, replacement) => {
    await isBrokenBy(
      fc.property(alikeTables, (table) => {
        expect(reread(formatConfig(table).replace(found, replacement), 'a')).toEqual(table);
      }),
    );
  });

  it('does not depend on the order in which the kernel lists services and destinations', async () => {
    await holds(
      fc.property(alikeTables, (table) => {
        const services = [...table.services]
          .reverse()
          .map(
            ([key, { service, destinations }]) =>
              [key, { service, destinations: new Map([...destinations].reverse()) }] as const,
          );
        expect(formatConfig({ ...table, services: new Map(services) })).toBe(formatConfig(table));
      }),
      200,
    );
  });

  it('is never longer than a plain one', async () => {
    await holds(
      fc.property(alikeTables, ({ services }) => {
        const lines = (text: string): number => text.split('\n').length;
        const plain = formatConfig({ services }, { isPlain: true });
        // The defaults and the pools have lines of their own.
        expect(lines(formatConfig({ services }))).toBeLessThanOrEqual(lines(plain) + 4);
      }),
      100,
    );
  });
});
