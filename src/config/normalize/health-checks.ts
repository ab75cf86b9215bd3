import type { CommandCheck, HealthCheck, HttpCheck } from '../../model/health.ts';
import { hasInvisible } from '../../model/printable.ts';
import type { ChecksMapping, HttpCheckMapping } from '../config.ts';
import { atKey, atValue, type Path, type Report } from '../finding.ts';

/** The good status codes of HTTP when none are written: everything but errors. */
const GOOD_STATUS = { min: 200, max: 399 };

/** Reads the checks of a mapping. Returns undefined after reporting an error. */
export function readChecks(
  { tcp, http, udp, dns, command }: ChecksMapping,
  path: Path,
  report: Report,
): readonly HealthCheck[] | undefined {
  const checks: (HealthCheck | undefined)[] = [];
  if (tcp) checks.push({ kind: 'tcp' });
  if (http) checks.push(readHttp(http, [...path, 'http'], report));
  if (udp) checks.push(readUdp(udp, [...path, 'udp'], report));
  if (dns) checks.push(readDns(dns, [...path, 'dns'], report));
  if (command) checks.push(readCommand(command, [...path, 'command'], report));
  const good = checks.filter((check) => check !== undefined);
  return good.length === checks.length ? good : undefined;
}

interface Form {
  readonly isGood: (text: string) => boolean;
  /** The words for such a text in a message. */
  readonly wanted: string;
  readonly hint?: (text: string) => string | undefined;
}

const PATH: Form = {
  isGood: (text) => /^\/[!-~]{0,2000}$/.test(text),
  wanted: 'a path that begins with "/", of visible ASCII characters',
  hint: hintForPath,
};
const HOST: Form = {
  isGood: (text) => /^[A-Za-z0-9._:[\]-]{1,255}$/.test(text),
  wanted: 'the name of a host, or an address',
};
const LINE: Form = {
  isGood: (text) => text.length <= 1000 && text !== '' && !hasInvisible(text),
  wanted: 'a text of 1 to 1000 characters that are all seen',
};
const BYTES: Form = {
  isGood: (text) => /^[\0-\xff]{1,1400}$/.test(text),
  wanted: '1 to 1400 characters from \\x00 to \\xff, each of which is one byte',
};
const DNS_NAME: Form = {
  isGood: (text) => /^(?=.{1,254}$)(?:\.|(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?)$/.test(text),
  wanted: 'a name such as example.com',
};

/** Says how a path is written whose characters are no visible ASCII. */
function hintForPath(text: string): string | undefined {
  const encoded = text.replaceAll(/[^!-~]+/gu, (part) =>
    Array.from(
      Buffer.from(part),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join(''),
  );
  const isShort = encoded.length <= 60;
  return encoded.startsWith('/') && encoded !== text && isShort ? `write ${encoded}` : undefined;
}

/** Tells whether every text has its form. Reports those that have not. */
function areGood(
  path: Path,
  report: Report,
  texts: readonly (readonly [key: string | number, text: string | undefined, form: Form])[],
): boolean {
  const bad = texts.filter(([, text, { isGood }]) => text !== undefined && !isGood(text));
  for (const [key, text = '', { wanted, hint: hintFor }] of bad) {
    const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
    const message = `${shown} is not ${wanted}`;
    const hint = hintFor?.(text);
    const place = atValue(...path, key);
    report({ code: 'HEALTH', severity: 'error', message, place, ...(hint && { hint }) });
  }
  return bad.length === 0;
}

function readHttp(written: HttpCheckMapping, path: Path, report: Report): HttpCheck | undefined {
  const { path: target = '/', host, body, tls = false, sni, ca } = written;
  const isGood = areGood(path, report, [
    ['path', target, PATH],
    ['host', host, HOST],
    ['body', body, LINE],
    ['sni', sni, HOST],
    ['ca', ca, LINE],
  ]);
  for (const key of ['sni', 'ca'] as const)
    if (!tls && written[key] !== undefined)
      report({
        code: 'NO_EFFECT',
        severity: 'warning',
        message: `${key} has no effect without TLS`,
        place: atKey(...path, key),
        hint: 'write tls: true',
      });
  const status = readStatus(written.status);
  if (!status) {
    const message = `${JSON.stringify(written.status)} is not a range of status codes`;
    const hint = 'write 200 or 200-399';
    report({ code: 'HEALTH', severity: 'error', message, place: atValue(...path, 'status'), hint });
  }
  return isGood && status
    ? { kind: 'http', path: target, host, status, body, tls, sni, ca }
    : undefined;
}

function readStatus(value: number | string | undefined): HttpCheck['status'] | undefined {
  if (value === undefined) return GOOD_STATUS;
  if (typeof value === 'number') return { min: value, max: value };
  const match = /^([1-5]\d\d)-([1-5]\d\d)$/.exec(value);
  const [min, max] = [Number(match?.[1]), Number(match?.[2])];
  return match && min <= max ? { min, max } : undefined;
}

function readUdp(
  { send, expect }: NonNullable<ChecksMapping['udp']>,
  path: Path,
  report: Report,
): HealthCheck | undefined {
  const isGood = areGood(path, report, [
    ['send', send, BYTES],
    ['expect', expect, BYTES],
  ]);
  return isGood ? { kind: 'udp', send, expect } : undefined;
}

function readDns(
  { name, type = 'A' }: NonNullable<ChecksMapping['dns']>,
  path: Path,
  report: Report,
): HealthCheck | undefined {
  const isGood = areGood(path, report, [['name', name, DNS_NAME]]);
  return isGood ? { kind: 'dns', name, type } : undefined;
}

const PROGRAM: Form = {
  isGood: (text) => text.startsWith('/') && text.length <= 4096 && !hasInvisible(text),
  wanted: 'the absolute path of a program',
};
const ARGUMENT: Form = {
  isGood: (text) => text.length <= 4096 && !text.includes('\0'),
  wanted: 'an argument of at most 4096 characters without \\x00',
};
const MOST_ARGUMENTS = 64;

function readCommand(
  { argv }: NonNullable<ChecksMapping['command']>,
  path: Path,
  report: Report,
): CommandCheck | undefined {
  const list = [...path, 'argv'];
  const isShort = argv.length > 0 && argv.length <= MOST_ARGUMENTS;
  if (!isShort) {
    const message = `argv has ${argv.length} words, not 1 to ${MOST_ARGUMENTS}`;
    const hint = 'write the absolute path of a program, and its arguments';
    report({ code: 'HEALTH', severity: 'error', message, place: atValue(...list), hint });
  }
  const isGood = areGood(
    list,
    report,
    argv.map((text, index) => [index, text, index === 0 ? PROGRAM : ARGUMENT] as const),
  );
  return isShort && isGood ? { kind: 'command', argv } : undefined;
}
