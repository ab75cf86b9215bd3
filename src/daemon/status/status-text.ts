import { formatDuration } from '../../model/duration.ts';
import type { Health, Status, StatusError } from './status.ts';

export const HEALTH_WORDS: Readonly<Record<Health, string>> = {
  starting: 'starting',
  'in-sync': 'in sync: the live table is as desired',
  differs: 'the live table differs, and is only looked at (--drift)',
  refused: 'stopped by a guard: nothing is written',
  invalid: 'the files are not valid: the last good state is kept',
  failing: 'failing: the live table is not as desired',
};

/** One line, for `systemctl status`: the last failure with its place, or how the table is. */
export function formatHealth(status: Status): string {
  const error = status.config.error ?? status.error;
  const words = HEALTH_WORDS[status.health];
  if (status.waiting)
    return `${words}: ${status.waiting.refusals.map(({ message }) => message).join('; ')}`;
  return error ? `${words}: ${placeOf(error)}${error.message}` : words;
}

/** For people; a line or a few for each thing there is. */
export function formatStatus(status: Status): string {
  const { program, config, watch, waiting, last_pass } = status;
  return [
    line('State', HEALTH_WORDS[status.health]),
    line(
      'Daemon',
      `pid ${program.pid}, version ${program.version}, since ${program.started}; drift: ${status.drift}`,
    ),
    ...status.files.map(({ path, sha256, problem }) =>
      line('File', `${path} ${problem ?? (sha256 ?? '').slice(0, 12)}`),
    ),
    line('Watch', watch.reason ? `${watch.mode}: ${watch.reason}` : watch.mode),
    line(
      'Desired',
      `${count(config.services, 'service')}, ${count(config.destinations, 'destination')}, ${lastSuccess(config.last_success)}`,
    ),
    ...formatError('Config', config.error),
    ...formatError('Error', status.error),
    ...(last_pass ? [line('Last pass', describePass(last_pass))] : []),
    ...(waiting ? formatWaiting(waiting) : []),
    ...status.drains.map((drain) =>
      line(
        'Drains',
        `${drain.destination} of ${drain.service}, at most ${formatDuration(drain.seconds_left)} more`,
      ),
    ),
    ...status.contested.map(({ object, reversals }) =>
      line('Contested', `${object}: changed back by somebody else ${count(reversals, 'time')}`),
    ),
  ]
    .map((text) => `${text}\n`)
    .join('');
}

function line(name: string, text: string): string {
  return `${`${name}:`.padEnd(11)} ${text}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function lastSuccess(time: string | null): string {
  return time === null ? 'never valid yet' : `valid since ${time}`;
}

function describePass({
  at,
  trigger,
  outcome,
  operations,
  seconds,
  exit_code,
}: NonNullable<Status['last_pass']>): string {
  return `${outcome} (exit code ${exit_code}), ${count(operations, 'operation')} in ${Math.round(seconds * 1000)} ms, because of ${trigger}, at ${at}`;
}

function formatError(name: string, error: StatusError | null): string[] {
  if (!error) return [];
  const { message, hint, since } = error;
  return [
    line(name, `${placeOf(error)}${message} [${error.code}], since ${since}`),
    ...(hint ? [line('', hint).replace(':', ' ')] : []),
  ];
}

function placeOf({ position }: StatusError): string {
  return position ? `${position.file}:${position.line}:${position.column}: ` : '';
}

function formatWaiting({
  plan,
  since,
  refusals,
  changes,
}: NonNullable<Status['waiting']>): string[] {
  return [
    line('Waiting', `plan ${plan}, since ${since}; \`ipvstate approve ${plan}\` executes it`),
    ...refusals.map(
      ({ guard, message }) => `${' '.repeat(12)}refused by guard ${guard}: ${message}`,
    ),
    ...changes.map((change) => `${' '.repeat(12)}${change}`),
  ];
}
