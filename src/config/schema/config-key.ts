import { suggest } from '../suggest.ts';

/** A part of schemas/config.schema.json. */
export interface SchemaNode {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: { readonly [key: string]: SchemaNode | true };
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly allOf?: readonly SchemaNode[];
  readonly then?: SchemaNode;
  readonly else?: SchemaNode;
  readonly $ref?: string;
  readonly definitions?: { readonly [name: string]: SchemaNode };
}

/** A key of the configuration, or the whole configuration. */
export interface ConfigKey {
  /** The keys that lead to it, without indexes; empty for the whole configuration. */
  readonly path: readonly string[];
  readonly schema: SchemaNode;
  readonly isRequired: boolean;
  /** The keys that its mapping, or each mapping of its list, has. */
  readonly keys: readonly { readonly name: string; readonly description: string }[];
}

/** A path whose first keys exist, and whose next one does not. */
export interface UnknownKey {
  readonly parent: readonly string[];
  readonly word: string;
  /** The keys that exist there. */
  readonly keys: readonly string[];
  /** The key that was probably meant, here or deeper: the words after `parent`. */
  readonly near: readonly string[] | undefined;
}

/**
 * Finds a key of the configuration by a path such as `services.scheduler`, `services[0].scheduler`
 * or `profiles.web.persistence`. Indexes of lists may be written, and mean nothing.
 */
export function findConfigKey(root: SchemaNode, text: string): ConfigKey | UnknownKey {
  const path = text
    .replaceAll(/\[\d*\]/g, '')
    .split('.')
    .filter((word) => word !== '');
  let schema = resolve(root, root);
  let isRequired = false;
  for (const [depth, word] of path.entries()) {
    const { keys, others, required } = mappingOf(schema, root);
    const next = keys.get(word) ?? others;
    if (!next) {
      const near = nearestKey(word, schema, root);
      return { parent: path.slice(0, depth), word, keys: [...keys.keys()], near };
    }
    isRequired = required.has(word);
    schema = resolve(next, root);
  }
  const { keys } = mappingOf(schema, root);
  return {
    path,
    schema,
    isRequired,
    keys: Array.from(keys, ([name, { description = '' }]) => ({ name, description })),
  };
}

/** Finds the nearest key of a mapping or, when none is near, of the mappings in it. */
function nearestKey(word: string, part: SchemaNode, root: SchemaNode): string[] | undefined {
  const { keys } = mappingOf(part, root);
  const own = suggest(word, [...keys.keys()]);
  if (own !== undefined) return [own];
  for (const [name, inner] of keys) {
    const found = nearestKey(word, inner, root);
    if (found) return [name, ...found];
  }
  return undefined;
}

interface Mapping {
  readonly keys: ReadonlyMap<string, SchemaNode>;
  /** The schema of all other keys, where any name is allowed. */
  readonly others: SchemaNode | undefined;
  readonly required: ReadonlySet<string>;
}

/** The keys of a mapping, of each item of a list, or of all mappings that a value can be. */
function mappingOf(part: SchemaNode, root: SchemaNode): Mapping {
  const schema = resolve(part, root);
  if (schema.items) return mappingOf(schema.items, root);
  const choices = [schema.else, schema.then].flatMap((choice) =>
    choice ? [mappingOf(choice, root)] : [],
  );
  const own = Object.entries(schema.properties ?? {}).filter(
    (entry): entry is [string, SchemaNode] => entry[1] !== true,
  );
  const { additionalProperties } = schema;
  return {
    keys: new Map([...choices.flatMap(({ keys }) => [...keys]), ...own]),
    others: typeof additionalProperties === 'object' ? additionalProperties : undefined,
    required: new Set(schema.required),
  };
}

/** Follows references. What is said at the reference has precedence over what it refers to. */
function resolve(part: SchemaNode, root: SchemaNode): SchemaNode {
  const reference = part.$ref ?? part.allOf?.[0]?.$ref;
  if (reference === undefined) return part;
  const referred = root.definitions?.[reference.split('/').at(-1) ?? ''];
  if (!referred) throw new Error(`the schema has no ${reference}`);
  const { $ref: _, allOf: __, ...own } = part;
  return { ...resolve(referred, root), ...own };
}
