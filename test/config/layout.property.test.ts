import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Layout } from '../../src/config/layout.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import type { Table } from '../../src/model/table.ts';
import { alikeTables } from '../support/alike-tables.ts';
import { commentsIn, layoutArbitrary } from '../support/arbitrary-layout.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

interface Arranged {
  readonly table: Table;
  readonly layout: Layout;
  readonly isPlain: boolean;
}

const arranged: fc.Arbitrary<Arranged> = alikeTables.chain((table) =>
  fc.record({ table: fc.constant(table), layout: layoutArbitrary(table), isPlain: fc.boolean() }),
);

/** The numbers of the comments in a text, each of which begins with one. */
const numbersOf = (text: string): string[] => text.match(/\[c\d+\]/g) ?? [];

function roundTrip(change: (text: string) => string = (text) => text) {
  return fc.property(arranged, ({ table, ...options }) => {
    const text = change(formatConfig(table, options));
    const { desired, issues } = parseConfig(text, 'a');
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(desired?.services).toEqual(table.services);
    expect(desired?.timeouts).toEqual(table.timeouts);
    expect(desired?.daemons).toEqual(table.daemons);
    const written = numbersOf(text.replace(/^[^#]*$/gm, ''));
    expect(written.sort()).toEqual(commentsIn(options.layout).flatMap(numbersOf).sort());
  });
}

describe('YAML with a layout', () => {
  it('is read back as the same table, and has every comment of the layout once', () =>
    holds(roundTrip(), 200));

  it.each([
    ['loses the comments beside', / # \[c\d+\].*$/m, ''],
    ['loses a comment above', /^ *# \[c\d+\].*\n/m, ''],
    ['has a comment twice', /^( *# \[c\d+\].*\n)/m, '$1$1'],
    ['has another pool', /^ {2}pool-1:.*\n(?: {4}.*\n)*/m, '  pool-1: [10.255.0.1]\n'],
  ])('is found out when it %s', (_, found, replacement) =>
    isBrokenBy(roundTrip((text) => text.replace(found, replacement))),
  );

  it('has the services in the order of the source', () =>
    holds(
      fc.property(arranged, ({ table, ...options }) => {
        const { desired } = parseConfig(formatConfig(table, options), 'a');
        expect([...(desired?.services.keys() ?? [])]).toEqual([...table.services.keys()]);
      }),
      100,
    ));

  it('has the destinations in the order of the source, where a service has its own list', () =>
    holds(
      fc.property(arranged, ({ table, layout }) => {
        const { desired } = parseConfig(formatConfig(table, { layout, isPlain: true }), 'a');
        for (const [key, { destinations }] of table.services)
          expect([...(desired?.services.get(key)?.destinations.keys() ?? [])]).toEqual([
            ...destinations.keys(),
          ]);
      }),
      100,
    ));
});
