import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { isNodeName, isNodePattern } from '../../src/model/node.ts';
import { briefProblemsOf } from '../support/config-problems.ts';

const SERVICE = 'services: [{ address: tcp://192.0.2.1:80, destinations: [10.0.0.1] }]';

describe('a list of nodes', () => {
  it.each([
    ['timeouts: { nodes: [], tcp: 5m }', 'an empty list of nodes would be for no node'],
    ['timeouts: { nodes: [a b], tcp: 5m }', '"a b" is not the name of a node'],
    ['timeouts: { nodes: [../lb1], tcp: 5m }', '"../lb1" is not the name of a node'],
    ['timeouts: { nodes: [""], tcp: 5m }', '"" is not the name of a node'],
    ['timeouts: { nodes: lb1, tcp: 5m }', 'nodes is "lb1"; it must be a list'],
    ['timeouts: { nodes: [1], tcp: 5m }', 'an item of nodes is 1; it must be text'],
    ['manage: { nodes: [lb1], include: [{ port: 80 }] }', '"manage" has no key "nodes"'],
    ['limits: { nodes: [lb1], max_service_deletes: 1 }', '"limits" has no key "nodes"'],
  ])('is refused as in %s', (line, message) => {
    const problems = briefProblemsOf(`version: 1\n${SERVICE}\n${line}\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it('is checked on an object that no service uses', () => {
    const text = `version: 1\n${SERVICE}\npools: { a: [{ address: 10.0.0.9, nodes: [/] }] }\n`;
    expect(briefProblemsOf(text).join()).toContain('"/" is not the name of a node');
  });

  it('that is wrong in an anchored value is reported once', () => {
    const text = `version: 1
services:
  - { address: tcp://192.0.2.1:80, destinations: &d [{ address: 10.0.0.1, nodes: [/] }] }
  - { address: tcp://192.0.2.2:80, destinations: *d }
`;
    const errors = briefProblemsOf(text).filter((line) => line.includes(' error '));
    expect(errors).toEqual([expect.stringContaining('3:83 error NODE: "/" is not the name')]);
  });

  it('of an invalid object is read all the same', () => {
    const text = `version: 1\nservices: [{ nodes: [lb1] }, { nodes: [lb2], address: 5 }, 7, null]\n`;
    expect([...(parseConfig(text, 'a').nodes?.patterns ?? [])]).toEqual(['lb1', 'lb2']);
  });

  it('makes no pool or profile unused that another node uses', () => {
    const text = `version: 1
profiles: { web: { destinations: [{ pool: a }] } }
pools: { a: [10.0.0.1], b: [10.0.0.2] }
services:
  - { address: tcp://192.0.2.1:80, nodes: [lb1], profile: web }
  - { address: tcp://192.0.2.2:80, destinations: [10.0.0.3, { pool: b, nodes: [lb1] }] }
`;
    for (const node of ['lb1', 'lb2'])
      expect(parseConfig(text, 'a', undefined, node).issues).toEqual([]);
  });

  it('lets each node have its own version of a service', () => {
    const text = `version: 1
services:
  - { address: tcp://192.0.2.1:80, nodes: [lb1], destinations: [10.0.0.1] }
  - { address: tcp://192.0.2.1:80, nodes: [lb2], destinations: [10.0.0.2] }
`;
    const destinations = (node: string) => {
      const [entry] = parseConfig(text, 'a', undefined, node).desired?.services.values() ?? [];
      return [...(entry?.destinations.keys() ?? [])];
    };
    expect([destinations('lb1'), destinations('lb2')]).toEqual([['10.0.0.1:80'], ['10.0.0.2:80']]);
    expect(parseConfig(text.replace('lb2', '"lb*"'), 'a', undefined, 'lb1').issues).toMatchObject([
      { code: 'DUPLICATE', position: { line: 4 } },
    ]);
  });
});

describe('the name of a node', () => {
  it.each(['lb1', 'site-a.lb_2', '10', '_x'])('can be %s', (name) => {
    expect(isNodeName(name)).toBe(true);
    expect(isNodePattern(`*${name}`)).toBe(true);
  });

  it.each(['', '.', '..', '-x', 'a/b', 'a b', 'a*', 'ä', 'a\n', 'x'.repeat(65)])(
    'cannot be %j',
    (name) => {
      expect(isNodeName(name)).toBe(false);
    },
  );
});
