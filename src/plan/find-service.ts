import { IpvstateError } from '../errors.ts';
import type { DestinationKey } from '../model/destination.ts';
import { parseEndpoint } from '../model/endpoint.ts';
import { nearest } from '../model/nearest.ts';
import { parseServiceKey, type ServiceKey, serviceKey } from '../model/service.ts';

/** The services that a command line can name. */
export interface KnownServices {
  /** In the files, or live. */
  readonly keys: Iterable<ServiceKey>;
  /** The names in the files. */
  readonly names: ReadonlyMap<ServiceKey, string>;
}

/** Tells whether a text is meant as the address of a service, and not as a name. */
export function isServiceAddress(text: string): boolean {
  return (
    text.includes('://') || text.startsWith('fwmark:') || parseEndpoint(text)?.port !== undefined
  );
}

/**
 * Finds the one service that a command line names: by its address, by its address without the
 * protocol, or by its name in the files. Throws `USAGE` when there is none, or are several.
 */
export function findService(text: string, { keys, names }: KnownServices): ServiceKey {
  const identity = parseServiceKey(text);
  const endpoint = parseEndpoint(text);
  const all = [...new Set(keys)];
  const isNamed = (key: ServiceKey): boolean => {
    if (identity) return key === serviceKey(identity);
    const own = endpoint && parseServiceKey(key);
    const isAt =
      own?.kind === 'address' && own.address === endpoint?.address && own.port === endpoint.port;
    return isAt || names.get(key) === text;
  };
  const found = all.filter(isNamed);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const isAddress = isServiceAddress(text);
  if (only !== undefined) {
    const what = isAddress ? `have the address ${text}` : `have the name "${text}"`;
    throw new IpvstateError('USAGE', `${found.length} services ${what}`, {
      hint: `Name one by its whole address: ${listed(found)}.`,
    });
  }
  if (isAddress) {
    throw new IpvstateError('USAGE', `there is no service ${text}`, {
      hint: hintFor(text, all, 'The services are'),
    });
  }
  if (names.size === 0) throw noNames(text, all);
  throw new IpvstateError('USAGE', `no service has the name "${text}"`, {
    hint: hintFor(text, [...names.values()], 'The names are'),
  });
}

/** Returns the error for a name where no file names a service. */
function noNames(text: string, keys: Iterable<ServiceKey>): IpvstateError {
  const [key] = keys;
  const example = key === undefined ? '' : `, such as ${key}`;
  return new IpvstateError('USAGE', `no service has the name "${text}": no file names a service`, {
    hint: `Names come from the files: name the files with -f, or write an address${example}.`,
  });
}

/**
 * Finds the one destination of a service that a command line names: by its address and port, or by
 * its address alone. Throws `USAGE` when there is none, or several have the address.
 */
export function findDestination(
  text: string,
  service: ServiceKey,
  keys: Iterable<DestinationKey>,
): DestinationKey {
  const all = [...new Set(keys)];
  const found = all.filter((key) => isDestinationNamed(key, text));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) {
    throw new IpvstateError(
      'USAGE',
      `${found.length} destinations of ${service} have the address ${text}`,
      { hint: `Add the port: ${listed(found)}.` },
    );
  }
  throw new IpvstateError('USAGE', `${service} has no destination ${text}`, {
    hint: hintFor(text, all, 'It has', all.map(addressIn)),
  });
}

/** Tells whether a word names a destination. A word without a port stands for every port. */
export function isDestinationNamed(destination: string, word: string): boolean {
  const [own, wanted] = [parseEndpoint(destination), parseEndpoint(word)];
  if (!own || !wanted || own.address !== wanted.address) return false;
  return wanted.port === undefined || own.port === wanted.port;
}

const SHOWN = 10;

function listed(texts: readonly string[]): string {
  const hidden = texts.length - SHOWN;
  return `${texts.slice(0, SHOWN).join(', ')}${hidden > 0 ? `, and ${hidden} more` : ''}`;
}

/** The address in a key, without its port. */
function addressIn(key: DestinationKey): string {
  return parseEndpoint(key)?.address ?? key;
}

/** Hints at the choices that were probably meant, or at other `spellings` of them. */
function hintFor(
  text: string,
  choices: readonly string[],
  lead: string,
  spellings: readonly string[] = [],
): string {
  const near = nearest(text, [...choices, ...spellings]);
  if (near.length > 0) return `Did you mean ${near.join(' or ')}?`;
  return choices.length === 0 ? 'There are none.' : `${lead} ${listed([...new Set(choices)])}.`;
}
