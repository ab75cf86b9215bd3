import { parseAddress } from '../../model/address.ts';
import type { Destination, DestinationKey } from '../../model/destination.ts';
import { type ServiceIdentity, type ServiceKey, serviceKey } from '../../model/service.ts';
import { runCall } from '../ipvsadm/script-calls.ts';
import type { ScriptWord } from '../ipvsadm/script-words.ts';
import { CHECK_TYPES } from './keywords.ts';
import type { Part, Statement } from './lines.ts';
import { expandRange } from './range.ts';
import type { LdirectordReading } from './read.ts';
import { parseReal, type Real, type Virtual, type VirtualEntry } from './virtual.ts';

export const FORWARD_OPTIONS: Readonly<Record<string, string>> = {
  gate: '-g',
  masq: '-m',
  ipip: '-i',
};

/** A server that is in the table. */
export interface Server {
  readonly real: Real;
  readonly statement: Statement;
  readonly destination: Destination;
}

/** A virtual service that is in the table. */
export interface Called {
  readonly virtual: Virtual;
  readonly key: ServiceKey;
  readonly identity: ServiceIdentity;
  /** The words that name the service, such as `-t 192.0.2.1:80`. */
  readonly words: readonly ScriptWord[];
  readonly servers: Map<DestinationKey, Server>;
}

/**
 * Makes the calls of ipvsadm that ldirectord makes for a virtual service and its servers. Returns
 * undefined when the call for the service fails.
 */
export function callIpvsadm(context: LdirectordReading, virtual: Virtual): Called | undefined {
  const { reading } = context;
  const { statement, entries, settings } = virtual;
  const start = wordOf(statement.key);
  const address = readService(context, virtual);
  checkType(context, virtual);
  const comment = settings.get('comment')?.value.text;
  if (comment !== undefined) reading.comments.add(comment);
  const words = [...(address ?? []), ...settingsOf(context, virtual)];
  const { command } = address ? runCall(reading, [word('-A', start.at), ...words], start) : {};
  const operation = command?.kind === 'modify' ? command.operation : undefined;
  const service = operation?.kind === 'add-service' ? operation.service : undefined;
  if (statement.comment !== undefined) reading.comments.addBeside(statement.comment);
  const called: Called | undefined =
    service && address
      ? {
          ...{ virtual, key: serviceKey(service.identity), identity: service.identity },
          ...{ words: address, servers: new Map() },
        }
      : undefined;
  for (const entry of entries) callForEntry(context, virtual, entry, called);
  return called;
}

export function word(text: string, at: number): ScriptWord {
  return { text, at };
}

function wordOf({ text, at }: Part): ScriptWord {
  return { text, at };
}

/** The words that name the service, such as `-t 192.0.2.1:80`. */
function readService(
  { reading }: LdirectordReading,
  virtual: Virtual,
): readonly ScriptWord[] | undefined {
  const { statement, isIPv6, settings } = virtual;
  const { text, at } = statement.value;
  if (/^\d+$/.test(text)) {
    const protocol = settings.get('protocol');
    if (protocol && protocol.value.text !== 'fwm')
      reading.report('BAD_VALUE', 'the protocol of a firewall mark is fwm', protocol.value.at);
    return [word('-f', at), word(text, at), ...(isIPv6 ? [word('-6', at)] : [])];
  }
  const [, host = '', port] = /^(\[[^\]\s]*\]|[^:\s]+):([\w-]+)$/.exec(text) ?? [];
  if (port === undefined) {
    const hint = 'write ADDRESS:PORT, or the number of a firewall mark';
    reading.report('ADDRESS', `"${text}" is no virtual service`, at, { hint });
    return undefined;
  }
  if (!checkFamily({ text: host, at }, virtual, reading)) return undefined;
  return [word(protocolOption(reading, virtual, port), at), word(`${host}:${port}`, at)];
}

function protocolOption(
  { report }: LdirectordReading['reading'],
  { settings }: Virtual,
  port: string,
): string {
  const statement = settings.get('protocol');
  const protocol = statement?.value.text ?? (/^(?:53|domain)$/.test(port) ? 'udp' : 'tcp');
  if (protocol === 'tcp') return '-t';
  if (protocol !== 'udp' && statement) {
    const hint = 'write tcp or udp; ldirectord has no other protocol for an address';
    report('BAD_VALUE', `"${protocol}" is not a protocol`, statement.value.at, { hint });
  }
  return '-u';
}

/** Refuses an address of the other family than the keyword's. A name of a host has none. */
function checkFamily(
  { text, at }: Part,
  { isIPv6 }: Virtual,
  { report }: LdirectordReading['reading'],
): boolean {
  const isBracketed = text.startsWith('[');
  const literal = isBracketed ? text.slice(1, -1) : text;
  if (isBracketed === isIPv6 || (!isBracketed && parseAddress(text) === undefined)) {
    if (parseAddress(literal) !== undefined || (!isBracketed && /[a-z]/i.test(text))) return true;
    report('ADDRESS', `"${text}" is not an IP address`, at);
    return false;
  }
  const hint = isIPv6
    ? 'virtual6 and real6 take IPv6 addresses in brackets'
    : 'IPv6 addresses need virtual6 and real6';
  report('FAMILY', `${text} is of the other family`, at, { hint });
  return false;
}

