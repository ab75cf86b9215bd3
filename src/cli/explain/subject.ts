import {
  type ConfigKey,
  findConfigKey,
  type SchemaNode,
  type UnknownKey,
} from '../../config/schema/config-key.ts';
import { suggest } from '../../config/suggest.ts';
import { IpvstateError } from '../../errors.ts';
import type { Loaded } from '../../sources/load.ts';

/** The word that may begin the path of a key, and alone means the whole configuration. */
const ROOT = 'config';

/**
 * Finds the key of the configuration that a text means. Returns undefined when the text is the name
 * of a service. Throws `USAGE` when it can be both, or is none. A key needs no files, so that
 * `files` may be the reason why they could not be read.
 */
export async function findKeyOrService(
  text: string,
  files: Loaded | IpvstateError,
): Promise<ConfigKey | undefined> {
  const schema = (await import('../../../schemas/config.schema.json', { with: { type: 'json' } }))
    .default as SchemaNode;
  const isPlainKey = text === ROOT || text.startsWith(`${ROOT}.`);
  const found = findConfigKey(schema, isPlainKey ? text.slice(ROOT.length) : text);
  const isKey = 'schema' in found;
  if (isPlainKey) {
    if (isKey) return found;
    throw unknownKey(found);
  }
  const names =
    files instanceof IpvstateError ? undefined : [...new Set(files.desired?.names.values())];
  const isName = names?.includes(text) ?? false;
  if (!isKey) {
    if (isName) return undefined;
    if (found.parent.length > 0) throw unknownKey(found);
    if (names && !(files instanceof IpvstateError) && files.desired)
      throw unknownName(text, names, found);
    return undefined;
  }
  if (!isName) return found;
  throw new IpvstateError(
    'USAGE',
    `"${text}" is the name of a service, and a key of the configuration`,
    { hint: `Name the service by its address, or the key as ${ROOT}.${text}.` },
  );
}

function unknownKey({ parent, word, keys, near }: UnknownKey): IpvstateError {
  const path = parent.join('.');
  const known = keys.length === 0 ? 'It has no keys.' : `It has: ${keys.join(', ')}.`;
  return new IpvstateError('USAGE', `${path || 'the configuration'} has no key "${word}"`, {
    hint: near === undefined ? known : `Did you mean ${[...parent, ...near].join('.')}?`,
  });
}

const SHOWN = 10;

function unknownName(
  text: string,
  names: readonly string[],
  { keys, near: deeper }: UnknownKey,
): IpvstateError {
  const near = suggest(text, [...names, ...keys]) ?? deeper?.join('.');
  const some = names.slice(0, SHOWN).map((name) => `"${name}"`);
  const known =
    names.length === 0
      ? 'No service in the files has a name: write an address such as tcp://192.0.2.10:443.'
      : `The names are ${some.join(', ')}${names.length > SHOWN ? ' and others' : ''}.`;
  return new IpvstateError(
    'USAGE',
    `no service has the name "${text}", and the configuration has no such key`,
    { hint: near === undefined ? known : `Did you mean "${near}"?` },
  );
}
