import { InvalidArgumentError } from 'commander';
import { READABLE_FORMATS } from '../../formats/formats.ts';
import type { Limit } from '../../model/desired.ts';
import { isNodeName, NODE_NAME_FORM } from '../../model/node.ts';
import { MAX_REASON_LENGTH } from '../../model/pause.ts';
import { hasInvisible } from '../../model/printable.ts';
import type { Allowances } from '../../plan/guard.ts';
import type { LoadOptions } from '../../sources/load.ts';
import { COLOR_MODES } from '../output.ts';
import {
  choice,
  entryOf,
  flag,
  number,
  type OptionOf,
  parsed,
  parseTime,
  repeated,
  text,
  type ValuesOf,
} from './options.ts';

// Options that several verbs share. A verb lists them in the order of its help.

/** Options of every verb. */
export const COMMON_OPTIONS = {
  color: choice('--color <when>', 'colour the output', COLOR_MODES, 'auto'),
  quiet: flag('-q, --quiet', 'print only results and errors'),
};

/** Option of the verbs that do one thing and end. */
export const VERBOSE_OPTIONS = {
  verbose: flag('-v, --verbose', 'print on stderr how long each read, plan and batch takes'),
};

/** Option of the verbs that read configurations. */
export const NODE_OPTIONS = {
  node: parsed(
    '--node <node>',
    'read the files for this director: leave out what is for other nodes',
    parseNode,
  ),
};

export const FILE_OPTIONS = {
  file: repeated(
    '-f, --file <path>',
    'configuration: YAML, JSON or `ipvsadm -Sn` text; a folder means its *.yaml, *.yml and ' +
      '*.json, - is stdin (repeatable; default: /etc/ipvstate/ipvstate.yaml, else ' +
      '/etc/ipvstate/conf.d)',
  ),
  ...NODE_OPTIONS,
};

/** Option of the verbs that read files once. */
export const FORMAT_OPTIONS = {
  format: entryOf(
    '--format <format>',
    'read every file as this, whatever it looks like',
    READABLE_FORMATS,
  ),
};

/** Options of the verbs that read files of other programs. */
export const TRANSLATING_OPTIONS = {
  ...FORMAT_OPTIONS,
  configId: text('--config-id <id>', 'with a keepalived.conf: the id for its lines with @'),
};

export const NETNS_OPTIONS = {
  netns: text('--netns <name>', 'work in this network namespace (a name of `ip netns`, or a path)'),
};

export const TABLE_OPTIONS = {
  table: text(
    '--table <file>',
    'use a saved table (`ipvstate export`, `ipvsadm -Sn`) in place of the kernel; needs no root',
  ),
  ...NETNS_OPTIONS,
};

/** One option for each guard. */
export const GUARD_OPTIONS = {
  maxServiceDeletes: parsed(
    '--max-service-deletes <n>',
    'allow this many services to be deleted: a number, N% of the live ones, or off',
    parseLimit,
  ),
  maxDestinationDeletes: parsed(
    '--max-destination-deletes <n>',
    'the same for destinations',
    parseLimit,
  ),
  allowUnserved: flag(
    '--allow-unserved',
    'allow a served service to end up without a usable destination',
  ),
  allowEmpty: flag('--allow-empty', 'allow the plan to leave no service at all'),
  allowProtected: flag('--allow-protected', 'allow protected services to be deleted'),
};

/** Options of the verbs that plan, about overrides. */
export const OVERRIDE_PLAN_OPTIONS = {
  ignoreOverrides: flag(
    '--ignore-overrides',
    'plan the weights of the files, as if nobody had overridden any (`ipvstate overrides`)',
  ),
};

/** Options that say what is planned. */
export const PLAN_OPTIONS = {
  ...FILE_OPTIONS,
  ...FORMAT_OPTIONS,
  ...TABLE_OPTIONS,
  only: repeated(
    '--only <service>',
    'plan only for this service: an address or a name, * for any characters (repeatable)',
  ),
  ...GUARD_OPTIONS,
  ...OVERRIDE_PLAN_OPTIONS,
  ...VERBOSE_OPTIONS,
  detailedExitcode: flag(
    '--detailed-exitcode',
    'exit 2 when there are changes, 0 when there are none',
  ),
};

export const LOCK_OPTIONS = {
  lockTimeout: number(
    '--lock-timeout <time>',
    'wait this long for another ipvstate that is writing',
    parseTime,
    0,
    '0s',
  ),
};

export const CONFIRMATION_OPTIONS = {
  yes: flag('-y, --yes', 'do not ask for confirmation'),
  noInput: flag('--no-input', 'never ask: fail where a question would be'),
};

/** The option of the verbs that check destinations. */
export const COMMAND_OPTIONS = {
  allowCommands: flag('--allow-commands', 'run the programs that `health` of the files names'),
};

/** Options of the verbs that talk to the daemon, and of the daemon. */
export const CONTROL_OPTIONS = {
  controlSocket: text(
    '--control-socket <path>',
    'Unix socket to control the daemon by (default: in /run/ipvstate)',
  ),
  ...NETNS_OPTIONS,
};

/** How files are read, as the options say. */
export function readingOf(
  options: Partial<ValuesOf<typeof FORMAT_OPTIONS & typeof NODE_OPTIONS>>,
): LoadOptions {
  const { format, node } = options;
  return { ...(format && { format }), ...(node !== undefined && { node }) };
}

function parseNode(text: string): string {
  if (!isNodeName(text)) throw new InvalidArgumentError(`Expected ${NODE_NAME_FORM}.`);
  return text;
}

/** How files of other programs are read, as the options say. */
export function translatingOf(
  options: ValuesOf<typeof TRANSLATING_OPTIONS & typeof NODE_OPTIONS>,
): LoadOptions {
  const { configId } = options;
  return { ...readingOf(options), translates: true, ...(configId !== undefined && { configId }) };
}

/** Allowances that the guard options express. */
export function allowancesOf(options: ValuesOf<typeof GUARD_OPTIONS>): Allowances {
  return {
    ...(options.maxServiceDeletes && { maxServiceDeletes: options.maxServiceDeletes }),
    ...(options.maxDestinationDeletes && { maxDestinationDeletes: options.maxDestinationDeletes }),
    unserved: options.allowUnserved,
    empty: options.allowEmpty,
    protected: options.allowProtected,
  };
}

function parseLimit(text: string): Limit {
  if (text === 'off') return { kind: 'off' };
  const match = /^(0|[1-9]\d{0,8})(%?)$/.exec(text);
  const value = Number(match?.[1]);
  if (!match || (match[2] === '%' && value > 100))
    throw new InvalidArgumentError('Expected a number, a percentage such as 30%, or off.');
  return { kind: match[2] === '%' ? 'percent' : 'count', value };
}

/** The option `--reason`, which is shown in one line wherever the act of the operator is. */
export function reasonOption(description: string): OptionOf<string | undefined> {
  return parsed('--reason <text>', description, (text) => {
    if (text.length > MAX_REASON_LENGTH || text.trim() === '' || hasInvisible(text))
      throw new InvalidArgumentError(
        `Expected one line of at most ${MAX_REASON_LENGTH} characters that are all seen.`,
      );
    return text;
  });
}
