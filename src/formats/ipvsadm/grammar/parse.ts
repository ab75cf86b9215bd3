import type { DaemonRole, Timeouts } from '../../../model/settings.ts';
import { buildCommand } from './build.ts';
import type { Command } from './command.ts';
import type { CommandWord } from './commands.ts';
import { parseRole } from './daemon.ts';
import { type Failure, failure, isFailure, tryLine } from './failure.ts';
import { type Given, nothingGiven } from './given.ts';
import { checkMatrix } from './matrix.ts';
import { parseNumber } from './number.ts';
import { invalidTimeout, LONGEST_TIMEOUT_SECONDS } from './options.ts';
import { givenSchedulerFlags } from './service.ts';
import { findServiceContext } from './service-context.ts';
import { takeOption, type ValueRules } from './take-option.ts';
import { isCommandWord, splitOptions, type Token } from './words.ts';

export interface ParseRules extends ValueRules {
  /** `argv[0]`, for the line that points to the help. */
  readonly programName: string;
  readonly posixlyCorrect?: boolean;
}

/**
 * Reads one command line (without the program's name). The first thing wrong decides the message, in ipvsadm's order: options left
 * to right, words of `--set`, left-over words, `-b`, the matrix, then what the command itself checks.
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

  const given = takeOptions(tokens.slice(firstIndex + 1), argv, rules);
  if (isFailure(given)) return given;
  const words = tokens.filter((token) => token.kind === 'positional');
  const timeouts = first.option.name === 'set' ? readTimeouts(words.splice(0, 3)) : undefined;
  if (isFailure(timeouts)) return timeouts;
  const [extra] = words;
  if (extra) return failure(`unexpected argument ${extra.text}`, extra.word);
  const schedulerFlags = givenSchedulerFlags(given);
  if (isFailure(schedulerFlags)) return schedulerFlags;
  return (
    checkMatrix(first.option.name, given.words) ??
    buildCommand(first.option.name, given, { schedulerFlags, role, timeouts })
  );
}

function takeOptions(
  tokens: readonly Token[],
  argv: readonly string[],
  rules: ParseRules,
): Given | Failure {
  const given = nothingGiven();
  const taking = { given, context: findServiceContext(tokens), rules };
  for (const token of tokens) {
    if (token.kind === 'positional') continue;
    if (token.kind === 'bad')
      return failure(`${argv[token.word]}: ${token.reason}`, token.word, 255);
    if (isCommandWord(token.option))
      return failure(`invalid option \`${argv[token.last]}'`, token.word);
    const refusal = takeOption(taking, token, token.option);
    if (refusal) return refusal;
  }
  return given;
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
  return parseRole(state) ?? failure(illegal, word);
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