/** The words of the settings. Those that ldirectord ignores are named. */
function settingsOf({ reading }: LdirectordReading, virtual: Virtual): readonly ScriptWord[] {
  const { report } = reading;
  const words: ScriptWord[] = [];
  const read = (key: string, pattern: RegExp, wanted: string): Part | undefined => {
    const statement = virtual.settings.get(key);
    if (!statement || pattern.test(statement.value.text)) return statement?.value;
    report('BAD_VALUE', `"${statement.value.text}" is not ${wanted}`, statement.value.at);
    return undefined;
  };
  const add = (option: string, { text, at }: Part): void => {
    words.push(word(option, at), word(text, at));
  };
  const ignore = (part: Part, reason: string): void =>
    report('NO_EFFECT', `no effect: ${reason}`, part.at, { severity: 'warning' });

  const scheduler = read('scheduler', /^[a-z]+$/, 'a scheduler: only a-z');
  add('-s', scheduler ?? { text: 'wrr', at: virtual.statement.key.at });
  const persistent = read('persistent', /^\d+$/, 'a number of seconds');
  if (persistent) add('-p', persistent);
  const netmask = virtual.isIPv6
    ? read('netmask', /^\d+$/, 'the length of a prefix')
    : read('netmask', /^\d+\.\d+\.\d+\.\d+$/, 'a mask such as 255.255.255.0');
  if (netmask && persistent) add('-M', netmask);
  else if (netmask) ignore(netmask, 'a netmask groups persistent clients only');
  const flags = read('schedflags', /^\S+$/, 'a list of flags with commas');
  if (flags) add('-b', flags);
  const ops = read('ops', /^(?:yes|no)$/, '"yes" or "no"');
  if (ops?.text === 'yes') {
    if (isUdp(virtual)) words.push(word('-o', ops.at));
    else ignore(ops, 'ldirectord uses ops for the protocol udp only');
  }
  return words;
}

function isUdp({ statement, settings }: Virtual): boolean {
  const protocol = settings.get('protocol')?.value.text;
  if (/^\d+$/.test(statement.value.text)) return false;
  return protocol === undefined ? /:(?:53|domain)$/.test(statement.value.text) : protocol === 'udp';
}

function checkType({ reading }: LdirectordReading, { settings, statement }: Virtual): void {
  const type = settings.get('checktype')?.value;
  if (type && !CHECK_TYPES.test(type.text)) {
    const hint = 'allowed: connect, negotiate, ping, external, external-perl, on, off, a number';
    reading.report('BAD_VALUE', `"${type.text}" is not a type of checks`, type.at, { hint });
  } else if (type?.text === 'off') {
    const message = `checktype = off: ldirectord activates no server of ${statement.value.text}`;
    reading.report('UNSERVED', message, type.at, {
      severity: 'warning',
      hint: 'each of them has weight 0 in the result: it gets no connections',
    });
  }
}

function callForEntry(
  context: LdirectordReading,
  virtual: Virtual,
  entry: VirtualEntry,
  called: Called | undefined,
): void {
  const { reading } = context;
  if (entry.kind === 'comment') {
    reading.comments.add(entry.comment, /^real6?\s*=/.test(entry.comment));
    return;
  }
  const { key, value, comment } = entry.statement;
  const { report } = reading;
  if ((key.text === 'real6') !== virtual.isIPv6) {
    const hint = `write ${virtual.isIPv6 ? 'real6' : 'real'}`;
    report('UNKNOWN_KEY', `${virtual.statement.key.text} does not have ${key.text}`, key.at, {
      hint,
    });
  }
  const real = parseReal(value);
  if (!real) {
    const hint = 'write ADDRESS:PORT, then gate, masq or ipip, and a weight';
    report('ADDRESS', `"${value.text}" is no server`, value.at, { hint });
    return;
  }
  const option = FORWARD_OPTIONS[real.forward];
  if (option === undefined) {
    const hint = 'write gate, masq or ipip after the address';
    report('MISSING_KEY', 'the server has no forwarding method', value.at, { hint });
  } else if (real.rest) {
    report('SYNTAX', `"${real.rest.text}" is not understood`, real.rest.at);
  }
  if (!called || option === undefined) return;
  const isOff = virtual.settings.get('checktype')?.value.text === 'off';
  for (const address of addressesOf(reading, virtual, real)) {
    const at = value.at;
    const words = ['-r', `${address}:${real.port ?? 0}`, option];
    words.push('-w', isOff ? '0' : (real.weight ?? '1'));
    if (real.upper !== undefined) words.push('-x', real.upper);
    if (real.lower !== undefined) words.push('-y', real.lower);
    const args = [word('-a', key.at), ...called.words, ...words.map((text) => word(text, at))];
    // One problem of a range is enough: it may have thousands of addresses.
    const { command, refusal } = runCall(reading, args, word('-a', key.at));
    if (!command || refusal) break;
    if (command.kind === 'modify' && command.operation.kind === 'add-destination') {
      const { destination } = command.operation;
      called.servers.set(destination.key, { real, statement: entry.statement, destination });
    }
  }
  if (comment !== undefined) reading.comments.addBeside(comment);
}

function addressesOf(
  reading: LdirectordReading['reading'],
  virtual: Virtual,
  { first, last }: Real,
): readonly string[] {
  if (!checkFamily(first, virtual, reading)) return [];
  if (!last) return [first.text];
  const range = expandRange(first.text, last.text);
  if (!('reason' in range)) return range;
  reading.report('ADDRESS', range.reason, first.at);
  return [];
}
