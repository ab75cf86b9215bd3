import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type ParseResult, parseConfig } from '../../src/config/parse.ts';
import { defaultsOf, type FieldValue, fieldsOf } from '../../src/model/attributes.ts';
import type { Desired } from '../../src/model/desired.ts';
import { DESTINATION_ATTRIBUTES, type DestinationKey } from '../../src/model/destination.ts';
import type { Position } from '../../src/model/issue.ts';
import { SERVICE_ATTRIBUTES } from '../../src/model/service.ts';
import { configs, EXPLAINED, jsonOf, OTHER, yamlOf } from '../support/arbitrary-config.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { keyOf } from '../support/tables.ts';

const key = keyOf(EXPLAINED);

interface Attribute {
  readonly destination: DestinationKey | undefined;
  readonly name: string;
  readonly value: FieldValue | undefined;
}

/** Every attribute of the explained service that can be written in a file, and its value. */
function attributesOf(desired: Desired): Attribute[] {
  const entry = desired.services.get(key);
  if (!entry) throw new Error('the service is missing');
  const policy = desired.policy?.services.get(key);
  const service = {
    ...fieldsOf(SERVICE_ATTRIBUTES, entry.service),
    protect: policy?.protect ?? false,
    'drain.timeout': policy?.drain?.timeoutSeconds ?? null,
    'drain.linger': policy?.drain?.lingerSeconds ?? null,
  };
  const rows = (fields: object, destination?: DestinationKey): Attribute[] =>
    Object.entries(fields).map(([name, value]) => ({ destination, name, value }));
  return [
    ...rows(service),
    ...[...entry.destinations].flatMap(([each, destination]) => {
      const preserved = policy?.preserve.get(each);
      const preserve = preserved ? JSON.stringify(preserved) : null;
      return rows({ ...fieldsOf(DESTINATION_ATTRIBUTES, destination), preserve }, each);
    }),
  ];
}

function shownValue(desired: Desired, { name, destination }: Attribute): string {
  const found = attributesOf(desired).find(
    (other) => other.name === name && other.destination === destination,
  );
  return JSON.stringify(found?.value);
}

const BUILT_IN: Readonly<Record<string, FieldValue | undefined>> = {
  ...Object.fromEntries(
    [...SERVICE_ATTRIBUTES, ...DESTINATION_ATTRIBUTES].map((row) => [
      row.name,
      row.default as FieldValue,
    ]),
  ),
  ...fieldsOf(SERVICE_ATTRIBUTES, {
    ...defaultsOf(SERVICE_ATTRIBUTES),
    ...{ key, identity: { kind: 'fwmark', fwmark: 1, family: 'ipv4' } },
  }),
  'tunnel.port': null,
  protect: false,
  preserve: null,
};

/** Finds the value in a text of JSON, or JSON inside YAML, that begins at a position. */
function valueAt(text: string, { line, column }: Position): { start: number; end: number } {
  const before = text.split('\n').slice(0, line - 1);
  const start = before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
  for (let end = start + 1; end <= text.length; end++) {
    // A number is only whole when the next character is none of it.
    if (/\d/.test(text[end - 1] ?? '') && /\d/.test(text[end] ?? '')) continue;
    try {
      JSON.parse(text.slice(start, end));
      return { start, end };
    } catch {
      // The value goes on.
    }
  }
  throw new Error(`no value at ${line}:${column}`);
}

/** Another value that is allowed in place of one. */
function otherValue(name: string, value: unknown): unknown {
  switch (name) {
    case 'scheduler':
      return value === 'lc' ? 'rr' : 'lc';
    case 'scheduler_flags':
      return ['flag-3'];
    case 'persistence.timeout':
      if (typeof value === 'boolean') return !value;
      return typeof value === 'object' ? 'off' : '7m';
    case 'persistence.netmask':
      return value === 24 ? 25 : 24;
    case 'persistence.engine':
      return 'other';
    case 'drain.timeout':
      return '7m';
    case 'drain.linger':
      return '3m';
    case 'preserve':
      return Array.isArray(value) && value.length === 1 ? [] : ['weight'];
    case 'forward':
      return value === 'masq' ? 'route' : 'masq';
    case 'tunnel.type':
      return 'ipip';
    case 'tunnel.checksum':
      return value === 'csum' ? 'none' : 'csum';
    default:
      return typeof value === 'number' ? value + 1 : !value;
  }
}

/** An edit of one of these alone can break a rule about several of them. */
const DEPENDENT = ['forward', 'tunnel.type'];

/** Throws when an attribute of the explained service does not come from where the origins say. */
function checkOrigins(text: string, { desired, origins }: ParseResult): void {
  fc.pre(desired !== undefined);
  if (!desired || !origins) throw new Error('there are no origins');
  for (const attribute of attributesOf(desired)) {
    const { destination, name, value } = attribute;
    const of = destination === undefined ? origins.service : origins.destinations.get(destination);
    const origin = of?.get(name);
    const subject = `${destination ?? ''} ${name} ${JSON.stringify(value)}`;
    if (!origin) {
      const isBuiltIn = value === null || JSON.stringify(BUILT_IN[name]) === JSON.stringify(value);
      const isLinger = name === 'drain.linger' && value === 120;
      if (!isBuiltIn && !isLinger) throw new Error(`${subject} is not built in\n${text}`);
      continue;
    }
    const { start, end } = valueAt(text, origin.position);
    const other = JSON.stringify(otherValue(name, JSON.parse(text.slice(start, end))));
    const edited = parseConfig(text.slice(0, start) + other + text.slice(end), 'a').desired;
    const isChanged = edited
      ? shownValue(edited, attribute) !== JSON.stringify(value)
      : DEPENDENT.includes(name);
    if (!isChanged) throw new Error(`${subject} stays after ${other} at ${start}\n${text}`);
  }
}

const texts = fc
  .tuple(configs, fc.boolean())
  .map(([config, isYaml]) => (isYaml ? yamlOf(config) : jsonOf(config)));

describe('the origins of a service', () => {
  it('name the places that change its values, and leave out only built-in values', async () => {
    await holds(
      fc.property(texts, (text) => checkOrigins(text, parseConfig(text, 'a', key))),
      60,
    );
  });

  it('are not those of another service with the same keys', async () => {
    await isBrokenBy(
      fc.property(texts, (text) => checkOrigins(text, parseConfig(text, 'a', keyOf(OTHER)))),
    );
  });

  it('do not change what is desired', async () => {
    await holds(
      fc.property(texts, (text) => {
        const explained = parseConfig(text, 'a', key).desired;
        const usual = parseConfig(text, 'a').desired;
        const plain = (desired: Desired | undefined): unknown =>
          desired && [...attributesOf(desired), ...desired.services.keys()];
        return JSON.stringify(plain(explained)) === JSON.stringify(plain(usual));
      }),
      100,
    );
  });
});
