import type { ChecksMapping, HttpCheckMapping } from '../../config/config.ts';
import { readHealth } from '../../config/normalize/health.ts';
import { type Address, addressFamily, parseAddress } from '../../model/address.ts';
import { formatDuration } from '../../model/duration.ts';
import { CHECKS } from './keywords.ts';
import type { RealServer } from './real-server.ts';
import type { Statement } from './tree.ts';

/** How one real server is checked, in the words of a configuration. */
export interface ServerChecks {
  readonly what: Pick<ChecksMapping, 'tcp' | 'http'>;
  /** The port that the file says. */
  readonly port?: number;
  readonly how: ChecksMapping;
  readonly checker: Statement;
  /** True when the server stays in the table with weight 0 while it is unhealthy. */
  readonly isInhibited: boolean;
}

/** The checkers that have a counterpart, with the seconds between their retries. */
const RETRY_SECONDS = { TCP_CHECK: 1, HTTP_GET: 3, SSL_GET: 3 } as const;
type Checker = keyof typeof RETRY_SECONDS;

const IN_EVERY_CHECKER = [
  ...['connect_port', 'bindto', 'connect_timeout', 'retry', 'nb_get_retry', 'delay_before_retry'],
  ...['delay_loop', 'alpha', 'warmup', 'log_all_failures'],
];
const IN_HTTP_GET = [...IN_EVERY_CHECKER, 'url', 'virtualhost', 'fast_recovery', 'http_protocol'];
const IN_CHECKER: Readonly<Record<Checker, readonly string[]>> = {
  TCP_CHECK: IN_EVERY_CHECKER,
  HTTP_GET: IN_HTTP_GET,
  SSL_GET: [...IN_HTTP_GET, 'enable_sni'],
};
const IN_URL = ['path', 'status_code', 'virtualhost'];

/** Settings without a counterpart, which say little about the health of a server. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  warmup: 'the first checks of many servers are spread evenly',
  http_protocol: 'health speaks HTTP/1.1, and closes the connection',
  log_all_failures: '`ipvstate health` shows the last answer',
};

const LONGEST_SECONDS = 3600;

/**
 * Reads how a real server is checked. Returns the checkers that have no counterpart, each with the
 * reason, when health cannot mean the same.
 */
export function readServerChecks(
  server: RealServer,
  virtual: Statement,
): ServerChecks | readonly (readonly [checker: Statement, reason: string])[] {
  const statements = server.statement.block?.statements ?? [];
  const [checker, ...others] = statements.filter(({ keyword }) => CHECKS.includes(keyword));
  if (!checker) return [];
  if (others.length > 0) return [checker, ...others].map((each) => [each, 'beside another check']);
  if (!isKnown(checker.keyword)) return [[checker, '']];
  const problems: string[] = [];
  const find = (...keywords: string[]): Statement | undefined =>
    [checker, server.statement, virtual]
      .map((scope) => lastOf(scope, ...keywords))
      .find((found) => found !== undefined);
  const what = readWhat(checker.keyword, checker, find('virtualhost'), problems);
  const read = (name: string, fallback: number, min: number, max: number): number =>
    numberOf(
      name === 'retry' ? find('retry', 'nb_get_retry') : find(name),
      fallback,
      min,
      max,
      problems,
    );
  const alpha = find('alpha');
  const inhibit = [server.statement, virtual]
    .map((scope) => lastOf(scope, 'inhibit_on_failure'))
    .find((found) => found !== undefined);
  const port = lastOf(checker, 'connect_port');
  const from = sourceOf(lastOf(checker, 'bindto'), server.address, problems);
  const how: ChecksMapping = {
    ...(from !== undefined && { from }),
    interval: formatDuration(read('delay_loop', 60, 1, LONGEST_SECONDS)),
    timeout: formatDuration(read('connect_timeout', 5, 1, LONGEST_SECONDS)),
    rise: 1,
    fall: read('retry', 1, 0, 99) + 1,
    ...(alpha && isOn(alpha) && { initial: 'unhealthy' as const }),
  };
  const number = port && numberOf(port, 0, 1, 65_535, problems);
  if (problems.length === 0)
    readHealth({ ...what, ...how }, [], ({ message }) => problems.push(`a value: ${message}`));
  const [problem] = problems;
  if (problem !== undefined) return [[checker, `with ${problem}`]];
  const isInhibited = inhibit !== undefined && isOn(inhibit);
  return { what, how, checker, isInhibited, ...(number !== undefined && { port: number }) };
}

