import { type Family, parseAddress } from '../../../model/address.ts';
import type { Endpoint } from '../../../model/endpoint.ts';
import { isMulticast } from '../../../model/rules.ts';
import { MAX_FWMARK, type Protocol, type ServiceIdentity } from '../../../model/service.ts';
import { type Failure, failure } from './failure.ts';
import { hostOf, isIPv6HostPort, parseHostPort } from './host-port.ts';
import { parseInetAddress, parseNumber } from './libc.ts';
import type { Names } from './names.ts';
import { illegalNetmask, parseNetmask } from './netmask.ts';
import type { Option, OptionName } from './options.ts';
import type { Caution } from './parsed-command.ts';
import { isCommandWord, type Token } from './popt.ts';

export interface ValueRules {
  readonly names: Names;
  /** Read `-f -1294967296`: ipvsadm saves the marks from 2147483648 on as negative numbers. */
  readonly signedMarks: boolean;
}

/** The options of one command line and their values, in any order. */
export interface OptionValues {
  /** Index of the word of each given option. */
  readonly words: Map<OptionName, number>;
  readonly numbers: Partial<Record<OptionName, number>>;
  readonly texts: Partial<Record<OptionName, string>>;
  readonly cautions: Caution[];
  service: ServiceIdentity | undefined;
  server: Endpoint | undefined;
}

type OptionToken = Extract<Token, { kind: 'option' }>;

/** The part of the service that decides how other values are read. It is known before them. */
interface ServiceContext {
  readonly family: Family;
  /** The protocol of port names; `tcp` for marks. */
  readonly protocol: Protocol;
}

/** Reads the options after the command, from left to right, up to the first one that is wrong. */
export function readOptions(
  tokens: readonly Token[],
  argv: readonly string[],
  rules: ValueRules,
): OptionValues | Failure {
  const values: OptionValues = {
    words: new Map(),
    numbers: {},
    texts: {},
    cautions: [],
    service: undefined,
    server: undefined,
  };
  const service = findService(tokens);
  for (const token of tokens) {
    if (token.kind === 'positional') continue;
    if (token.kind === 'bad')
      return failure(`${argv[token.word]}: ${token.reason}`, token.word, 255);
    if (isCommandWord(token.option))
      return failure(`invalid option \`${argv[token.last]}'`, token.word);
    const refusal = readOption(values, token, token.option, service, rules);
    if (refusal) return refusal;
  }
  return values;
}

/** The family and protocol of the service, wherever its option is on the line. */
function findService(tokens: readonly Token[]): ServiceContext {
  const options = tokens.filter((token) => token.kind === 'option');
  const service = options.find(
    (token) => !isCommandWord(token.option) && token.option.name === 'service-address',
  );
  if (service === undefined || isCommandWord(service.option))
    return { family: 'ipv4', protocol: 'tcp' };
  if (service.option.value.kind === 'service') {
    return {
      family: isIPv6HostPort(service.value ?? '') ? 'ipv6' : 'ipv4',
      protocol: service.option.value.protocol,
    };
  }
  return {
    family: options.some((token) => token.option.long === 'ipv6') ? 'ipv6' : 'ipv4',
    protocol: 'tcp',
  };
}

function readOption(
  values: OptionValues,
  token: OptionToken,
  option: Option,
  context: ServiceContext,
  rules: ValueRules,
): Failure | undefined {
  const { name } = option;
  if (name === undefined) return option.long === 'ipv6' ? readIPv6(values, token) : undefined;
  if (values.words.has(name)) return failure(`multiple '${name}' options specified`, token.word);
  values.words.set(name, token.word);
  const message = readValue(values, name, token, option, context, rules);
  return message === undefined ? undefined : failure(message, token.last);
}

function readIPv6(values: OptionValues, token: OptionToken): Failure | undefined {
  if (values.service?.kind !== 'fwmark') return failure('-6 used before -f\n', token.word);
  values.service = { ...values.service, family: 'ipv6' };
  return undefined;
}

/** Returns ipvsadm's message when the value is wrong. */
function readValue(
  values: OptionValues,
  name: OptionName,
  token: OptionToken,
  option: Option,
  context: ServiceContext,
  rules: ValueRules,
): string | undefined {
  const { value } = option;
  const text = token.value ?? '';
  switch (value.kind) {
    case 'flag':
      if (name === 'forwarding-method') values.texts[name] = option.long;
      return undefined;
    case 'text':
      values.texts[name] = text;
      return undefined;
    case 'choice':
      values.texts[name] = text;
      return value.choices.includes(text) ? undefined : value.illegal;
    case 'number':
      return token.value === undefined
        ? undefined
        : keep(values, name, parseNumber(text, value.min, value.max), value.illegal(text));
    case 'netmask':
      return keep(
        values,
        name,
        parseNetmask(text, context.family, rules.names),
        illegalNetmask(context.family),
      );
    case 'fwmark': {
      const mark =
        parseNumber(text, 1, MAX_FWMARK) ?? (rules.signedMarks ? parseSignedMark(text) : undefined);
      if (mark === undefined) return `invalid fwmark value \`${text}' specified`;
      values.service = { kind: 'fwmark', fwmark: mark, family: 'ipv4' };
      return undefined;
    }
    case 'service':
      values.service = readService(values, token, value.protocol, rules.names);
      return values.service ? undefined : 'illegal virtual server address[:port] specified';
    case 'server':
      values.server = readEndpoint(values, token, context.protocol, rules.names);
      return values.server ? undefined : 'illegal real server address[:port] specified';
    case 'group': {
      const group = parseAddress(text);
      values.texts[name] = text;
      return group && isMulticast(group)
        ? undefined
        : `invalid ${text.includes(':') ? 'IPv6' : 'IPv4'} mcast-group \`${text}'`;
    }
    default:
      return value satisfies never;
  }
}

function keep(
  values: OptionValues,
  name: OptionName,
  value: number | undefined,
  illegal: string,
): string | undefined {
  if (value === undefined) return illegal;
  values.numbers[name] = value;
  return undefined;
}

function parseSignedMark(text: string): number | undefined {
  const mark = parseNumber(text, -0x8000_0000, -1);
  return mark === undefined ? undefined : mark + 2 ** 32;
}

function readService(
  values: OptionValues,
  token: OptionToken,
  protocol: Protocol,
  names: Names,
): ServiceIdentity | undefined {
  const endpoint = readEndpoint(values, token, protocol, names);
  return (
    endpoint && { kind: 'address', protocol, address: endpoint.address, port: endpoint.port ?? 0 }
  );
}

function readEndpoint(
  values: OptionValues,
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
    values.cautions.push({
      code: 'ADDRESS',
      message: `${host} means ${endpoint.address}`,
      word: token.last,
    });
  }
  return endpoint;
}
