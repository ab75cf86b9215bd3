import { IpvstateError } from '../../errors.ts';
import { parseServiceKey, type ServiceKey, serviceKey } from '../../model/service.ts';

const MAX_ECHOED = 100;
const DEFAULT_RUNS = 20;
const MAX_RUNS = 200;

/** Throws `USAGE` for a word of the query that its page does not know. */
export function expectWords(query: URLSearchParams, known: readonly string[]): void {
  const word = [...query.keys()].find((one) => !known.includes(one));
  if (word === undefined) return;
  const words = known.map((one) => `?${one}=`).join(', ');
  throw new IpvstateError('USAGE', `this page does not know "${word.slice(0, MAX_ECHOED)}"`, {
    hint: known.length === 0 ? 'It takes nothing after its path.' : `It knows ${words}.`,
  });
}

/**
 * Reads the services that a request names, by their addresses or by their names in the files. The
 * case of letters does not matter. Throws `USAGE`.
 */
export function servicesIn(
  query: URLSearchParams,
  most: number,
  names: ReadonlyMap<ServiceKey, string>,
): readonly ServiceKey[] {
  const words = query.getAll('service');
  if (words.length > most) {
    throw new IpvstateError(
      'USAGE',
      `${words.length} services are named, and at most ${most} can be`,
    );
  }
  return words.map((word) => serviceOf(word, names));
}

function serviceOf(word: string, names: ReadonlyMap<ServiceKey, string>): ServiceKey {
  const identity = parseServiceKey(word.toLowerCase());
  if (identity) return serviceKey(identity);
  const isNamed = (isSame: (name: string) => boolean): readonly ServiceKey[] =>
    [...names].flatMap(([key, name]) => (isSame(name) ? [key] : []));
  const exact = isNamed((name) => name === word);
  const lower = word.toLowerCase();
  const found = exact.length > 0 ? exact : isNamed((name) => name.toLowerCase() === lower);
  const [only] = found;
  const shown = `"${word.slice(0, MAX_ECHOED)}"`;
  if (only === undefined) {
    throw new IpvstateError('USAGE', `${shown} is neither the address nor the name of a service`, {
      hint: 'Write a name of the files, or an address such as tcp://192.0.2.10:443 or fwmark:7.',
    });
  }
  if (found.length === 1) return only;
  throw new IpvstateError('USAGE', `${found.length} services have the name ${shown}`, {
    hint: `Write the address of one, such as ${only}.`,
  });
}

/** Reads how many runs a request asks for. Throws `USAGE`. */
export function limitIn(query: URLSearchParams): number {
  const word = query.get('limit') ?? String(DEFAULT_RUNS);
  const limit = /^[1-9]\d{0,3}$/.test(word) ? Number(word) : MAX_RUNS + 1;
  if (limit <= MAX_RUNS) return limit;
  throw new IpvstateError('USAGE', `limit is not a number from 1 to ${MAX_RUNS}`);
}
