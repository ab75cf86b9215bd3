import type { ConfigKey, SchemaNode } from '../../config/schema/config-key.ts';
import { wrap } from '../../render/explain/wrap.ts';
import { formatJson } from '../../render/json.ts';
import type { Style } from '../../render/style.ts';
import { ipvsadmOptions } from './ipvsadm-options.ts';

function titleOf({ path }: ConfigKey): string {
  return path.length === 0 ? 'config' : path.join('.');
}

function typesOf({ type = [] }: SchemaNode): readonly string[] {
  return typeof type === 'string' ? [type] : type;
}

/** The names that people give the types of JSON. */
const TYPES: Readonly<Record<string, string>> = {
  object: 'mapping',
  array: 'list',
  string: 'text',
  boolean: 'true or false',
  integer: 'whole number',
};

/** Formats the description of a key, and the keys in it. */
export function formatKey(
  key: ConfigKey,
  { style, width }: { readonly style: Style; readonly width: number },
): string {
  const { schema, isRequired, keys } = key;
  const options = ipvsadmOptions(key);
  const rows = [
    [
      'type',
      typesOf(schema)
        .map((type) => TYPES[type] ?? type)
        .join(', '),
    ],
    ['values', (schema.enum ?? []).map(valueText).join(', ')],
    ['range', rangeText(schema)],
    ['default', schema.default === undefined ? '' : valueText(schema.default)],
    ['required', isRequired ? 'yes' : ''],
    ['ipvsadm', options.join('; ')],
    ...(schema.examples ?? []).map((example) => ['example', exampleText(key, example)]),
  ].filter(([, value]) => value !== '');
  const nameWidth = keys.reduce((widest, { name }) => Math.max(widest, name.length), 0);
  const lines = [
    style.strong(titleOf(key)),
    ...wrap(schema.description ?? '', width - 2).map((line) => `  ${line}`),
    '',
    ...rows.flatMap(([name = '', value = '']) => inColumns(name, 8, value, width)),
    ...(keys.length === 0 ? [] : ['', 'Keys:']),
    ...keys.flatMap(({ name, description }) =>
      inColumns(name, nameWidth, firstSentence(description), width),
    ),
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** Formats the JSON document of a key (schemas/explanation.schema.json). */
export function formatKeyJson(key: ConfigKey): string {
  const { path, schema, isRequired, keys } = key;
  return formatJson({
    format: 'ipvstate-explanation',
    version: 1,
    subject: 'key',
    key: path.join('.'),
    description: schema.description ?? '',
    types: typesOf(schema),
    required: isRequired,
    ...(schema.enum && { values: schema.enum }),
    ...(schema.minimum !== undefined && { minimum: schema.minimum }),
    ...(schema.maximum !== undefined && { maximum: schema.maximum }),
    ...(schema.default !== undefined && { default: schema.default }),
    examples: schema.examples ?? [],
    ipvsadm: ipvsadmOptions(key),
    keys: keys.map(({ name, description }) => ({ name, description })),
  });
}

function rangeText({ minimum, maximum }: SchemaNode): string {
  if (minimum === undefined) return '';
  return maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`;
}

/** Returns a value as YAML shows it in a line. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return plainOrQuoted(value);
  const members = Object.entries(value).map(([name, member]) => `${name}: ${valueText(member)}`);
  return `{ ${members.join(', ')} }`;
}

function plainOrQuoted(value: unknown): string {
  const isPlain =
    typeof value !== 'string' || /^[A-Za-z0-9][\w./-]*(?:[\w:/.-]*\w)?%?$/.test(value);
  return isPlain ? String(value) : JSON.stringify(value);
}

/** Returns an example of a value, below its key. */
function exampleText({ path }: ConfigKey, example: unknown): string {
  const name = path.at(-1);
  return name === undefined ? valueText(example) : `${name}: ${valueText(example)}`;
}

/** A name, and a text beside it that has several lines when it is long. */
function inColumns(name: string, nameWidth: number, text: string, width: number): string[] {
  return wrap(text, width - nameWidth - 4).map(
    (line, index) => `  ${(index === 0 ? name : '').padEnd(nameWidth)}  ${line}`,
  );
}

function firstSentence(text: string): string {
  return /^.*?[.](?= |$)/.exec(text)?.[0] ?? text;
}
