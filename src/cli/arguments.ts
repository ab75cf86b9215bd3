import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Limit } from '../model/desired.ts';
import { parseDuration } from '../model/duration.ts';
import type { Allowances } from '../plan/guard.ts';

export interface FileOptions {
  readonly file: readonly string[];
}

export interface TableOptions {
  readonly table?: string;
  readonly netns?: string;
}

export interface PlanOptions extends FileOptions, TableOptions {
  readonly only: readonly string[];
  readonly detailedExitcode?: boolean;
  readonly maxServiceDeletes?: Limit;
  readonly maxDestinationDeletes?: Limit;
  readonly allowUnserved?: boolean;
  readonly allowEmpty?: boolean;
  readonly allowProtected?: boolean;
}

/** Options that every verb has. */
export function addCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--color <when>', 'colour the output')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('-q, --quiet', 'print only results and errors');
}

export function addFileOptions(command: Command): Command {
  return command.option(
    '-f, --file <path>',
    'configuration: YAML, JSON or `ipvsadm -Sn` text; a folder means its *.yaml, *.yml and *.json, - is stdin (repeatable; default: /etc/ipvstate/ipvstate.yaml, else /etc/ipvstate/conf.d)',
    collect,
  );
}

export function addTableOptions(command: Command): Command {
  return command
    .option(
      '--table <file>',
      'use a saved table (`ipvstate export`, `ipvsadm -Sn`) in place of the kernel; needs no root',
    )
    .option('--netns <name>', 'work in this network namespace (a name of `ip netns`, or a path)');
}

export function addOutputOption(
  command: Command,
  formats: readonly [string, ...string[]],
): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'output format').choices(formats).default(formats[0]),
  );
}

export function addPlanOptions(command: Command): Command {
  addFileOptions(command);
  addTableOptions(command);
  command.option(
    '--only <service>',
    'plan only for this service: an address or a name, * for any characters (repeatable)',
    collect,
  );
  return addGuardOptions(command);
}

/** One for each guard. */
export function addGuardOptions(command: Command): Command {
  return command
    .option(
      '--max-service-deletes <n>',
      'allow this many services to be deleted: a number, N% of the live ones, or off',
      parseLimit,
    )
    .option('--max-destination-deletes <n>', 'the same for destinations', parseLimit)
    .option('--allow-unserved', 'allow a served service to end up without a usable destination')
    .option('--allow-empty', 'allow the plan to leave no service at all')
    .option('--allow-protected', 'allow protected services to be deleted');
}

export function addDetailedExitCode(command: Command): Command {
  return command.option(
    '--detailed-exitcode',
    'exit 2 when there are changes, 0 when there are none',
  );
}

export function addWriteOptions(command: Command): Command {
  return command.addOption(
    new Option('--lock-timeout <time>', 'wait this long for another ipvstate that is writing')
      .default(0, '0s')
      .argParser(parseTime),
  );
}

export function addConfirmationOptions(command: Command): Command {
  return command
    .option('-y, --yes', 'do not ask for confirmation')
    .option('--no-input', 'never ask: fail where a question would be');
}

export function allowancesOf(options: PlanOptions): Allowances {
  return {
    ...(options.maxServiceDeletes && { maxServiceDeletes: options.maxServiceDeletes }),
    ...(options.maxDestinationDeletes && { maxDestinationDeletes: options.maxDestinationDeletes }),
    unserved: options.allowUnserved ?? false,
    empty: options.allowEmpty ?? false,
    protected: options.allowProtected ?? false,
  };
}

/** Gathers the values of a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Seconds, with a unit or without. */
export function parseTime(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds === undefined)
    throw new InvalidArgumentError('Expected a time such as 90s, 15m or 1h30m.');
  return seconds;
}

/** `90`, `90s`, `15m`, `1h30m`; undefined for anything else. */
export function parseSeconds(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : parseDuration(text);
}

/** Seconds, at least one. */
export function parsePositiveTime(text: string): number {
  const seconds = parseTime(text);
  if (seconds < 1) throw new InvalidArgumentError('Expected a time of at least 1s.');
  return seconds;
}

function parseLimit(text: string): Limit {
  if (text === 'off') return { kind: 'off' };
  const match = /^(0|[1-9]\d{0,8})(%?)$/.exec(text);
  const value = Number(match?.[1]);
  if (!match || (match[2] === '%' && value > 100))
    throw new InvalidArgumentError('Expected a number, a percentage such as 30%, or off.');
  return { kind: match[2] === '%' ? 'percent' : 'count', value };
}
