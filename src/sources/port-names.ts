import { readFile } from 'node:fs/promises';
import { cannotRead, isAbsent } from '../errors.ts';
import { type PortNames, parsePortNames } from '../formats/port-names.ts';

const PATH = '/etc/services';

/** Reads this machine's /etc/services. There are no names when the file does not exist. */
export async function readPortNames(): Promise<PortNames> {
  try {
    return parsePortNames(await readFile(PATH, 'utf8'));
  } catch (error) {
    if (isAbsent(error)) return parsePortNames('');
    throw cannotRead(PATH, error);
  }
}
