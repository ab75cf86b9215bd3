/** A command as messages of ipvsadm name it. */
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

/** A command and its spellings. */
export interface CommandWord {
  readonly name: CommandName;
  readonly long: string;
  readonly shorts: readonly string[];
  /** The daemon commands take `master` or `backup`. */
  readonly takesState?: true;
  /** The words after the command in the usage text. */
  readonly words?: string;
  /** The explanation in the usage text; undefined when the usage text leaves the command out. */
  readonly usage?: string;
}

/** All commands, in the order of the usage text. */
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
