import { DESTINATION_NUMBERS } from '../../../model/destination.ts';
import { COMMANDS, type CommandName } from './commands.ts';
import { type Failure, failure } from './failure.ts';
import type { NumberOption, OptionName } from './options.ts';

/** The rule for an option of a command, which takes one of its `exclusive` options at a time. */
type Rule = 'required' | 'allowed' | 'exclusive';
type Rules = Partial<Readonly<Record<CommandName, Rule>>>;

const SERVICE: Rules = { 'add-service': 'allowed', 'edit-service': 'allowed' };
const SERVER: Rules = { 'add-server': 'allowed', 'edit-server': 'allowed' };
const START: Rules = { 'start-daemon': 'allowed' };
const LIST: Rules = { list: 'allowed' };
const LIST_ONE: Rules = { list: 'exclusive' };

const NUMBERS = Object.fromEntries(
  DESTINATION_NUMBERS.map(({ option }) => [option, SERVER]),
) as Readonly<Record<NumberOption, Rules>>;

/**
 * The options of each command; a missing entry forbids the option. The order of the options is the
 * order in which ipvsadm looks for violations.
 */
export const ALLOWED_OPTIONS: Readonly<Record<OptionName, Rules>> = {
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

const POSITIONS = Object.fromEntries(
  Object.keys(ALLOWED_OPTIONS).map((option, index) => [option, index]),
) as Readonly<Record<OptionName, number>>;

const REQUIRED = Object.fromEntries(
  COMMANDS.map(({ name }) => [
    name,
    (Object.keys(ALLOWED_OPTIONS) as OptionName[]).filter(
      (option) => ALLOWED_OPTIONS[option][name] === 'required',
    ),
  ]),
) as unknown as Readonly<Record<CommandName, readonly OptionName[]>>;

/**
 * Refuses the first option, in the order of the table, that the command lacks or must not have.
 * @param words the given options with the index of their words
 */
export function checkOptions(
  command: CommandName,
  words: ReadonlyMap<OptionName, number>,
): Failure | undefined {
  return isAllowed(command, words) ? undefined : firstViolation(command, words);
}

/** A quick answer for good lines. To find the first violation, the options must be sorted. */
function isAllowed(command: CommandName, words: ReadonlyMap<OptionName, number>): boolean {
  let exclusive = 0;
  for (const option of words.keys()) {
    const rule = ALLOWED_OPTIONS[option][command];
    if (rule === undefined || (rule === 'exclusive' && ++exclusive > 1)) return false;
  }
  return REQUIRED[command].every((option) => words.has(option));
}

function firstViolation(
  command: CommandName,
  words: ReadonlyMap<OptionName, number>,
): Failure | undefined {
  const options = [...words.keys()];
  for (const option of REQUIRED[command]) if (!words.has(option)) options.push(option);
  options.sort((a, b) => POSITIONS[a] - POSITIONS[b]);
  let exclusive: OptionName | undefined;
  for (const option of options) {
    const rule = ALLOWED_OPTIONS[option][command];
    const word = words.get(option);
    if (word === undefined)
      return failure(`You need to supply the '${option}' option for the '${command}' command`);
    if (rule === undefined)
      return failure(`Illegal '${option}' option with the '${command}' command`, word);
    if (rule !== 'exclusive') continue;
    if (exclusive)
      return failure(
        `The option '${option}' conflicts with the '${exclusive}' option in the '${command}' command`,
        word,
      );
    exclusive = option;
  }
  return undefined;
}

/** Options of `-L` that replace the listing of services by another one. */
const OTHER_LISTINGS: readonly OptionName[] = ['connection', 'timeout', 'daemon'];
const COUNTER_FORMATS: readonly OptionName[] = ['stats', 'rate', 'thresholds'];

/** Refuses options of `-L` that exclude each other although the table allows each of them. */
export function checkListingOptions(words: ReadonlyMap<OptionName, number>): Failure | undefined {
  const other = OTHER_LISTINGS.find((name) => words.has(name));
  if (other === undefined) return undefined;
  const conflicting =
    other === 'connection' ? COUNTER_FORMATS : [...COUNTER_FORMATS, 'persistent-conn' as const];
  const second = conflicting.find((name) => words.has(name));
  return second === undefined
    ? undefined
    : failure('options conflicts in the list command', words.get(second));
}
