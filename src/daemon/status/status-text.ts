import { formatDuration } from '../../model/duration.ts';
import { printable } from '../../model/printable.ts';
import type { HealthName } from '../../reconcile/loop/health.ts';
import { countOf } from '../../render/count-of.ts';
import { wrap } from '../../render/explain/wrap.ts';
import { describeTreatment } from '../../render/health.ts';
import { formatClock, formatUntil } from '../../render/overrides.ts';
import { describeInvalid, type PauseStatus, type Status, type StatusError } from './status.ts';

const HEALTH_WORDS: Readonly<Record<Exclude<HealthName, 'invalid'>, string>> = {
  starting: 'starting',
  failed: 'failed: the live table is not as desired',
  unserved: 'unserved: clients of a service get no answer',
  held: 'stopped by a guard: nothing is written',
  refused: 'refused: the kernel does not take an object, which is left out',
  panic: 'panic: more servers of a service are unhealthy than may be taken out',
  contested: 'contested: the live table is not as desired, because another program changes it',
  drifted: 'drifted: the live table differs from the desired one, and is left so',
  paused: 'paused: the live table is as desired, and what is paused is left as it is',
  'source-unreachable': 'in sync with the last configuration: its source cannot be read',
  draining: 'in sync: the live table is as desired, and removed destinations drain',
  'in-sync': 'in sync: the live table is as desired',
};

/** Says what the health means: `in sync: the live table is as desired`. */
export function describeHealth({ health, config }: Status): string {
  return health === 'invalid'
    ? describeInvalid(config.last_success !== null)
    : HEALTH_WORDS[health];
}

/** Formats the health as one line for `systemctl status`, with the place of a failure. */
export function formatHealth(status: Status): string {
  const words = describeHealth(status);
  switch (status.health) {
    case 'held':
      return `${words}: ${status.waiting?.refusals.map(({ message }) => message).join('; ')}`;
    case 'invalid':
      return withError(words, status.config.error);
    case 'failed':
      return withError(words, status.error);
    case 'in-sync':
    case 'draining':
    case 'starting':
      return words;
    default:
      return `${words}: ${status.why.join('; ')}`;
  }
}

function withError(words: string, error: StatusError | null): string {
  return error ? `${words}: ${formatPlace(error)}${error.message}` : words;
}

const WIDTH = 80;
/** The texts of a status begin in this column. */
const INDENT = ' '.repeat(12);

/** Formats the whole status for people, in lines of 80 columns. */
export function formatStatus(status: Status): string {
  const { program, config, watch, waiting, last_pass, health_since } = status;
  const since = status.why.length > 0 && health_since ? `, since ${health_since}` : '';
  return [
    line('State', `${describeHealth(status)}${since}`),
    ...status.why.map((reason) => `${INDENT}${printable(reason)}`),
    line('Daemon', describeProgram(program, status.drift)),
    ...status.files.map(({ path, sha256, problem }) =>
      line('File', `${path} ${problem ?? (sha256 ?? '').slice(0, 12)}`),
    ),
    line('Watch', watch.reason ? `${watch.mode}: ${watch.reason}` : watch.mode),
    line('Desired', describeDesired(config)),
    ...formatError('Config', config.error),
    ...formatError('Error', status.error),
    ...formatError('Source', status.source ?? null),
    ...(status.fleet ? formatFleet(status.fleet) : []),
    ...(last_pass ? [line('Last pass', describePass(last_pass))] : []),
    ...(waiting ? formatWaiting(waiting) : []),
    ...status.differences.map((difference) => line('Differs', difference)),
    ...status.drains.map(({ destination, service, seconds_left }) =>
      line('Drains', `${destination} of ${service}, at most ${formatDuration(seconds_left)} more`),
    ),
    ...(status.unserved_by_overrides ?? []).map((service) =>
      line('Unserved', `${service}: overrides leave it no usable server`),
    ),
    ...formatOverridden(status.overrides ?? []),
    ...formatTreated(status.health_effects ?? []),
    ...(status.paused ? formatPaused(status.paused) : []),
    ...status.contested.map(({ object, reversals }) =>
      line('Contested', `${object}: changed back by another program ${countOf(reversals, 'time')}`),
    ),
  ]
    .map((text) => `${wrapLine(text)}\n`)
    .join('');
}

function wrapLine(text: string): string {
  if (text.length <= WIDTH) return text;
  const lines = wrap(text.slice(INDENT.length), WIDTH - INDENT.length);
  return `${text.slice(0, INDENT.length)}${lines.join(`\n${INDENT}`)}`;
}

