import { type Command, InvalidArgumentError, Option } from 'commander';
import { LOG_FORMATS, LOG_LEVELS } from '../daemon/log-options.ts';
import { DRIFT_MODES } from '../daemon/status.ts';
import { addFileOptions, addGuardOptions, addWriteOptions, parseSeconds } from './arguments.ts';

const NETNS = [
  '--netns <name>',
  'work in this network namespace (a name of `ip netns`, or a path)',
] as const;
const CONTROL_SOCKET = [
  '--control-socket <path>',
  'Unix socket to control the daemon by (default: in /run/ipvstate)',
] as const;

const time = (flag: string, description: string, milliseconds: number, shown: string): Option =>
  new Option(`${flag} <time>`, description)
    .default(milliseconds, shown)
    .argParser(parseMilliseconds);

export function addWatchOptions(command: Command): Command {
  addWriteOptions(addGuardOptions(addFileOptions(command)));
  return command
    .addOption(time('--interval', 'look at the kernel this often', 5000, '5s'))
    .addOption(time('--resync', 'read files and kernel as a whole this often', 300_000, '5m'))
    .addOption(time('--debounce', 'wait until files have been quiet for so long', 250, '250ms'))
    .addOption(
      new Option('--drift <what>', 'when the kernel differs and no file changed')
        .choices(DRIFT_MODES)
        .default('correct'),
    )
    .option(
      '--listen <address>',
      'serve /metrics, /healthz, /readyz and /status over HTTP, on 127.0.0.1:9798 or a Unix socket',
    )
    .option('--listen-any', 'let --listen be 0.0.0.0 or [::]')
    .option('--stats', 'counters of each service and destination in /metrics')
    .addOption(
      new Option('--log-format <format>', 'format of the log').choices(LOG_FORMATS).default('text'),
    )
    .addOption(
      new Option('--log-level <level>', 'what is logged at least')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .option(...CONTROL_SOCKET)
    .option(...NETNS);
}

export function addControlOptions(command: Command): Command {
  return command.option(...CONTROL_SOCKET).option(...NETNS);
}

/** `250ms`, or a time as everywhere; at least 10 ms. */
export function parseMilliseconds(text: string): number {
  const short = /^([1-9]\d{0,5})ms$/.exec(text);
  const seconds = parseSeconds(text);
  const milliseconds = short
    ? Number(short[1])
    : seconds === undefined
      ? undefined
      : seconds * 1000;
  if (milliseconds === undefined || milliseconds < 10)
    throw new InvalidArgumentError('Expected a time such as 250ms, 5s or 1h30m.');
  return milliseconds;
}
