import { DESTINATION_NUMBERS } from '../../../model/destination.ts';
import type { NumberOption, OptionName } from './options.ts';

/** The word for a command in messages. */
export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'restore'
  | 'save'
  | 'add-server'
  | 'edit-server'
  | 'delete-server'
  | 'list'
  | 'zero'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'help'
  | 'version';

export interface CommandWord {
  readonly name: CommandName;
  readonly long: string;
  readonly shorts: readonly string[];
  /** The daemon commands take `master` or `backup`. */
  readonly takesState?: true;
  /** Positional words in the usage text. */
  readonly words?: string;
  /** undefined: missing in the usage text. */
  readonly usage?: string;
}

/** In the order of the usage text. */
export const COMMANDS: readonly CommandWord[] = [
  {
    name: 'add-service',
    long: 'add-service',
    shorts: ['A'],
    usage: 'add virtual service with options',
  },
  {
    name: 'edit-service',
    long: 'edit-service',
    shorts: ['E'],
    usage: 'edit virtual service with options',
  },
  {
    name: 'delete-service',
    long: 'delete-service',
    shorts: ['D'],
    usage: 'delete virtual service',
  },
  { name: 'flush', long: 'clear', shorts: ['C'], usage: 'clear the whole table' },
  { name: 'restore', long: 'restore', shorts: ['R'], usage: 'restore rules from stdin' },
  { name: 'save', long: 'save', shorts: ['S'], usage: 'save rules to stdout' },
  { name: 'add-server', long: 'add-server', shorts: ['a'], usage: 'add real server with options' },
  {
    name: 'edit-server',
    long: 'edit-server',
    shorts: ['e'],
    usage: 'edit real server with options',
  },
  { name: 'delete-server', long: 'delete-server', shorts: ['d'], usage: 'delete real server' },
  { name: 'list', long: 'list', shorts: ['L', 'l'], usage: 'list the table' },
  {
    name: 'zero',
    long: 'zero',
    shorts: ['Z'],
    usage: 'zero counters in a service or all services',
  },
  {
    name: 'set',
    long: 'set',
    shorts: [],
    words: 'tcp tcpfin udp',
    usage: 'set connection timeout values',
  },
  {
    name: 'start-daemon',
    long: 'start-daemon',
    shorts: [],
    takesState: true,
    usage: 'start connection sync daemon',
  },
  {
    name: 'stop-daemon',
    long: 'stop-daemon',
    shorts: [],
    takesState: true,
    usage: 'stop connection sync daemon',
  },
  { name: 'help', long: 'help', shorts: ['h'], usage: 'display this help message' },
  { name: 'version', long: 'version', shorts: ['v'] },
];

/** Of the `exclusive` options of a command only one may be given. */
export type Rule = 'required' | 'allowed' | 'exclusive';
type Rules = Partial<Readonly<Record<CommandName, Rule>>>;

const SERVICE: Rules = { 'add-service': 'allowed', 'edit-service': 'allowed' };
const SERVER: Rules = { 'add-server': 'allowed', 'edit-server': 'allowed' };
const START: Rules = { 'start-daemon': 'allowed' };
const LIST: Rules = { list: 'allowed' };
const LIST_ONE: Rules = { list: 'exclusive' };

const NUMBERS = Object.fromEntries(
  DESTINATION_NUMBERS.map(({ option }) => [option, SERVER]),
) as Readonly<Record<NumberOption, Rules>>;

/** Which command takes which option; what is absent is forbidden. The order is the one in which violations are looked for. */
export const MATRIX: Readonly<Record<OptionName, Rules>> = {
  numeric: { list: 'allowed', save: 'allowed' },
  connection: LIST_ONE,
  'service-address': {
    ...{ 'add-service': 'required', 'edit-service': 'required', 'delete-service': 'required' },
    ...{ 'add-server': 'required', 'edit-server': 'required', 'delete-server': 'required' },
    ...{ list: 'exclusive', zero: 'allowed' },
  },
  scheduler: SERVICE,
  persistent: SERVICE,
  netmask: SERVICE,
  'real-server': {
    'add-server': 'required',
    'edit-server': 'required',
    'delete-server': 'required',
  },
  'forwarding-method': SERVER,
  ...NUMBERS,
  'mcast-interface': START,
  timeout: LIST_ONE,
  daemon: LIST_ONE,
  stats: LIST,
  rate: LIST,
  thresholds: LIST,
  'persistent-conn': LIST,
  nosort: LIST,
  syncid: { list: 'allowed', 'start-daemon': 'allowed', 'stop-daemon': 'allowed' },
  exact: LIST,
  ops: SERVICE,
  pe: SERVICE,
  'sched-flags': SERVICE,
  'mcast-group': START,
  'mcast-port': START,
  'mcast-ttl': START,
  'sync-maxlen': START,
  'tun-info': LIST,
  'tun-type': SERVER,
  'tun-port': SERVER,
  'tun-nocsum': SERVER,
  'tun-csum': SERVER,
  'tun-remcsum': SERVER,
};
