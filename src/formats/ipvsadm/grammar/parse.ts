import { DAEMON_ROLES, type DaemonRole, type Timeouts } from '../../../model/settings.ts';
import { checkOptions } from './allowed-options.ts';
import { buildCommand } from './build.ts';
import type { CommandWord } from './commands.ts';
import { type Failure, failure, isFailure, tryLine } from './failure.ts';
import { parseNumber } from './libc.ts';
import { invalidTimeout, LONGEST_TIMEOUT_SECONDS } from './options.ts';
import type { Command } from './parsed-command.ts';
import { isCommandWord, splitOptions } from './popt.ts';
import { readOptions, type ValueRules } from './read-options.ts';
import { readSchedulerFlags } from './service.ts';

export interface ParseRules extends ValueRules {
  /** `argv[0]`, for the message that points to the help. */
  readonly programName: string;
  readonly posixlyCorrect?: boolean;
}

/**
 * Reads one command line, without the name of the program. The first fault decides the message. The
 * order of the checks is ipvsadm's: options from left to right, words of `--set`, words too many,
 * `-b`, allowed options, and last the rules of the command itself.
 */
export function parseCommand(argv: readonly string[], rules: ParseRules): Command | Failure {
  const tokens = splitOptions(argv, rules.posixlyCorrect);
  const firstIndex = tokens.findIndex((token) => token.kind !== 'positional');
  const first = tokens[firstIndex];
  if (argv.length === 0)
    return {
      kind: 'list',
      format: 'plain',
      service: undefined,
      numeric: false,
      exact: false,
      sorted: true,
    };
  if (first?.kind !== 'option' || !isCommandWord(first.option))
    return failure(tryLine(rules.programName), first?.word ?? 0, 255);
  if (first.option.name === 'help' || first.option.name === 'version')
    return { kind: first.option.name };
  const role = readRole(first.option, first.value, first.last);
  if (isFailure(role)) return role;

  const values = readOptions(tokens.slice(firstIndex + 1), argv, rules);
  if (isFailure(values)) return values;
  const words = tokens.filter((token) => token.kind === 'positional');
  const timeouts = first.option.name === 'set' ? readTimeouts(words.splice(0, 3)) : undefined;
  if (isFailure(timeouts)) return timeouts;
  const [extra] = words;
  if (extra) return failure(`unexpected argument ${extra.text}`, extra.word);
  const schedulerFlags = readSchedulerFlags(values);
  if (isFailure(schedulerFlags)) return schedulerFlags;
  return (
    checkOptions(first.option.name, values.words) ??
    buildCommand(first.option.name, values, { schedulerFlags, role, timeouts })
  );
}

function readRole(
  command: CommandWord,
  state: string | undefined,
  word: number,
): DaemonRole | Failure | undefined {
  if (!command.takesState) return undefined;
  const illegal =
    command.name === 'start-daemon'
      ? 'illegal start-daemon parameter specified'
      : 'illegal start_daemon specified';
  return DAEMON_ROLES.find((role) => role === state) ?? failure(illegal, word);
}

function readTimeouts(
  words: readonly { readonly text: string; readonly word: number }[],
): Timeouts | Failure {
  const values: number[] = [];
  if (words.length < 3) return failure('--set option requires 3 timeout values');
  for (const { text, word } of words) {
    const seconds = parseNumber(text, 0, LONGEST_TIMEOUT_SECONDS);
    if (seconds === undefined) return failure(invalidTimeout(text), word);
    values.push(seconds);
  }
  const [tcp = 0, tcpFin = 0, udp = 0] = values;
  return { tcp, tcpFin, udp };
}
