import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Layout } from '../../src/config/layout.ts';
import { commentText } from '../../src/formats/comments.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

/** The layout as plain data. Entries without comments are left out. */
function layoutOf(...lines: string[]): unknown {
  const { layout, issues } = parseScript(lines.join('\n'), 'rules');
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  return layout && plain(layout);
}

function plain({ head, services, tail }: Layout) {
  return {
    head,
    services: Object.fromEntries(
      Array.from(services, ([key, { destinations, ...service }]) => [
        key,
        { ...service, destinations: Object.fromEntries(destinations) },
      ]),
    ),
    tail,
  };
}

function everyComment({ head, services, tail }: Layout): string[] {
  const all = [...head, ...tail];
  for (const { above, beside, below, destinations } of services.values()) {
    all.push(...above, ...(beside === undefined ? [] : [beside]), ...below);
    for (const each of destinations.values())
      all.push(...each.above, ...(each.beside === undefined ? [] : [each.beside]));
  }
  return all;
}

const SERVICE = '-A -t 192.0.2.1:80 -s rr';
const SERVER = '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1';
const NEXT = '-A -u 192.0.2.1:53 -s rr';

describe('the comments of a save file', () => {
  test('stand above, beside and below the entries that they are about', () => {
    expect(
      layoutOf(
        '#!/bin/sh',
        '# rules of lb1',
        '# by netops',
        '',
        '# shop',
        `${SERVICE} # ticket 7`,
        '# the fast one',
        `${SERVER} # web1`,
        '# that is all',
        '',
        '# resolver',
        NEXT,
        '',
        '# end of file',
      ),
    ).toEqual({
      head: ['rules of lb1', 'by netops'],
      services: {
        'tcp://192.0.2.1:80': {
          above: ['shop'],
          beside: 'ticket 7',
          destinations: { '10.0.0.1:80': { above: ['the fast one'], beside: 'web1' } },
          below: ['that is all'],
        },
        'udp://192.0.2.1:53': { above: ['resolver'], destinations: {}, below: [] },
      },
      tail: ['end of file'],
    });
  });

  test('keep a server that was taken out at its service, also without an empty line', () => {
    expect(
      layoutOf(
        SERVICE,
        SERVER,
        '#-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m # broken disk',
        '# ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.3:80 -m',
        '# resolver',
        NEXT,
      ),
    ).toMatchObject({
      services: {
        'tcp://192.0.2.1:80': {
          below: [
            '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m # broken disk',
            'ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.3:80 -m',
          ],
        },
        'udp://192.0.2.1:53': { above: ['resolver'] },
      },
    });
  });

  test('of entries that a later line deletes go to what is left', () => {
    expect(
      layoutOf(
        '# old',
        SERVICE,
        '# slow',
        SERVER,
        NEXT,
        '# one server',
        '-a -u 192.0.2.1:53 -r 10.0.0.1:53 -m',
        '-D -t 192.0.2.1:80',
        '-d -u 192.0.2.1:53 -r 10.0.0.1:53',
      ),
    ).toMatchObject({
      services: { 'udp://192.0.2.1:53': { below: ['one server'] } },
      tail: ['old', 'slow'],
    });
  });

  test('beside a line about the whole table are about the file', () => {
    expect(layoutOf('# a', '-C # start afresh', '--set 1 2 3', SERVICE)).toEqual({
      head: ['a', 'start afresh'],
      services: {},
      tail: [],
    });
  });

  test('of a text with errors are not arranged', () => {
    expect(parseScript('# a\n-A -t x', 'rules').layout).toBeUndefined();
  });

  const lines = fc.array(
    fc.oneof(
      fc.constantFrom(SERVICE, SERVER, NEXT, '', '-C', '-D -t 192.0.2.1:80', '--set 1 2 3'),
      fc.constantFrom('#a', '# b', `${SERVER} # c`, `#${SERVER}`, '-C # d', `${SERVICE} # e`),
    ),
    { maxLength: 12 },
  );
  /** Numbers the comments, so that each is known. */
  const numbered = (given: readonly string[]): readonly string[] =>
    given.map((line, index) => (line.includes('#') ? `${line} <${index}>` : line));
  const property = (read: (given: readonly string[]) => Layout | undefined) =>
    fc.property(lines, (given) => {
      const found = read(numbered(given));
      if (!found) return;
      const wanted = numbered(given).flatMap((line) => {
        const at = line.indexOf('#');
        return at === -1 ? [] : [commentText(line.slice(at))];
      });
      const all = everyComment(found).join('\n');
      for (const comment of wanted) expect(all.split(comment)).toHaveLength(2);
    });
  const read = (given: readonly string[]) => parseScript(given.join('\n'), 'rules').layout;

  test('are in the layout exactly once, whatever the lines are', () => holds(property(read)));

  test('would be missed if those below a service were lost', () =>
    isBrokenBy(
      property((given) => {
        const layout = read(given);
        return (
          layout && {
            ...layout,
            services: new Map(Array.from(layout.services, ([k, s]) => [k, { ...s, below: [] }])),
          }
        );
      }),
    ));
});
