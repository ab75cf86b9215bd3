import { type Address, addressFamily, type Family } from '../../model/address.ts';
import { isEngineName } from '../../model/names.ts';
import { nearest } from '../../model/nearest.ts';
import { parseIPv4Mask } from '../../model/networks.ts';
import { SCHEDULER_FLAGS, SCHEDULERS } from '../../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE_SECONDS,
  MAX_FWMARK,
  MAX_PERSISTENCE_SECONDS,
  PROTOCOLS,
  type Protocol,
} from '../../model/service.ts';
import { areResolved, type Context, type Readers, readBlock } from './context.ts';
import { type Forwarding, readForwarding } from './forwarding.ts';
import { IN_VIRTUAL_SERVER } from './keywords.ts';
import { type RealServer, readRealServer, WEIGHT } from './real-server.ts';
import type { Statement, Word } from './tree.ts';
import { onlyWord, readNumber, readServer, warnOfIgnored } from './values.ts';

/** The services that a `virtual_server` stands for. */
export type Target =
  | { readonly kind: 'address'; readonly address: Address; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number }
  | { readonly kind: 'group'; readonly name: Word };

export interface VirtualServer {
  readonly statement: Statement;
  readonly target: Target;
  /** The family that it says, or that its servers have: the first one that is not a tunnel's. */
  readonly family?: Family;
  readonly protocol?: Protocol;
  readonly scheduler: string;
  readonly schedulerFlags: number;
  /** The statement `ops`. */
  readonly onePacket?: Statement;
  /** 0: not persistent. */
  readonly persistenceTimeoutSeconds: number;
  readonly granularity?: { readonly netmask: number; readonly statement: Statement };
  readonly persistenceEngine: string;
  readonly forwarding?: Forwarding;
  /** The weight of servers that have none. */
  readonly weight: number;
  readonly name?: Word;
  readonly sorry?: SorryServer;
  readonly realServers: readonly RealServer[];
}

/** A sorry server, which gets connections while the real servers do not. */
interface SorryServer {
  readonly server: RealServer;
  /** Its own method: else that of the virtual server. */
  readonly forwarding?: Forwarding;
  /** True when it is in the table all the time, with weight 0. */
  readonly isInhibited?: true;
}

interface Draft extends VirtualServer {
  family?: Family;
  protocol?: Protocol;
  scheduler: string;
  schedulerFlags: number;
  onePacket?: Statement;
  persistenceTimeoutSeconds: number;
  granularity?: { readonly netmask: number; readonly statement: Statement };
  persistenceEngine: string;
  forwarding?: Forwarding;
  weight: number;
  name?: Word;
  sorry?: SorryServer;
  readonly realServers: RealServer[];
}

/** Reads a `virtual_server`. Returns undefined after reporting that its target is wrong. */
export function readVirtualServer(
  statement: Statement,
  context: Context,
): VirtualServer | undefined {
  const target = areResolved(statement, context) ? readTarget(statement, context) : undefined;
  const draft: Draft = {
    statement,
    target: target ?? { kind: 'fwmark', fwmark: 1 },
    ...(target?.kind === 'address' && { family: addressFamily(target.address) }),
    scheduler: 'wlc',
    schedulerFlags: 0,
    persistenceTimeoutSeconds: 0,
    persistenceEngine: '',
    weight: 1,
    realServers: [],
  };
  readBlock(draft, statement, READERS, IN_VIRTUAL_SERVER, context);
  if (draft.sorry) placeSorryServer(draft, draft.sorry);
  return target && draft;
}

/** A sorry server decides about the family of a mark, too, and may wait in the table. */
function placeSorryServer(draft: Draft, { server, forwarding, isInhibited }: SorryServer): void {
  const method = forwarding ?? server.forwarding;
  if ((method ?? draft.forwarding)?.forward !== 'tunnel')
    draft.family ??= addressFamily(server.address);
  if (isInhibited && draft.realServers.length > 0)
    draft.realServers.push({ ...server, ...(method && { forwarding: method }) });
}

function readTarget(statement: Statement, context: Context): Target | undefined {
  const [kind, value, ...others] = statement.words;
  if (kind?.text === 'group') {
    warnOfIgnored(others, context);
    if (value) return { kind: 'group', name: value };
    const message = 'virtual_server group has no name';
    context.report('MISSING_KEY', message, statement.position);
    return undefined;
  }
  if (kind?.text === 'fwmark') {
    warnOfIgnored(others, context);
    const fwmark = readNumber(value, 'a fwmark', { min: 1, max: MAX_FWMARK }, statement, context);
    return fwmark === undefined ? undefined : { kind: 'fwmark', fwmark };
  }
  const server = readServer(statement, context);
  return server && { kind: 'address', ...server };
}

const KNOWN_SCHEDULERS = SCHEDULERS.filter((name) => name !== 'none');

function readScheduler(draft: Draft, statement: Statement, context: Context): void {
  const word = onlyWord(statement, context);
  if (!word) return;
  const { text } = word;
  if ((KNOWN_SCHEDULERS as readonly string[]).includes(text)) {
    draft.scheduler = text;
    return;
  }
  const near = nearest(text, KNOWN_SCHEDULERS)[0];
  const hint =
    near === undefined ? `known: ${KNOWN_SCHEDULERS.join(', ')}` : `did you mean "${near}"?`;
  const message = `keepalived knows no scheduler ${JSON.stringify(text)}, and takes another one`;
  context.report('SCHEDULER', message, word.position, { hint });
}

