import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Table } from '../../src/model/table.ts';
import { changeAction } from '../../src/plan/change.ts';
import { comparable, type PartialTable } from '../../src/plan/comparable.ts';
import { diff } from '../../src/plan/diff.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';

/** The settings that a file may say nothing about. */
const said = fc.record({ timeouts: fc.boolean(), daemons: fc.boolean(), sysctls: fc.boolean() });
type Said = typeof said extends fc.Arbitrary<infer T> ? T : never;

const sideOf = ({ services, timeouts, daemons, sysctls }: Table, says: Said): PartialTable => ({
  services,
  timeouts: says.timeouts ? timeouts : {},
  daemons: says.daemons ? daemons : undefined,
  sysctls: says.sysctls ? sysctls : undefined,
});

const inputs = fc.tuple(tablePairs(), said, said);

type Compare = (a: PartialTable, b: PartialTable) => readonly [Table, Table];

/** Names the object of a change, and how it differs. */
const titlesOf = (compare: Compare, a: PartialTable, b: PartialTable): string[] =>
  diff(...compare(a, b))
    .filter((change) => change.object !== 'destination')
    .map((change) => {
      const { before, after, ...rest } = change;
      return JSON.stringify([rest, changeAction(change)]);
    })
    .sort();

const finds = (compare: Compare) =>
  fc.property(inputs, ([{ live, desired }, saysA, saysB]) => {
    const a = sideOf(live, saysA);
    const b = sideOf(desired, saysB);
    const isSaid = (part: keyof Said): boolean => saysA[part] && saysB[part];
    const expected = diff(live, desired).filter(
      ({ object }) =>
        object === 'service' ||
        object === 'destination' ||
        isSaid(object === 'timeouts' ? 'timeouts' : object === 'daemon' ? 'daemons' : 'sysctls'),
    );
    return (
      JSON.stringify(diff(...compare(a, b)).map(titleOf)) === JSON.stringify(expected.map(titleOf))
    );
  });

const titleOf = (change: ReturnType<typeof diff>[number]): unknown => {
  const { before: _before, after: _after, ...rest } = change;
  return [rest, changeAction(change)];
};

const INVERSE = { add: 'delete', delete: 'add', edit: 'edit', replace: 'replace' } as const;

describe('a comparison of two tables', () => {
  test('finds what differs, of settings what both sides say', () => holds(finds(comparable)));

  test('would not with a side that takes the settings of the other', () =>
    isBrokenBy(finds((a, b) => comparable({ ...a, timeouts: b.timeouts }, b))));

  test('finds nothing between a table and itself, whatever one side leaves out', () =>
    holds(
      fc.property(inputs, ([{ live }, saysA, saysB]) => {
        const sides = comparable(sideOf(live, saysA), sideOf(live, saysB));
        return diff(...sides).length === 0;
      }),
    ));

  test('finds the inverse when the sides are exchanged', () =>
    holds(
      fc.property(inputs, ([{ live, desired }, saysA, saysB]) => {
        const a = sideOf(live, saysA);
        const b = sideOf(desired, saysB);
        const inverse = titlesOf(comparable, b, a).map((title) => {
          const [rest, action] = JSON.parse(title) as [unknown, keyof typeof INVERSE];
          return JSON.stringify([rest, INVERSE[action]]);
        });
        return JSON.stringify(inverse.sort()) === JSON.stringify(titlesOf(comparable, a, b));
      }),
    ));
});