function formatFleet(fleet: NonNullable<Status['fleet']>): string[] {
  const { node, generation, error, overrides_held = [], overrides_unknown = null } = fleet;
  const { read, applied } = generation;
  const later = read === applied ? '' : `, generation ${read ?? 'none'} is read`;
  return [
    line('Fleet', `node ${node}, generation ${applied ?? 'none'} is applied${later}`),
    ...formatError('Reports', error),
    ...(overrides_unknown === null
      ? []
      : [line('Fleet', `its last known drains stay: ${overrides_unknown}`)]),
    ...overrides_held
      .slice(0, SHOWN_OVERRIDES)
      .map(({ service, destination, why }) =>
        line(
          'Held back',
          `the fleet's drain of ${destination} of ${service ?? 'every service'}: ${why}`,
        ),
      ),
  ];
}

/** So many overrides are shown. */
const SHOWN_OVERRIDES = 20;

function formatOverridden(overrides: NonNullable<Status['overrides']>): string[] {
  const shown = overrides
    .slice(0, SHOWN_OVERRIDES)
    .map(({ destination, service, note }) =>
      line('Override', `${destination} of ${service}: ${note}`),
    );
  const hidden = overrides.length - shown.length;
  return hidden > 0 ? [...shown, line('Override', `and ${hidden} more destinations`)] : shown;
}

/** So many effects of health are shown. */
const SHOWN_EFFECTS = 5;

function formatTreated(effects: NonNullable<Status['health_effects']>): string[] {
  const shown = effects
    .slice(0, SHOWN_EFFECTS)
    .map((each) =>
      line('Checked', `${each.destination} of ${each.service}: ${describeTreatment(each)}`),
    );
  const hidden = effects.length - Math.min(effects.length, SHOWN_EFFECTS);
  return hidden > 0
    ? [...shown, line('Checked', `and ${hidden} more: \`ipvstate health\` shows them`)]
    : shown;
}

function line(name: string, text: string): string {
  return `${`${name}:`.padEnd(11)} ${printable(text)}`;
}

function describeProgram({ pid, version, started }: Status['program'], drift: string): string {
  return `pid ${pid}, version ${version}, drift: ${drift}, since ${started}`;
}

function describeDesired({ services, destinations, last_success }: Status['config']): string {
  const lastSuccess = last_success === null ? 'never valid yet' : `valid since ${last_success}`;
  return [countOf(services, 'service'), countOf(destinations, 'destination'), lastSuccess].join(
    ', ',
  );
}

function describePass({
  at,
  trigger,
  outcome,
  operations,
  seconds,
  exit_code,
}: NonNullable<Status['last_pass']>): string {
  const duration = `${countOf(operations, 'operation')} in ${Math.round(seconds * 1000)} ms`;
  const end = outcome === 'rolled-back' && operations === 0 ? 'refused by the kernel' : outcome;
  return `${end} (exit code ${exit_code}), ${duration}, trigger: ${trigger}, at ${at}`;
}

function formatError(name: string, error: StatusError | null): string[] {
  if (!error) return [];
  const { message, hint, since } = error;
  return [
    line(name, `${formatPlace(error)}${message} [${error.code}], since ${since}`),
    ...(hint ? [line('', hint).replace(':', ' ')] : []),
  ];
}

/** `FILE:LINE:COLUMN: `, or nothing. */
export function formatPlace({ position }: Pick<StatusError, 'position'>): string {
  return position ? `${position.file}:${position.line}:${position.column}: ` : '';
}

/** Says who paused the daemon, since when and until when in local time, and why. */
export function describePause(
  { who, since, until, reason }: PauseStatus,
  asOf = new Date(),
): string {
  const local = (time: string): string => formatClock(new Date(time), asOf);
  const end = until === null ? 'without an end' : `until ${formatUntil(new Date(until), asOf)}`;
  const why = reason === null ? '' : `: ${reason}`;
  return printable(`by ${who}, since ${local(since)}, ${end}${why}`);
}

function formatPaused(pause: PauseStatus): string[] {
  const { services } = pause;
  const effect = services
    ? `${countOf(services.length, 'service')} left alone: ${shownServices(services)}`
    : 'the daemon writes nothing';
  return [
    line('Paused', describePause(pause)),
    `${INDENT}${effect}; \`ipvstate resume\` ends the pause`,
    `${INDENT}commands by hand, such as \`apply\` and \`drain\`, still write`,
  ];
}

const SHOWN_SERVICES = 5;

function shownServices(services: readonly string[]): string {
  const shown = services.slice(0, SHOWN_SERVICES).join(', ');
  return services.length > SHOWN_SERVICES ? `${shown}, ...` : shown;
}

function formatWaiting({
  plan,
  since,
  refusals,
  changes,
}: NonNullable<Status['waiting']>): string[] {
  return [
    line('Waiting', `plan ${plan}, since ${since}; \`ipvstate approve ${plan}\` executes it`),
    ...refusals.map(({ guard, message }) => `${INDENT}refused by guard ${guard}: ${message}`),
    ...changes.map((change) => `${INDENT}${change}`),
  ];
}
