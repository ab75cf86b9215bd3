import type { Destination, DestinationKey } from '../../model/destination.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { ChecksMapping, HealthMapping } from '../config.ts';
import { LINE_WIDTH } from './destination-lists.ts';
import { yamlWord } from './yaml-scalar.ts';

/** The checks of one service as a configuration writes them, for the text of another program. */
export interface WrittenHealth {
  /** The checks of the service, without its fallback. */
  readonly service: HealthMapping;
  /** The destinations that are checked in another way, or not at all. */
  readonly destinations: ReadonlyMap<DestinationKey, ChecksMapping | 'off'>;
  /** The destination that takes traffic when no other one is usable, with its own weight. */
  readonly fallback?: Destination;
}

export type WrittenHealths = ReadonlyMap<ServiceKey, WrittenHealth>;

/** A value that is formatted already. */
export interface Formatted {
  readonly text: string;
}

/** A value of `health`, whose text is that of YAML. */
type Value = string | number | boolean | undefined | readonly (Formatted | string)[] | object;

/** Formats a mapping, a list or a scalar in one line. */
export function flowValue(value: Value): string {
  if (typeof value === 'string') return value === 'off' ? value : yamlWord(value);
  if (typeof value !== 'object') return `${value}`;
  if (isList(value)) return `[${value.map(itemText).join(', ')}]`;
  const pairs = Object.entries(value).map(([key, member]) => `${key}: ${flowValue(member)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** Formats a pair: in one line when it fits, or else with each of its own pairs in one line. */
export function pairLines(key: string, value: Value, indent: string): string[] {
  const line = `${indent}${key}: ${flowValue(value)}`;
  if (line.length <= LINE_WIDTH || typeof value !== 'object') return [line];
  const below = isList(value)
    ? value.map((item) => `${indent}  - ${itemText(item)}`)
    : Object.entries(value).flatMap(([name, member]) => pairLines(name, member, `${indent}  `));
  return [`${indent}${key}:`, ...below];
}

function isList(value: object): value is readonly (Formatted | string)[] {
  return Array.isArray(value);
}

function itemText(item: Formatted | string): string {
  return typeof item === 'string' ? yamlWord(item) : item.text;
}
