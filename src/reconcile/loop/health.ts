import { partOf } from './contest.ts';
import type { LoopState, PassOutcome } from './loop-state.ts';

/** The states of health, the worst first. */
export const HEALTH_STATES = [
  /** The last pass failed, or the loop ended by itself. */
  'failed',
  /** A service has usable destinations in the files and none in the kernel. */
  'unserved',
  /** A guard holds a plan back. */
  'held',
  /** The files that were read last are invalid. */
  'invalid',
  /** The kernel refused an object, which is left out. */
  'refused',
  /** More servers of a service are unhealthy than may be taken out. */
  'panic',
  /** The table differs in an object that another program keeps changing, and is left alone. */
  'contested',
  /** The table differs, and the difference is only reported. */
  'drifted',
  /** The table is as desired. Nothing is written, or some services are left alone. */
  'paused',
  /** The table is as desired by the last files, and their source cannot be read. */
  'source-unreachable',
  /** The table is as desired, and removed destinations are kept for their connections. */
  'draining',
  'in-sync',
] as const;

/** `starting`: no pass has ended yet. */
export type HealthName = (typeof HEALTH_STATES)[number] | 'starting';

export interface Health {
  readonly state: HealthName;
  /** The problems, one sentence each, the worst first. Empty when the table is in sync. */
  readonly why: readonly string[];
  /** When the state began, on the loop's clock. */
  readonly since: number;
}

export const STARTING: Health = { state: 'starting', why: [], since: 0 };

/**
 * Tells whether the live table is as desired. Every exit code, probe and gauge follows from this.
 */
export function isHealthy({ state }: Pick<Health, 'state'>): boolean {
  return state === 'in-sync' || state === 'draining' || state === 'source-unreachable';
}

/**
 * Tells whether nothing differs from the files. A paused daemon is not healthy, because it would
 * not keep the table so.
 */
export function isAsDesired(health: Pick<Health, 'state'>): boolean {
  return isHealthy(health) || health.state === 'paused';
}

/** Returns the health of a state, and the same object as before when nothing is new. */
export function healthOf(state: LoopState, now: number): Health {
  const { health: previous } = state;
  const problems = problemsOf(state);
  const found = problems[0]?.state ?? (state.lastPass ? 'in-sync' : 'starting');
  const why = problems.map((problem) => problem.why);
  const isSame = found === previous.state;
  if (isSame && why.join('\n') === previous.why.join('\n')) return previous;
  return { state: found, why, since: isSame ? previous.since : now };
}

interface Problem {
  readonly state: HealthName;
  readonly why: string;
}

const FAILURES: readonly PassOutcome[] = ['failed', 'rolled-back', 'partial', 'unverified'];

/** Finds all problems, the worst first. */
function problemsOf(state: LoopState): Problem[] {
  const found: readonly [HealthName, readonly string[]][] = [
    ['failed', failuresOf(state)],
    ['unserved', state.unserved.map(describeUnserved)],
    ['held', (state.refused?.refusals ?? []).map(({ message }) => `held back: ${message}`)],
    ['invalid', state.config.problem ? ['the files are not valid'] : []],
    ['refused', state.refusedParts.map(({ part, reason }) => `${part} is left out: ${reason}`)],
    ['panic', panicsOf(state)],
    ...differencesOf(state),
    ['paused', pauseOf(state)],
    ['source-unreachable', state.source && state.lastPass ? [state.source.message] : []],
    ['draining', drainsOf(state)],
  ];
  return found.flatMap(([name, sentences]) =>
    shortened(sentences).map((why) => ({ state: name, why })),
  );
}

function failuresOf({ phase, fatal, lastPass }: LoopState): string[] {
  if (phase === 'failed') return [fatal?.message ?? 'the daemon ended because of a bug'];
  if (!lastPass || !FAILURES.includes(lastPass.outcome)) return [];
  const { outcome, error, report } = lastPass;
  // A stop between two operations is no failure.
  if (phase === 'stopped' || error?.code === 'ABORTED') return [];
  const cause = error ?? report?.failures[0]?.error;
  return [cause?.message ?? `the last pass ended as ${outcome}`];
}

function describeUnserved(service: string): string {
  return `${service} has usable servers in the files and none in the kernel`;
}

function panicsOf({ checked }: LoopState): string[] {
  const services = new Set(
    checked.flatMap(({ effect, service }) => (effect === 'panic' ? service : [])),
  );
  return Array.from(
    services,
    (service) => `clients of ${service} reach servers that are unhealthy`,
  );
}

/** Splits the differences into those that are contested and the others. */
function differencesOf(state: LoopState): [HealthName, string[]][] {
  const { drift, contested } = state;
  const refused = new Set(state.refusedParts.map(({ part }) => part));
  const changes = (drift?.changes ?? []).filter((change) => !refused.has(partOf(change)));
  const { sysctls = [] } = drift ?? {};
  const parts = new Set(contested.map(({ part }) => part));
  const isContested = changes.map((change) => parts.has(partOf(change)));
  const touched = new Set(
    changes.flatMap((change, index) => (isContested[index] ? [partOf(change)] : [])),
  );
  const others = isContested.filter((is) => !is).length + sysctls.length;
  return [
    [
      'contested',
      contested
        .filter(({ part }) => touched.has(part))
        .map(({ name }) => `another program keeps changing ${name}, which is left alone`),
    ],
    [
      'drifted',
      others === 0
        ? []
        : [`${others} ${others === 1 ? 'object differs' : 'objects differ'} from the files`],
    ],
  ];
}

/** Before the first pass has ended, nobody knows whether the table is as desired. */
function pauseOf({ pause, lastPass }: LoopState): string[] {
  if (!pause || !lastPass) return [];
  const { services, who, reason } = pause;
  const subject = services
    ? `${services.length} ${services.length === 1 ? 'service' : 'services'}`
    : 'the daemon';
  return [`${who} paused ${subject}${reason === undefined ? '' : `: ${reason}`}`];
}

function drainsOf({ drains }: LoopState): string[] {
  if (drains.length === 0) return [];
  const subject = drains.length === 1 ? 'destination drains' : 'destinations drain';
  return [`${drains.length} removed ${subject}`];
}

const SHOWN = 5;

function shortened(sentences: readonly string[]): readonly string[] {
  const hidden = sentences.length - SHOWN;
  return hidden > 0 ? [...sentences.slice(0, SHOWN), `and ${hidden} more`] : sentences;
}