/** Takes a difference between keepalived and health. Each message is shown once. */
export type Differ = (message: string, statement: Statement, hint: string) => void;

/** Names the parts of a check that health does in another way. */
export function reportDifferences(
  { checker, how, what }: ServerChecks,
  scopes: readonly Statement[],
  leaveOut: (statement: Statement, hint: string) => void,
  differ: Differ,
): void {
  const find = (name: string) =>
    [checker, ...scopes].map((scope) => lastOf(scope, name)).find((found) => found);
  for (const [name, hint] of Object.entries(LEFT_OUT)) {
    const left = find(name);
    if (left) leaveOut(left, hint);
  }
  const delay = find('delay_before_retry');
  const seconds = delay?.words[0]?.text ?? `${RETRY_SECONDS[checker.keyword as Checker]}`;
  if (how.fall !== 1 && formatDuration(Number(seconds)) !== how.interval)
    differ(
      `health retries after its interval, keepalived after ${seconds} s`,
      delay ?? checker,
      'with a shorter interval, health notices a failure as soon',
    );
  if (checker.keyword === 'SSL_GET' && what.http?.host && !lastOf(checker, 'enable_sni'))
    differ(
      'health names the host in the TLS handshake, and keepalived only with enable_sni',
      checker,
      'try it: `ipvstate health --once`',
    );
}

function isKnown(keyword: string): keyword is Checker {
  return Object.hasOwn(RETRY_SECONDS, keyword);
}

/** The last statement of a block with one of some keywords: keepalived takes that one. */
function lastOf({ block }: Statement, ...keywords: readonly string[]): Statement | undefined {
  return block?.statements.findLast(({ keyword }) => keywords.includes(keyword));
}

function isOn({ words }: Statement): boolean {
  return !/^(?:no|off|false)$/i.test(words[0]?.text ?? '');
}

function numberOf(
  statement: Statement | undefined,
  fallback: number,
  min: number,
  max: number,
  problems: string[],
): number {
  if (!statement) return fallback;
  const text = statement.words[0]?.text ?? '';
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  problems.push(`${statement.keyword} ${JSON.stringify(text)}`);
  return fallback;
}

function sourceOf(
  bindto: Statement | undefined,
  server: Address,
  problems: string[],
): Address | undefined {
  if (!bindto) return undefined;
  const address = parseAddress(bindto.words[0]?.text ?? '');
  if (address !== undefined && addressFamily(address) === addressFamily(server)) return address;
  problems.push('bindto that is no address of its family');
  return undefined;
}

function readWhat(
  keyword: Checker,
  checker: Statement,
  virtualHost: Statement | undefined,
  problems: string[],
): ServerChecks['what'] {
  if (!checker.block) problems.push('no block');
  const inner = checker.block?.statements ?? [];
  addUnknown(inner, IN_CHECKER[keyword], problems);
  if (keyword === 'TCP_CHECK') return { tcp: {} };
  const [url, ...others] = inner.filter(({ keyword: name }) => name === 'url');
  if (!url || others.length > 0) problems.push(url ? 'several URLs' : 'no URL');
  addUnknown(url?.block?.statements ?? [], IN_URL, problems);
  const path = url && lastOf(url, 'path')?.words[0]?.text;
  const codes = url && lastOf(url, 'status_code');
  const host = ((url && lastOf(url, 'virtualhost')) ?? virtualHost)?.words[0]?.text;
  if (path === undefined) problems.push('no path');
  const http: HttpCheckMapping = {
    ...(path !== undefined && path !== '/' && { path }),
    ...(host !== undefined && { host }),
    status: codes ? statusOf(codes, problems) : '200-299',
    ...(keyword === 'SSL_GET' && { tls: true }),
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
