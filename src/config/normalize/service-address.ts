import { addressFamily, isIPv4Mapped, parseAddress } from '../../model/address.ts';
import { parsePort } from '../../model/endpoint.ts';
import {
  MAX_FWMARK,
  PROTOCOLS,
  parseServiceKey,
  type ServiceIdentity,
  serviceKey,
} from '../../model/service.ts';
import type { ServiceMapping } from '../config.ts';
import { atKey, atValue, type Path, type Place, type Report } from '../finding.ts';
import { suggest } from '../suggest.ts';
import { readEndpoint } from './address-text.ts';

/**
 * Reads the identity of a service from its `address` and `family`. Returns undefined after
 * reporting an error.
 */
export function readIdentity(
  service: ServiceMapping,
  path: Path,
  report: Report,
): ServiceIdentity | undefined {
  const place = atValue(...path, 'address');
  const { address: text, family } = service;
  const known = parseServiceKey(text);
  const isUsual = known?.kind === 'address' && serviceKey(known) === text;
  const problem = isUsual ? undefined : explain(text);
  const identity = problem ? undefined : known;
  if (!identity) {
    const fallback = {
      message: `${JSON.stringify(text)} is not the address of a service`,
      hint: FORMS,
    };
    report({ code: 'ADDRESS', severity: 'error', place, ...(problem ?? fallback) });
    return undefined;
  }
  if (identity.kind === 'fwmark') return { ...identity, family: family ?? 'ipv4' };
  if (family !== undefined && family !== addressFamily(identity.address)) {
    const message = `the address of this service is not ${family}`;
    report({
      code: 'FAMILY',
      severity: 'error',
      message,
      place: atValue(...path, 'family'),
      hint: 'remove it: family is for fwmark services',
    });
    return undefined;
  }
  if (family !== undefined) {
    const message = 'the family of a service with an address is that of the address';
    report({
      code: 'NO_EFFECT',
      severity: 'warning',
      message,
      place: atKey(...path, 'family'),
      hint: 'remove it',
    });
  }
  if (isIPv4Mapped(identity.address)) {
    const reason = 'the kernel matches it with IPv6 packets only';
    const message = `${identity.address} is an IPv4 address written as IPv6: ${reason}`;
    report({
      code: 'ADDRESS',
      severity: 'warning',
      message,
      place,
      hint: `write ${identity.address.slice('::ffff:'.length)}`,
    });
  }
  return identity;
}

/**
 * Reads the identity of a service from one text: an `address` of a service, or a mark with its
 * family such as `fwmark:7/ipv6`. Returns undefined after reporting an error.
 */
export function readServiceText(
  text: string,
  place: Place,
  report: Report,
): ServiceIdentity | undefined {
  const identity = /^fwmark:/.test(text) ? parseServiceKey(text) : undefined;
  if (identity) return identity;
  const problem = explain(text);
  const known = problem ? undefined : parseServiceKey(text);
  if (known) return known;
  const fallback = {
    message: `${JSON.stringify(text)} is not the address of a service`,
    hint: FORMS,
  };
  report({ code: 'ADDRESS', severity: 'error', place, ...(problem ?? fallback) });
  return undefined;
}

const FORMS = 'write tcp://192.0.2.10:443, udp://[2001:db8::10]:53, sctp://… or fwmark:100';

/** Explains why a text is not the address of a service. Returns undefined for a valid address. */
function explain(text: string): { readonly message: string; readonly hint: string } | undefined {
  const quoted = JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
  const message = `${quoted} is not the address of a service`;
  if (/^fwmark\b/i.test(text)) return explainMark(text, message);
  const [, scheme, rest = ''] = /^([^:/]*):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) {
    const bare = readEndpoint(text);
    return {
      message,
      hint: 'address' in bare ? `write tcp://${text}, or with udp:// or sctp://` : FORMS,
    };
  }
  if (!PROTOCOLS.some((known) => known === scheme)) {
    const near = suggest(scheme, PROTOCOLS);
    return {
      message: `${quoted} has no protocol that IPVS balances`,
      hint: near ? `did you mean ${near}://?` : 'write tcp://, udp:// or sctp://',
    };
  }
  const endpoint = readEndpoint(rest);
  if (!('address' in endpoint)) return endpoint;
  if (endpoint.port !== undefined) return undefined;
  const port = /^(.*):(\d+)$/.exec(rest);
  const host = port?.[1] ?? '';
  if (!rest.startsWith('[') && parseAddress(host) && parsePort(port?.[2] ?? '') !== undefined) {
    return {
      message: `${quoted} can be read in two ways`,
      hint: `write the IPv6 address in brackets: "${scheme}://[${host}]:${port?.[2]}"`,
    };
  }
  const shown = rest.includes(':') && !rest.startsWith('[') ? `[${rest}]` : rest;
  return {
    message: `${quoted} has no port`,
    hint: `write ${scheme}://${shown}:PORT; port 0 is any port`,
  };
}

function explainMark(
  text: string,
  message: string,
): { readonly message: string; readonly hint: string } | undefined {
  const number = /^fwmark:(.*?)(\/ipv[46])?$/s.exec(text);
  if (number?.[2] !== undefined)
    return {
      message,
      hint: `write address: fwmark:${number[1]} and family: ${number[2].slice(1)}`,
    };
  if (number && /^[1-9]\d{0,9}$/.test(number[1] ?? '') && Number(number[1]) <= MAX_FWMARK)
    return undefined;
  return { message, hint: `a mark is a number from 1 to ${MAX_FWMARK}: fwmark:100` };
}
