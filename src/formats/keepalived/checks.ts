import type { ChecksMapping } from '../../config/config.ts';
import { readHealth } from '../../config/normalize/health.ts';
import { type Address, addressFamily, parseAddress } from '../../model/address.ts';
import { formatDuration } from '../../model/duration.ts';
import { COMMAND_DIFFERENCE } from '../service-health.ts';
import { CHECKS } from './keywords.ts';
import { type Checker, QUESTIONS, type Question, readQuestion } from './questions.ts';
import type { RealServer } from './real-server.ts';
import { lastOf, type Statement } from './tree.ts';

/** How one real server is checked, in the words of a configuration. */
export interface ServerChecks {
  readonly what: Question;
  /** The port that the file says. */
  readonly port?: number;
  readonly how: ChecksMapping;
  readonly checker: Statement;
}

/** The retries of a checker, and the seconds between them. DNS_CHECK waits for its interval. */
const RETRIES: Readonly<Record<Checker, number>> = {
  ...{ TCP_CHECK: 1, HTTP_GET: 1, SSL_GET: 1, UDP_CHECK: 1, DNS_CHECK: 3, MISC_CHECK: 0 },
};
const RETRY_SECONDS: Readonly<Partial<Record<Checker, number>>> = {
  ...{ TCP_CHECK: 1, HTTP_GET: 3, SSL_GET: 3, UDP_CHECK: 1, MISC_CHECK: 1 },
};

/** Settings without a counterpart, which say little about the health of a server. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  warmup: 'the first checks of many servers are spread evenly',
  http_protocol: 'health speaks HTTP/1.1, and closes the connection',
  log_all_failures: '`ipvstate health` shows the last answer',
  min_reply_length: 'health does not look at the length of an answer',
  user: 'the program runs as the user of the daemon',
  max_reply_length: 'health does not look at the length of an answer',
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
  const what = readQuestion(checker.keyword, checker, find('virtualhost'), problems);
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
  const interval = read('delay_loop', 60, 1, LONGEST_SECONDS);
  const timeout =
    checker.keyword === 'MISC_CHECK'
      ? read('misc_timeout', interval, 1, LONGEST_SECONDS)
      : read('connect_timeout', 5, 1, LONGEST_SECONDS);
  const how: ChecksMapping = {
    ...(from !== undefined && { from }),
    interval: formatDuration(interval),
    timeout: formatDuration(timeout),
    rise: 1,
    fall: read('retry', RETRIES[checker.keyword], 0, 99) + 1,
    ...(alpha && isOn(alpha) && { initial: 'unhealthy' as const }),
    ...(!(inhibit && isOn(inhibit)) && { on_failure: 'remove' as const }),
  };
  const number = port && numberOf(port, 0, 1, 65_535, problems);
  if (problems.length === 0)
    readHealth({ ...what, ...how }, [], ({ message }) => problems.push(`a value: ${message}`));
  const [problem] = problems;
  if (problem !== undefined) return [[checker, `with ${problem}`]];
  return { what, how, checker, ...(number !== undefined && { port: number }) };
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
  const seconds = delay?.words[0]?.text ?? RETRY_SECONDS[checker.keyword as Checker];
  if (seconds !== undefined && how.fall !== 1 && formatDuration(Number(seconds)) !== how.interval)
    differ(
      `health retries after its interval, keepalived after ${seconds} s`,
      delay ?? checker,
      'with a shorter interval, health notices a failure as soon',
    );
  if (what.command) differ(COMMAND_DIFFERENCE.message, checker, COMMAND_DIFFERENCE.hint);
  if (checker.keyword === 'UDP_CHECK')
    differ(
      'health searches the bytes in the whole answer, keepalived at its beginning',
      checker,
      'try it: `ipvstate health --once`',
    );
  if (checker.keyword === 'SSL_GET' && what.http?.host && !lastOf(checker, 'enable_sni'))
    differ(
      'health names the host in the TLS handshake, and keepalived only with enable_sni',
      checker,
      'try it: `ipvstate health --once`',
    );
}

function isKnown(keyword: string): keyword is Checker {
  return (QUESTIONS as readonly string[]).includes(keyword);
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
