import {
  type Address,
  addressFamily,
  compareAddresses,
  type Family,
  parseAddress,
} from '../../model/address.ts';
import { MAX_FWMARK } from '../../model/service.ts';
import { areResolved, type Context } from './context.ts';
import { addressRange, lastOfNetwork, withLastWord } from './range.ts';
import type { Statement, Word } from './tree.ts';
import { readAddress, readNumber, warnOfIgnored } from './values.ts';

/** A member of a `virtual_server_group`. */
export type Member =
  | { readonly kind: 'address'; readonly address: Address; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number; readonly family: Family | undefined };

export interface Group {
  readonly name: string;
  readonly statement: Statement;
  readonly members: readonly { readonly member: Member; readonly statement: Statement }[];
  /** False when a member is wrong, so that nothing can be said about its services. */
  readonly isWhole: boolean;
  isUsed: boolean;
}

/** A group with more addresses than this is a mistake. */
const MOST_ADDRESSES = 65_536;
const PORT = { min: 0, max: 65_535 };

/** Reads a `virtual_server_group`. Returns undefined after reporting that it has no name. */
export function readGroup(statement: Statement, context: Context): Group | undefined {
  const { words, block, position } = statement;
  const [name, ...others] = words;
  if (!areResolved(statement, context)) return undefined;
  if (!name || !block) {
    const [lacks, hint] = name
      ? ['block', 'write "{" behind it, and "}" after its last member']
      : ['name', 'write one behind it'];
    context.report('SYNTAX', `virtual_server_group has no ${lacks}`, position, { hint });
    return undefined;
  }
  warnOfIgnored(others, context);
  const members: { member: Member; statement: Statement }[] = [];
  let isWhole = true;
  for (const line of block.statements) {
    const read = areResolved(withKeyword(line), context) ? readMember(line, context) : undefined;
    if (!read) isWhole = false;
    for (const member of read ?? []) members.push({ member, statement: line });
  }
  if (members.length === 0 && isWhole)
    context.report('EMPTY', `the group ${name.text} has no members`, position);
  return { name: name.text, statement, members, isWhole, isUsed: false };
}

/** A member begins with its address: every word of it is a value. */
function withKeyword(line: Statement): Statement {
  return { ...line, words: [firstWord(line), ...line.words] };
}

function firstWord({ keyword, position }: Statement): Word {
  return { text: keyword, position };
}

/** Reads a line of a group. Returns undefined after reporting an error. */
function readMember(line: Statement, context: Context): readonly Member[] | undefined {
  if (line.block) {
    context.report('SYNTAX', 'a member of a group has no block', line.position);
    return undefined;
  }
  return line.keyword === 'fwmark' ? readMark(line, context) : readAddresses(line, context);
}

const FAMILIES: Readonly<Record<string, Family>> = { inet: 'ipv4', inet6: 'ipv6' };

function readMark(line: Statement, context: Context): readonly Member[] | undefined {
  const [mark, family, ...others] = line.words;
  warnOfIgnored(others, context);
  const fwmark = readNumber(mark, 'a fwmark', { min: 1, max: MAX_FWMARK }, line, context);
  if (family && !Object.hasOwn(FAMILIES, family.text)) {
    context.report('FAMILY', `${JSON.stringify(family.text)} is no family`, family.position, {
      hint: 'write inet or inet6',
    });
    return undefined;
  }
  if (fwmark === undefined) return undefined;
  return [{ kind: 'fwmark', fwmark, family: family && FAMILIES[family.text] }];
}

/** Reads `192.0.2.1 80`, `192.0.2.0/28 80`, `192.0.2.1-9 80` and `192.0.2.1-192.0.2.9 80`. */
function readAddresses(line: Statement, context: Context): readonly Member[] | undefined {
  const { report } = context;
  const word = firstWord(line);
  const [port, ...others] = line.words;
  warnOfIgnored(others, context);
  const number = port ? readNumber(port, 'a port', PORT, line, context) : 0;
  const [, start = '', separator = '', end = ''] = /^([^-/]*)([-/]?)(.*)$/.exec(word.text) ?? [];
  const first = readAddress({ text: start, position: word.position }, context);
  if (first === undefined || number === undefined) return undefined;
  const last = separator === '' ? first : lastAddress(first, separator, end);
  if (typeof last === 'object' || last === undefined) {
    const message = last?.problem ?? `${JSON.stringify(word.text)} is not a range of addresses`;
    report('ADDRESS', message, word.position, {
      hint: 'write 192.0.2.1-9, 192.0.2.1-192.0.2.9 or 192.0.2.0/28',
    });
    return undefined;
  }
  const addresses = addressRange(first, last, MOST_ADDRESSES);
  if (!addresses) {
    const message = `the range has more than ${MOST_ADDRESSES} addresses`;
    report('TOO_LARGE', message, word.position);
    return undefined;
  }
  return addresses.map((address) => ({ kind: 'address', address, port: number }));
}

/** Returns the last address of a range; undefined when it is not well-formed. */
function lastAddress(
  first: Address,
  separator: string,
  end: string,
): Address | { readonly problem: string } | undefined {
  const family = addressFamily(first);
  if (separator === '/') {
    const length = /^\d{1,3}$/.test(end) ? Number(end) : 0;
    if (length < 1 || length > (family === 'ipv4' ? 32 : 128)) return undefined;
    const last = lastOfNetwork(first, length);
    return last ?? { problem: `${first} is not the first address of its network /${length}` };
  }
  const isShort = !end.includes(family === 'ipv4' ? '.' : ':');
  const last = isShort ? withLastPart(first, end) : parseAddress(end);
  if (last === undefined || addressFamily(last) !== family) return undefined;
  const order = compareAddresses(first, last);
  return order > 0 || (isShort && order === 0)
    ? { problem: 'the range does not end after it begins' }
    : last;
}

/** Replaces the last part of an address, as `192.0.2.1-9` and `2001:db8::1-ff` mean it. */
function withLastPart(first: Address, end: string): Address | undefined {
  const isIPv4 = addressFamily(first) === 'ipv4';
  if (!(isIPv4 ? /^\d{1,3}$/ : /^[\da-fA-F]{1,4}$/).test(end)) return undefined;
  const start = isIPv4 ? first.replace(/\d+$/, '') : undefined;
  return start === undefined
    ? withLastWord(first, Number.parseInt(end, 16))
    : parseAddress(`${start}${Number(end)}`);
}
