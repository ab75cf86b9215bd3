import { type Address, parseAddress } from '../../model/address.ts';
import { parseEndpoint } from '../../model/endpoint.ts';
import type { Context } from './context.ts';
import type { Statement, Word } from './tree.ts';

/** Reads a decimal number. Returns undefined after reporting an error. */
export function readNumber(
  word: Word | undefined,
  name: string,
  range: { readonly min: number; readonly max: number },
  { position }: Pick<Statement, 'position'>,
  { report }: Context,
): number | undefined {
  const { min, max } = range;
  if (word === undefined) {
    report('MISSING_KEY', `${name} has no value`, position, { hint: `write a number behind it` });
    return undefined;
  }
  if (!/^\d{1,15}$/.test(word.text)) {
    const message = `${JSON.stringify(word.text)} is not a number`;
    report('BAD_VALUE', message, word.position, { hint: `${name} is from ${min} to ${max}` });
    return undefined;
  }
  const value = Number(word.text);
  if (value >= min && value <= max) return value;
  report('OUT_OF_RANGE', `${name} is from ${min} to ${max}, not ${value}`, word.position);
  return undefined;
}

/** Reads an address. Returns undefined after reporting an error. */
export function readAddress({ text, position }: Word, { report }: Context): Address | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  const endpoint = parseEndpoint(text);
  const hint =
    endpoint?.port !== undefined
      ? `write the port after a blank: ${endpoint.address} ${endpoint.port}`
      : /[/-]/.test(text)
        ? 'only a virtual_server_group has ranges'
        : 'names are not resolved: write an IPv4 or IPv6 address';
  report('ADDRESS', `${JSON.stringify(text)} is not an IP address`, position, { hint });
  return undefined;
}

const PORT = { min: 0, max: 65_535 };

/** Reads an address and, behind it, a port: 0 when there is none. */
export function readServer(
  statement: Statement,
  context: Context,
): { readonly address: Address; readonly port: number } | undefined {
  const [host, port, ...others] = statement.words;
  if (!host) {
    context.report('MISSING_KEY', `${statement.keyword} has no address`, statement.position);
    return undefined;
  }
  warnOfIgnored(others, context);
  const address = readAddress(host, context);
  const number = port ? readNumber(port, 'a port', PORT, statement, context) : 0;
  return address === undefined || number === undefined ? undefined : { address, port: number };
}

/** Warns of words that keepalived does not look at. */
export function warnOfIgnored(words: readonly Word[], { report }: Context): void {
  const [word] = words;
  if (!word) return;
  const message = `keepalived ignores ${JSON.stringify(word.text)}`;
  report('NO_EFFECT', message, word.position, { severity: 'warning', hint: 'remove it' });
}

/** Returns the only word of a statement. Returns undefined after reporting that there is none. */
export function onlyWord(statement: Statement, context: Context): Word | undefined {
  const [word, ...others] = statement.words;
  if (!word) context.report('MISSING_KEY', `${statement.keyword} has no value`, statement.position);
  warnOfIgnored(others, context);
  return word;
}
