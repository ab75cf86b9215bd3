import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
// @ts-expect-error The generator is plain JavaScript: CI runs it without a build.
import { compileSchema } from '../../.ci/compile-schema.js';
import { MAPPINGS } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';

interface Node {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly definitions?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly examples?: readonly unknown[];
}

const schema = JSON.parse(readFileSync('schemas/config.schema.json', 'utf8')) as Node;
const { properties = {}, definitions = {} } = schema;

/** Every field and definition, with its path. */
function fields(node: Node, path: string): [string, Node][] {
  const inner = Object.entries({ ...node.properties, ...node.definitions }).flatMap(
    ([key, value]) => fields(value, `${path}/${key}`),
  );
  if (node.items) inner.push(...fields(node.items, `${path}[]`));
  if (typeof node.additionalProperties === 'object')
    inner.push(...fields(node.additionalProperties, `${path}/*`));
  return [[path, node], ...inner];
}

const ALL = fields(schema, '#');
const ajv = new Ajv.default({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema);

describe('the schema', () => {
  it('is the source of the committed validator', () => {
    expect(readFileSync('src/config/schema/validate.generated.js', 'utf8')).toBe(compileSchema());
  });

  it('describes every field, with examples', () => {
    const bare = ALL.filter(
      ([, node]) =>
        typeof node.description !== 'string' ||
        !Array.isArray(node.examples) ||
        node.examples.length === 0,
    );
    expect(bare.map(([path]) => path)).toEqual([]);
    expect(ALL.length).toBeGreaterThan(80);
  });

  it('accepts its own examples', () => {
    for (const [path, node] of ALL) {
      const validate = ajv.compile({ ...node, definitions, $id: `example:${path}` });
      for (const example of node.examples ?? [])
        expect(
          validate(example),
          `${path} ${JSON.stringify(example)} ${JSON.stringify(validate.errors)}`,
        ).toBe(true);
    }
  });

  it('refuses every key that it does not name', () => {
    const open = ALL.filter(
      ([, { type, additionalProperties }]) =>
        [type].flat().includes('object') && additionalProperties === undefined,
    );
    // These definitions choose between closed mappings.
    expect(open.map(([path]) => path)).toEqual(['#/destination', '#/poolMember']);
  });

  it('has exactly the keys that messages name', () => {
    const keysOf = (node: Node | undefined) => Object.keys(node?.properties ?? {}).sort();
    const item = (name: string) => properties[name]?.items;
    const expected = {
      root: keysOf(schema),
      manage: keysOf(properties.manage),
      selector: keysOf(definitions.selector),
      sysctls: keysOf(properties.sysctls),
      drain: keysOf(definitions.drain),
      health: keysOf(definitions.health),
      destinationHealth: keysOf(definitions.destinationHealth),
      tcpCheck: keysOf(definitions.tcpCheck),
      httpCheck: keysOf(definitions.httpCheck),
      udpCheck: keysOf(definitions.udpCheck),
      dnsCheck: keysOf(definitions.dnsCheck),
      commandCheck: keysOf(definitions.commandCheck),
      limits: keysOf(properties.limits),
      defaults: keysOf(properties.defaults),
      timeouts: keysOf(properties.timeouts),
      syncDaemon: keysOf(item('sync_daemons')),
      profile: keysOf(properties.profiles?.additionalProperties as Node),
      service: keysOf(item('services')),
      destination: keysOf(definitions.member),
      poolReference: keysOf(definitions.poolReference),
      tunnel: keysOf(definitions.tunnel),
      persistence: keysOf(item('services')?.properties?.persistence),
    };
    const named = Object.fromEntries(
      Object.entries(MAPPINGS).map(([kind, { keys }]) => [kind, [...keys].sort()]),
    );
    expect(named).toEqual(expected);
  });

  it('has an example that the program accepts', () => {
    for (const example of schema.examples ?? [])
      expect(parseConfig(JSON.stringify(example), 'c.json').issues).toEqual([]);
  });
});
