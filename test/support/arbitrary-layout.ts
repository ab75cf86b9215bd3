import fc from 'fast-check';
import type { EntryLayout, Layout, ServiceLayout } from '../../src/config/layout.ts';
import type { Table } from '../../src/model/table.ts';

/** Texts that would end a comment, a line or a value if they were not escaped. */
const HOSTILE = [
  'a\nservices: []',
  '\r\n- { address: 10.0.0.9 }',
  '\u0000\u0007\u001b[2J',
  '*/ {{ }} ]] #',
  '\u2028\u202e\u200b\ufeff\ufffd\ud800',
  '  blanks\t\u00a0around  ',
  '<<<<<<< HEAD',
  '%YAML 1.1',
  'x'.repeat(5000),
  '--- ...',
  '# twice',
];

/**
 * Comments, each of which is found again by a number of its own. `next` counts through a layout.
 */
function comment(next: () => number): fc.Arbitrary<string> {
  return fc
    .oneof(
      { weight: 3, arbitrary: fc.constantFrom('web', 'broken disk', 'see the ticket') },
      { weight: 1, arbitrary: fc.constantFrom(...HOSTILE) },
      { weight: 1, arbitrary: fc.string() },
    )
    .map((text) => `[c${next()}] ${text}`);
}

function entry(next: () => number): fc.Arbitrary<EntryLayout> {
  return fc.record(
    { above: fc.array(comment(next), { maxLength: 2 }), beside: comment(next) },
    { requiredKeys: ['above'] },
  );
}

/** Layouts of a table: any comments at any of its entries, and names for lists. */
export function layoutArbitrary({ services }: Pick<Table, 'services'>): fc.Arbitrary<Layout> {
  let count = 0;
  const next = (): number => count++;
  const few = fc.array(comment(next), { maxLength: 2 });
  const layouts = Array.from(services, ([key, { destinations }]) => {
    const service = fc.record(
      {
        above: few,
        beside: comment(next),
        below: few,
        pool: fc.constantFrom('web', 'pool-1', 'a: b', '', '__proto__', 'off', 'é'.repeat(300)),
        destinations: fc
          .tuple(
            ...Array.from(destinations.keys(), (at) =>
              fc.option(entry(next)).map((own) => [at, own] as const),
            ),
          )
          .map((pairs) => new Map(pairs.flatMap(([at, own]) => (own ? [[at, own] as const] : [])))),
      },
      { requiredKeys: ['above', 'below', 'destinations'] },
    );
    return fc.option(service).map((own): [typeof key, ServiceLayout | null] => [key, own]);
  });
  return fc
    .record({ head: few, tail: few, services: fc.tuple(...layouts) })
    .map(({ head, tail, services: pairs }) => ({
      head,
      tail,
      services: new Map(pairs.flatMap(([key, own]) => (own ? [[key, own] as const] : []))),
    }));
}

/** The comments of a layout, wherever they are. */
export function commentsIn({ head, services, tail }: Layout): readonly string[] {
  const ofEntry = ({ above, beside }: EntryLayout): string[] => [
    ...above,
    ...(beside === undefined ? [] : [beside]),
  ];
  const ofServices = [...services.values()].flatMap((service) => [
    ...ofEntry(service),
    ...[...service.destinations.values()].flatMap(ofEntry),
    ...service.below,
  ]);
  return [...head, ...ofServices, ...tail];
}
