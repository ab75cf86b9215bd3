import type { Part, Statement } from './lines.ts';
import type { LdirectordReading } from './read.ts';

interface Value {
  readonly isGood: (text: string) => boolean;
  /** The words for such a value in a message. */
  readonly wanted: string;
}

const isNumber = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);
const SECONDS: Value = { isGood: isNumber, wanted: 'a number of seconds from 1' };
const COUNT: Value = { isGood: isNumber, wanted: 'a number from 1' };
const YES_OR_NO: Value = { isGood: (text) => /^(?:yes|no)$/.test(text), wanted: '"yes" or "no"' };
const QUOTED: Value = { isGood: (text) => /^".+"$/.test(text), wanted: 'a text in quotes' };

/** The services that ldirectord can ask, each with its port. */
export const SERVICE_PORTS: Readonly<Record<string, number>> = {
  ...{ ftp: 21, smtp: 25, dns: 53, http: 80, pop: 110, nntp: 119, imap: 143, ldap: 389 },
  ...{ https: 443, submission: 587, ldaps: 636, imaps: 993, pops: 995, oracle: 1521 },
  ...{ radius: 1812, http_proxy: 3128, mysql: 3306, sip: 5060, pgsql: 5432 },
};
const SERVICES = [...Object.keys(SERVICE_PORTS), 'simpletcp', 'none'];

/** A server, its port, and how it is reached. */
export const FALLBACK = /^(\[[^\]\s]*\]|[^:\s]+)(?::([\w-]+))?(?:\s+(gate|masq|ipip))?$/;
const A_FALLBACK: Value = {
  isGood: (text) => FALLBACK.test(text),
  wanted: 'a server and gate, masq or ipip',
};

/** The values of the settings of checks. ldirectord does not start with another one. */
const VALUES: Readonly<Record<string, Value>> = {
  checktimeout: SECONDS,
  negotiatetimeout: SECONDS,
  checkinterval: SECONDS,
  checkcount: COUNT,
  failurecount: COUNT,
  checkport: {
    isGood: (text) => isNumber(text) && Number(text) <= 65_535,
    wanted: 'a port from 1 to 65535',
  },
  fallback: A_FALLBACK,
  fallback6: A_FALLBACK,
  quiescent: YES_OR_NO,
  readdquiescent: YES_OR_NO,
  fork: YES_OR_NO,
  httpmethod: { isGood: (text) => /^(?:get|head)$/i.test(text), wanted: 'GET or HEAD' },
  service: {
    isGood: (text) => SERVICES.includes(text),
    wanted: 'a service that ldirectord can ask, such as http',
  },
  request: QUOTED,
  receive: QUOTED,
};

/** Reports a value of a check that ldirectord refuses. */
export function checkValue({ reading }: LdirectordReading, { key, value }: Statement): void {
  const form = Object.hasOwn(VALUES, key.text) ? VALUES[key.text] : undefined;
  if (!form || form.isGood(value.text)) return;
  reading.report('BAD_VALUE', `"${value.text}" is not ${form.wanted}`, value.at);
}

/** The text between the quotes of a value, if it has any. */
export function unquoted({ text }: Part): string {
  return text.replace(/^"([^"]*)".*$/, '$1');
}
