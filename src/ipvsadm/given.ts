import { addressFamily, type Family, parseAddress } from '../model/address.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { MAX_FWMARK, type Protocol, type ServiceIdentity } from '../model/service.ts';
import type { Caution } from './command.ts';
import { type Failure, failure } from './failure.ts';
import { parseInetAddress } from './inet-address.ts';
import type { Names } from './names.ts';
import { illegalNetmask, parseNetmask } from './netmask.ts';
import { parseNumber } from './number.ts';
import type { Option, OptionName } from './options.ts';
import { hostOf, isIPv6HostPort, parseHostPort } from './service-address.ts';
import { isCommandWord, type Token } from './words.ts';

type OptionToken = Extract<Token, { kind: 'option' }>;

/** The options of one command line with their values read, whatever their order was. */
export interface Given {
  /** Index of the word at which each option stands. */
  readonly words: Map<OptionName, number>;
  readonly numbers: Map<OptionName, number>;
  readonly texts: Map<OptionName, string>;
  readonly cautions: Caution[];
  service: ServiceIdentity | undefined;
  server: Endpoint | undefined;
}

/** What other values depend on, known before any of them is read, so that the order of the options does not matter. */
export interface ServiceContext {
  readonly family: Family;
  /** Of port names; `tcp` for marks. */
  readonly protocol: Protocol;
}

export function findServiceContext(tokens: readonly Token[]): ServiceContext {
  const options = tokens.filter((token) => token.kind === 'option');
  const service = options.find((token) => !isCommandWord(token.option) && token.option.name === 'service-address');
  if (service === undefined || isCommandWord(service.option)) return { family: 'ipv4', protocol: 'tcp' };
  if (service.option.value.kind === 'service') {
    return { family: isIPv6HostPort(service.value ?? '') ? 'ipv6' : 'ipv4', protocol: service.option.value.protocol };
  }
  return { family: options.some((token) => token.option.long === 'ipv6') ? 'ipv6' : 'ipv4', protocol: 'tcp' };
}

export interface ValueRules {
  readonly names: Names;
  /** Read `-f -1294967296`, as ipvsadm saves the marks from 2147483648 on. */
  readonly signedMarks: boolean;
}

/** Takes one option: refuses a second one of its name, then reads its value. */
export function takeOption(
  given: Given,
  token: OptionToken,
  option: Option,
  context: ServiceContext,
  rules: ValueRules,
): Failure | undefined {
  const { name } = option;
  if (name === undefined) return option.long === 'ipv6' ? takeIPv6(given, token) : undefined;
  if (given.words.has(name)) return failure(`multiple '${name}' options specified`, token.word);
  given.words.set(name, token.word);
  const message = takeValue(given, name, option, token, context, rules);
  return message === undefined ? undefined : failure(message, token.last);
}

function takeIPv6(given: Given, token: OptionToken): Failure | undefined {
  if (given.service?.kind !== 'fwmark') return failure('-6 used before -f\n', token.word);
  given.service = { ...given.service, family: 'ipv6' };
  return undefined;
}

/** Returns what is wrong with the value. */
function takeValue(
  given: Given,
  name: OptionName,
  option: Option,
  token: OptionToken,
  context: ServiceContext,
  rules: ValueRules,
): string | undefined {
  const { value } = option;
  const text = token.value ?? '';
  switch (value.kind) {
    case 'flag':
      if (name === 'forwarding-method') given.texts.set(name, option.long);
      return undefined;
    case 'text':
      given.texts.set(name, text);
      return undefined;
    case 'choice':
      given.texts.set(name, text);
      return value.choices.includes(text) ? undefined : value.illegal;
    case 'number':
      return token.value === undefined ? undefined : keep(given, name, parseNumber(text, value.min, value.max), value.illegal(text));
    case 'netmask':
      return keep(given, name, parseNetmask(text, context.family, rules.names), illegalNetmask(context.family));
    case 'fwmark': {
      const mark = parseNumber(text, 1, MAX_FWMARK) ?? (rules.signedMarks ? parseSignedMark(text) : undefined);
      if (mark === undefined) return `invalid fwmark value \`${text}' specified`;
      given.service = { kind: 'fwmark', fwmark: mark, family: 'ipv4' };
      return undefined;
    }
    case 'service': {
      const endpoint = readEndpoint(given, token, value.protocol, rules.names);
      if (!endpoint) return 'illegal virtual server address[:port] specified';
      given.service = { kind: 'address', protocol: value.protocol, address: endpoint.address, port: endpoint.port ?? 0 };
      return undefined;
    }
    case 'server':
      given.server = readEndpoint(given, token, context.protocol, rules.names);
      return given.server ? undefined : 'illegal real server address[:port] specified';
    case 'group':
      given.texts.set(name, text);
      return isMulticast(text) ? undefined : `invalid ${text.includes(':') ? 'IPv6' : 'IPv4'} mcast-group \`${text}'`;
    default:
      return value satisfies never;
  }
}

function keep(given: Given, name: OptionName, value: number | undefined, illegal: string): string | undefined {
  if (value === undefined) return illegal;
  given.numbers.set(name, value);
  return undefined;
}

function parseSignedMark(text: string): number | undefined {
  const mark = parseNumber(text, -0x8000_0000, -1);
  return mark === undefined ? undefined : mark + 2 ** 32;
}

function readEndpoint(given: Given, token: OptionToken, protocol: Protocol, names: Names): Endpoint | undefined {
  const text = token.value ?? '';
  const endpoint = parseHostPort(text, protocol, names);
  const host = hostOf(text);
  if (endpoint && parseAddress(host) === undefined && parseInetAddress(host) !== undefined) {
    given.cautions.push({ code: 'ADDRESS', message: `${host} means ${endpoint.address}`, word: token.last });
  }
  return endpoint;
}

function isMulticast(text: string): boolean {
  const address = parseAddress(text);
  if (!address) return false;
  return addressFamily(address) === 'ipv6' ? /^ff..:/.test(address) : /^2(?:2[4-9]|3[0-9])\./.test(address);
}
