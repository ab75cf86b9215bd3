import { HEALTH_EFFECTS, type HealthEffect, type HealthNote } from '../health/effect.ts';
import type { DestinationKey } from '../model/destination.ts';
import { formatDuration } from '../model/duration.ts';
import type { DestinationHealth, HealthCheck } from '../model/health.ts';
import { printable } from '../model/printable.ts';
import type { ServiceKey } from '../model/service.ts';
import {
  isCount,
  isFlag,
  isNumber,
  isText,
  isTime,
  listOf,
  nullable,
  objectOf,
  oneOf,
  type Shape,
} from '../model/shape.ts';
import { wrapHanging } from './explain/wrap.ts';

/** A destination with the state of its checks. */
export interface HealthRow {
  readonly service: ServiceKey;
  readonly name: string | null;
  readonly destination: DestinationKey;
  /** The checks in words, such as `http /healthz, port 8080`. */
  readonly check: string;
  /** null: this machine could not check it once. */
  readonly healthy: boolean | null;
  /** True while it answers well, and stays unhealthy because it flapped. */
  readonly damped: boolean;
  readonly since: string;
  /** null: not checked yet. */
  readonly last_answer: LastAnswer | null;
}

interface LastAnswer {
  readonly verdict: 'good' | 'bad' | 'unknown';
  readonly reason: string;
  readonly at: string;
  readonly latency_seconds: number;
}

/** A destination that health treats, as the last pass found it. */
export interface HealthTreatment {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly effect: HealthEffect;
  readonly weight: number;
  readonly own_weight: number;
  readonly reason: string;
  readonly seconds: number;
}

/** The document of the checks (schemas/health.schema.json). */
export interface HealthDocument {
  readonly format: 'ipvstate-health';
  readonly version: 1;
  readonly time: string;
  readonly destinations: readonly HealthRow[];
  readonly effects: readonly HealthTreatment[];
}

const isServiceText = isText as Shape<ServiceKey>;
const isDestinationText = isText as Shape<DestinationKey>;

/** Tells whether a value that came over a socket is a destination that health treats. */
export const isHealthTreatment = objectOf<HealthTreatment>({
  service: isServiceText,
  destination: isDestinationText,
  effect: oneOf(HEALTH_EFFECTS),
  weight: isCount,
  own_weight: isCount,
  reason: isText,
  seconds: isNumber,
});

/** Tells whether a value that came over a socket is a document of the checks. */
export const isHealthDocument = objectOf<HealthDocument>({
  format: oneOf(['ipvstate-health']),
  version: oneOf([1]),
  time: isTime,
  destinations: listOf(
    objectOf<HealthRow>({
      service: isServiceText,
      name: nullable(isText),
      destination: isDestinationText,
      check: isText,
      healthy: nullable(isFlag),
      damped: isFlag,
      since: isTime,
      last_answer: nullable(
        objectOf<LastAnswer>({
          verdict: oneOf(['good', 'bad', 'unknown']),
          reason: isText,
          at: isTime,
          latency_seconds: isNumber,
        }),
      ),
    }),
  ),
  effects: listOf(isHealthTreatment),
});

/** Returns what a plan notes of a destination in the form of documents. */
export function treatmentOf(note: HealthNote): HealthTreatment {
  const { service, destination, effect, weight, ownWeight, reason, seconds } = note;
  return { service, destination, effect, weight, own_weight: ownWeight, reason, seconds };
}

/** Describes what health does to a destination. Without `seconds`, the time is left out. */
export function describeTreatment({
  effect,
  weight,
  own_weight,
  reason,
  seconds,
}: Omit<HealthTreatment, 'service' | 'destination' | 'seconds'> & {
  readonly seconds?: number;
}): string {
  const why = reason === '' ? '' : `: ${reason}`;
  const time = seconds === undefined ? '' : ` for ${formatSeconds(seconds)}`;
  switch (effect) {
    case 'out':
      return `unhealthy${time}, weight 0 in place of ${own_weight}${why}`;
    case 'removed':
      return `unhealthy${time}, and removed${why}`;
    case 'panic':
      return `unhealthy${time}, and left in because too many are${why}`;
    case 'slow-start':
      return `healthy again${time}, weight ${weight} on the way to ${own_weight}`;
    case 'fallback':
      return 'takes the traffic, because no other destination is usable';
    default:
      return effect satisfies never;
  }
}

