import { parseAddress } from '../../../model/address.ts';
import type { Endpoint } from '../../../model/endpoint.ts';
import { isMulticast } from '../../../model/rules.ts';
import { MAX_FWMARK, type Protocol, type ServiceIdentity } from '../../../model/service.ts';
import { type Failure, failure } from './failure.ts';
import type { Given } from './given.ts';
import { parseInetAddress } from './inet-address.ts';
import type { Names } from './names.ts';
import { illegalNetmask, parseNetmask } from './netmask.ts';
import { parseNumber } from './number.ts';
import type { Option, OptionName } from './options.ts';
import { hostOf, parseHostPort } from './service-address.ts';
import type { ServiceContext } from './service-context.ts';
import type { Token } from './words.ts';

export interface ValueRules {
  readonly names: Names;
  /** Read `-f -1294967296`, as ipvsadm saves the marks from 2147483648 on. */
  readonly signedMarks: boolean;
}

export interface Taking {
  /** Grows with each option taken. */
  readonly given: Given;
  readonly context: ServiceContext;
  readonly rules: ValueRules;
}

type OptionToken = Extract<Token, { kind: 'option' }>;

/** Takes one option: refuses a second one of its name, then reads its value. */
export function takeOption(
  taking: Taking,
  token: OptionToken,
  option: Option,
): Failure | undefined {
  const { given } = taking;
  const { name } = option;
  if (name === undefined) return option.long === 'ipv6' ? takeIPv6(given, token) : undefined;
  if (given.words.has(name)) return failure(`multiple '${name}' options specified`, token.word);
  given.words.set(name, token.word);
  const message = takeValue(taking, name, token, option);
  return message === undefined ? undefined : failure(message, token.last);
}

function takeIPv6(given: Given, token: OptionToken): Failure | undefined {
  if (given.service?.kind !== 'fwmark') return failure('-6 used before -f\n', token.word);
  given.service = { ...given.service, family: 'ipv6' };
  return undefined;
}

/** Returns what is wrong with the value. */
function takeValue(
  { given, context, rules }: Taking,
  name: OptionName,
  token: OptionToken,
  option: Option,
): string | undefined {
  const { value } = option;
  const text = token.value ?? '';
  switch (value.kind) {
    case 'flag':
      if (name === 'forwarding-method') given.texts[name] = option.long;
      return undefined;
    case 'text':
      given.texts[name] = text;
      return undefined;
    case 'choice':
      given.texts[name] = text;
      return value.choices.includes(text) ? undefined : value.illegal;
    case 'number':
      return token.value === undefined
        ? undefined
        : keep(given, name, parseNumber(text, value.min, value.max), value.illegal(text));
    case 'netmask':
      return keep(
        given,
        name,
        parseNetmask(text, context.family, rules.names),
        illegalNetmask(context.family),
      );
    case 'fwmark': {
      const mark =
        parseNumber(text, 1, MAX_FWMARK) ?? (rules.signedMarks ? parseSignedMark(text) : undefined);
      if (mark === undefined) return `invalid fwmark value \`${text}' specified`;
      given.service = { kind: 'fwmark', fwmark: mark, family: 'ipv4' };
      return undefined;
    }
    case 'service':
      given.service = readService(given, token, value.protocol, rules.names);
      return given.service ? undefined : 'illegal virtual server address[:port] specified';
    case 'server':
      given.server = readEndpoint(given, token, context.protocol, rules.names);
      return given.server ? undefined : 'illegal real server address[:port] specified';
    case 'group': {
      const group = parseAddress(text);
      given.texts[name] = text;
      return group && isMulticast(group)
        ? undefined
        : `invalid ${text.includes(':') ? 'IPv6' : 'IPv4'} mcast-group \`${text}'`;
    }
    default:
      return value satisfies never;
  }
}

function keep(
  given: Given,
  name: OptionName,
  value: number | undefined,
  illegal: string,
): string | undefined {
  if (value === undefined) return illegal;
  given.numbers[name] = value;
  return undefined;
}

function parseSignedMark(text: string): number | undefined {
  const mark = parseNumber(text, -0x8000_0000, -1);
  return mark === undefined ? undefined : mark + 2 ** 32;
}

function readService(
  given: Given,
  token: OptionToken,
  protocol: Protocol,
  names: Names,
): ServiceIdentity | undefined {
  const endpoint = readEndpoint(given, token, protocol, names);
  return (
    endpoint && { kind: 'address', protocol, address: endpoint.address, port: endpoint.port ?? 0 }
  );
}

function readEndpoint(
  given: Given,
  token: OptionToken,
  protocol: Protocol,
  names: Names,
): Endpoint | undefined {
  const text = token.value ?? '';
  const endpoint = parseHostPort(text, protocol, names);
  const host = hostOf(text);
  if (
    endpoint &&
    endpoint.address !== host &&
    parseAddress(host) === undefined &&
    parseInetAddress(host) !== undefined
  ) {
    given.cautions.push({
      code: 'ADDRESS',
      message: `${host} means ${endpoint.address}`,
      word: token.last,
    });
  }
  return endpoint;
}