/** Reads a flag of the scheduler. keepalived ignores it when the scheduler stands below it. */
function readFlag(draft: Draft, { keyword, position }: Statement, { report }: Context): void {
  const flag = SCHEDULER_FLAGS.find(({ name }) => name === keyword);
  if (!flag) throw new Error(`no flag is called ${keyword}`);
  if (flag.scheduler === undefined || flag.scheduler === draft.scheduler) {
    draft.schedulerFlags |= flag.bit;
    return;
  }
  const message = `keepalived ignores ${keyword} here: the scheduler is ${draft.scheduler}`;
  report('SCHEDULER_FLAG', message, position, {
    hint: `write it below lb_algo ${flag.scheduler}, or remove it`,
  });
}

function readMethod(draft: Draft, statement: Statement, context: Context): void {
  const forwarding = readForwarding(statement, context);
  if (forwarding) draft.forwarding = forwarding;
}

const READERS: Readers<Draft> = {
  lb_algo: readScheduler,
  lvs_sched: readScheduler,
  lb_kind: readMethod,
  lvs_method: readMethod,
  ...Object.fromEntries(SCHEDULER_FLAGS.map(({ name }) => [name, readFlag])),
  // The kernel finds every service by its hash.
  hashed: () => {},
  ops: (draft, statement) => {
    draft.onePacket = statement;
  },
  ip_family: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    if (!word) return;
    const family = { inet: 'ipv4', inet6: 'ipv6' }[word.text] as Family | undefined;
    if (family !== undefined && family === (draft.family ?? family)) {
      draft.family = family;
      return;
    }
    const message = family
      ? `ip_family ${word.text} contradicts the addresses`
      : `${JSON.stringify(word.text)} is no family`;
    context.report('FAMILY', message, word.position, { hint: 'write inet or inet6' });
  },
  protocol: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    const protocol = PROTOCOLS.find((known) => known === word?.text.toLowerCase());
    if (protocol) draft.protocol = protocol;
    else if (word) {
      const message = `${JSON.stringify(word.text)} is no protocol`;
      context.report('BAD_VALUE', message, word.position, { hint: 'write TCP, UDP or SCTP' });
    }
  },
  persistence_timeout: (draft, statement, context) => {
    const [word, ...others] = statement.words;
    warnOfIgnored(others, context);
    const range = { min: 0, max: MAX_PERSISTENCE_SECONDS };
    const seconds = word
      ? readNumber(word, 'a persistence timeout', range, statement, context)
      : DEFAULT_PERSISTENCE_SECONDS;
    // keepalived ignores 0.
    if (seconds) draft.persistenceTimeoutSeconds = seconds;
  },
  persistence_granularity: readGranularity,
  persistence_engine: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    if (!word) return;
    if (isEngineName(word.text)) draft.persistenceEngine = word.text;
    else {
      const message = `${JSON.stringify(word.text)} is not the name of an engine`;
      context.report('PERSISTENCE', message, word.position, { hint: 'the kernel has sip' });
    }
  },
  weight: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    const weight = word && readNumber(word, 'a weight', { ...WEIGHT, min: 1 }, statement, context);
    if (weight !== undefined) draft.weight = weight;
  },
  snmp_name: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    if (word) draft.name = word;
  },
  sorry_server: (draft, statement, context) => {
    const server = readServer(statement, context);
    const own = draft.forwarding && { forwarding: draft.forwarding };
    const settings = { weight: 0, upperThreshold: 0, lowerThreshold: 0, isSorry: true } as const;
    if (server) draft.sorry = { server: { statement, ...server, ...own, ...settings } };
  },
  sorry_server_inhibit: (draft, statement, context) => {
    if (draft.sorry) draft.sorry = { ...draft.sorry, isInhibited: true };
    else reportNoSorryServer(statement, context);
  },
  sorry_server_lvs_method: (draft, statement, context) => {
    const forwarding = readForwarding(statement, context);
    if (!draft.sorry) reportNoSorryServer(statement, context);
    else if (forwarding) draft.sorry = { ...draft.sorry, forwarding };
  },
  real_server: (draft, statement, context) => {
    const server = readRealServer(statement, draft.forwarding, context);
    if (!server) return;
    draft.realServers.push(server);
    const isTunnel = (server.forwarding ?? draft.forwarding)?.forward === 'tunnel';
    if (!isTunnel) draft.family ??= addressFamily(server.address);
  },
};

function reportNoSorryServer({ keyword, position }: Statement, { report }: Context): void {
  const hint = 'write it below the sorry_server';
  report('REFERENCE', `there is no sorry_server above this ${keyword}`, position, { hint });
}

/** Reads the netmask of persistence, which makes the service persistent as well. */
function readGranularity(draft: Draft, statement: Statement, context: Context): void {
  const word = onlyWord(statement, context);
  if (!word) return;
  const family = draft.family ?? (word.text.includes('.') ? 'ipv4' : 'ipv6');
  const netmask = family === 'ipv6' ? prefixLength(word.text) : parseIPv4Mask(word.text);
  if (netmask === undefined) {
    const hint =
      family === 'ipv6'
        ? 'write a prefix length from 1 to 128'
        : 'write a mask such as 255.255.255.0';
    const message = `${JSON.stringify(word.text)} is no netmask`;
    context.report('NETMASK', message, word.position, { hint });
    return;
  }
  draft.family ??= family;
  draft.granularity = { netmask, statement };
  if (draft.persistenceTimeoutSeconds === 0)
    draft.persistenceTimeoutSeconds = DEFAULT_PERSISTENCE_SECONDS;
}

function prefixLength(text: string): number | undefined {
  const length = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return length >= 1 && length <= 128 ? length : undefined;
}