/** Describes the checks of a destination, such as `http /healthz, port 8080`. */
export function describeChecks({
  checks,
  port,
}: Pick<DestinationHealth, 'checks' | 'port'>): string {
  return [...checks.map(describeCheck), ...(port === undefined ? [] : [`port ${port}`])].join(', ');
}

function describeCheck(check: HealthCheck): string {
  switch (check.kind) {
    case 'tcp':
    case 'udp':
      return check.kind;
    case 'http':
      return `${check.tls ? 'https' : 'http'} ${check.path}`;
    case 'dns':
      return `dns ${check.name} ${check.type}`;
    case 'command':
      return `command ${check.argv[0]?.split('/').at(-1)}`;
    default:
      return check satisfies never;
  }
}

const WIDTH = 80;
const TITLES = ['Destination', 'Check', 'State', 'Since', 'Latency', 'Last answer'];

const ANSWER_INDENT = ' '.repeat(6);

/** Formats the checks as a table, with the destinations of each service below it. */
export function formatHealth(document: HealthDocument): string {
  const { destinations, effects, time } = document;
  const effectOf = new Map(effects.map((each) => [keyOf(each), each.effect]));
  const known = new Set(destinations.map(keyOf));
  const cells = destinations.map((row): string[] => [
    row.destination,
    row.check,
    checkStateOf(row, effectOf.get(keyOf(row))).replace('-', ' '),
    formatSeconds((Date.parse(time) - Date.parse(row.since)) / 1000),
    row.last_answer ? `${(row.last_answer.latency_seconds * 1000).toFixed(1)} ms` : '-',
    printable(row.last_answer?.reason ?? 'not checked yet'),
  ]);
  const widths = TITLES.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  // An answer that does not fit is on lines of its own.
  const linesOf = (row: readonly string[]): readonly string[] =>
    line(row).length <= WIDTH
      ? [line(row)]
      : [
          line(row.slice(0, -1)),
          ...wrapHanging(`${ANSWER_INDENT}${row.at(-1)}`, WIDTH, ANSWER_INDENT),
        ];
  const lines = destinations.flatMap(({ service, name }, index) => [
    ...(destinations[index - 1]?.service === service
      ? []
      : [name === null ? service : `${name} (${service})`]),
    ...linesOf(cells[index] ?? []),
  ]);
  const others = effects
    .filter((each) => !known.has(keyOf(each)))
    .flatMap((each) => {
      const text = `${each.destination} of ${each.service}: ${describeTreatment(each)}`;
      return wrapHanging(printable(text), WIDTH, '    ');
    });
  const all = [...(lines.length > 0 ? [line(TITLES)] : []), ...lines, ...others];
  if (all.length === 0)
    return 'Nothing is checked: no service of the files in force has `health`.\n';
  return all.map((text) => `${printable(text)}\n`).join('');
}

function keyOf({ service, destination }: Pick<HealthRow, 'service' | 'destination'>): string {
  return `${service} ${destination}`;
}

/** The states of a checked destination. */
export const CHECK_STATES = [
  'healthy',
  'unhealthy',
  'panic',
  'flapping',
  'slow-start',
  /** Nobody can say: it was not checked yet, or this machine cannot check it. */
  'unknown',
] as const;

export type CheckState = (typeof CHECK_STATES)[number];

/** Returns the state of a checked destination that health treats in this way. */
export function checkStateOf(
  { healthy, damped }: Pick<HealthRow, 'healthy' | 'damped'>,
  effect: HealthEffect | undefined,
): CheckState {
  if (healthy === null) return 'unknown';
  if (healthy) return effect === 'slow-start' ? 'slow-start' : 'healthy';
  if (damped) return 'flapping';
  return effect === 'panic' ? 'panic' : 'unhealthy';
}

function formatSeconds(seconds: number): string {
  return formatDuration(Math.max(0, Math.floor(seconds)));
}
