import type { ChecksMapping, HttpCheckMapping } from '../../config/config.ts';
import { DNS_TYPES, type DnsType } from '../../model/health.ts';
import { literalText } from '../literal-text.ts';
import { lastOf, type Statement } from './tree.ts';

/** The part of a check that asks a server something. */
export type Question = Pick<ChecksMapping, 'tcp' | 'http' | 'udp' | 'dns' | 'command'>;

/** The checkers whose question health can ask. */
export const QUESTIONS = [
  ...(['TCP_CHECK', 'HTTP_GET', 'SSL_GET', 'DNS_CHECK', 'UDP_CHECK', 'MISC_CHECK'] as const),
];
export type Checker = (typeof QUESTIONS)[number];

const TIMING = [
  ...['retry', 'nb_get_retry', 'delay_before_retry', 'delay_loop', 'alpha', 'warmup'],
  'log_all_failures',
];
const IN_EVERY_CHECKER = ['connect_port', 'bindto', 'connect_timeout', ...TIMING];
const IN_HTTP_GET = [...IN_EVERY_CHECKER, 'url', 'virtualhost', 'fast_recovery', 'http_protocol'];
const IN_UDP_CHECK = ['payload', 'require_reply', 'min_reply_length', 'max_reply_length'];
const IN_CHECKER: Readonly<Record<Checker, readonly string[]>> = {
  TCP_CHECK: IN_EVERY_CHECKER,
  HTTP_GET: IN_HTTP_GET,
  SSL_GET: [...IN_HTTP_GET, 'enable_sni'],
  DNS_CHECK: [...IN_EVERY_CHECKER, 'type', 'name'],
  UDP_CHECK: [...IN_EVERY_CHECKER, ...IN_UDP_CHECK],
  MISC_CHECK: [...TIMING, 'misc_path', 'misc_timeout', 'user'],
};
const IN_URL = ['path', 'status_code', 'virtualhost', 'regex'];

/**
 * Reads the question of a checker. Adds the parts without a counterpart to `problems`.
 * @param virtualHost the nearest statement that names the host
 */
export function readQuestion(
  keyword: Checker,
  checker: Statement,
  virtualHost: Statement | undefined,
  problems: string[],
): Question {
  if (!checker.block) problems.push('no block');
  addUnknown(checker.block?.statements ?? [], IN_CHECKER[keyword], problems);
  switch (keyword) {
    case 'TCP_CHECK':
      return { tcp: {} };
    case 'DNS_CHECK':
      return readDns(checker, problems);
    case 'UDP_CHECK':
      return readUdp(checker, problems);
    case 'MISC_CHECK':
      return readMisc(checker, problems);
    case 'HTTP_GET':
    case 'SSL_GET':
      return readHttp(keyword === 'SSL_GET', checker, virtualHost, problems);
    default:
      return keyword satisfies never;
  }
}

function readHttp(
  isTls: boolean,
  checker: Statement,
  virtualHost: Statement | undefined,
  problems: string[],
): Question {
  const inner = checker.block?.statements ?? [];
  const [url, ...others] = inner.filter(({ keyword }) => keyword === 'url');
  if (!url || others.length > 0) problems.push(url ? 'several URLs' : 'no URL');
  addUnknown(url?.block?.statements ?? [], IN_URL, problems);
  const path = url && lastOf(url, 'path')?.words[0]?.text;
  const codes = url && lastOf(url, 'status_code');
  const regex = url && lastOf(url, 'regex');
  const host = ((url && lastOf(url, 'virtualhost')) ?? virtualHost)?.words[0]?.text;
  const body = regex && literalText(regex.words.map(({ text }) => text).join(' '));
  if (path === undefined) problems.push('no path');
  if (regex && body === undefined) problems.push('a regular expression');
  const http: HttpCheckMapping = {
    ...(path !== undefined && path !== '/' && { path }),
    ...(host !== undefined && { host }),
    status: codes ? statusOf(codes, problems) : '200-299',
    ...(body !== undefined && { body }),
    ...(isTls && { tls: true }),
  };
  return { http };
}

function addUnknown(
  statements: readonly Statement[],
  known: readonly string[],
  problems: string[],
): void {
  const unknown = statements.find(({ keyword }) => !known.includes(keyword));
  if (unknown) problems.push(unknown.keyword);
}

function statusOf({ words }: Statement, problems: string[]): number | string {
  const [word, ...others] = words;
  const text = word?.text ?? '';
  if (others.length > 0) problems.push('several status codes');
  else if (!/^[1-5]\d\d(?:-[1-5]\d\d)?$/.test(text))
    problems.push(`status_code ${JSON.stringify(text)}`);
  return /^\d+$/.test(text) ? Number(text) : text;
}

function readDns(checker: Statement, problems: string[]): Question {
  const name = lastOf(checker, 'name')?.words[0]?.text ?? '.';
  const type = lastOf(checker, 'type')?.words[0]?.text.toUpperCase() ?? 'SOA';
  if (isDnsType(type)) return { dns: { name, type } };
  problems.push(`type ${JSON.stringify(type)}`);
  return {};
}

function isDnsType(text: string): text is DnsType {
  return Object.hasOwn(DNS_TYPES, text);
}

function readUdp(checker: Statement, problems: string[]): Question {
  const bytes = (keyword: string): string | undefined => {
    const statement = lastOf(checker, keyword);
    const text = statement && bytesOf(statement);
    if (text === undefined && statement) problems.push(`${keyword} that is not only bytes`);
    return text;
  };
  const send = bytes('payload') ?? '';
  const expect = bytes('require_reply') ?? '';
  if (send === '') problems.push('no payload: a random one is sent');
  if (expect === '') problems.push('no bytes that are required in the reply');
  return { udp: { send, expect } };
}

/** Reads bytes in hexadecimal, one character for each. The last of a word may have one digit. */
function bytesOf({ words }: Statement): string | undefined {
  const digits = words.flatMap(({ text }) => text.split(/\s+/)).filter((text) => text !== '');
  if (!digits.every((text) => /^[\dA-Fa-f]+$/.test(text))) return undefined;
  const pairs = digits.flatMap((text) => text.match(/..?/g) ?? []);
  return pairs.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join('');
}

/** Reads a program and its arguments, as long as blanks alone part them. */
function readMisc(checker: Statement, problems: string[]): Question {
  const text =
    lastOf(checker, 'misc_path')
      ?.words.map((word) => word.text)
      .join(' ') ?? '';
  if (/["'\\]/.test(text)) problems.push('quotes in misc_path');
  const argv = text.split(/\s+/).filter((word) => word !== '');
  if (argv[0]?.startsWith('/') !== true) problems.push('a program without its path');
  return { command: { argv } };
}
