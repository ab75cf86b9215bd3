import type { ChecksMapping } from '../../config/config.ts';
import type { WrittenHealth, WrittenHealths } from '../../config/write/health.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { ServiceKey } from '../../model/service.ts';
import { serviceHealth } from '../service-health.ts';
import type { Called } from './calls.ts';
import { type Difference, forks, readCheck, type ServerCheck } from './checks.ts';
import { findFallback, readFallback } from './fallback.ts';
import { CHECK, INSIDE, leaveOut, OUTSIDE } from './keywords.ts';
import type { Globals, Statement } from './lines.ts';
import type { LdirectordReading } from './read.ts';

/** The state of the reading of all checks. */
interface Surroundings {
  readonly context: LdirectordReading;
  readonly globals: Globals;
  /** The statements outside of the services that became a part of health. */
  readonly used: Set<Statement>;
  /** Reports a difference between ldirectord and health. Each message is shown once. */
  readonly differ: (difference: Difference, at: number) => void;
  readonly leaveOutCheck: (name: string, statement: Statement) => void;
}

/** Finds how the services are checked, and lists the parts of the checks that are not carried. */
export function healthOf(
  services: readonly Called[],
  globals: Globals,
  context: LdirectordReading,
): WrittenHealths {
  const said = new Set<string>();
  const left = new Set<string>();
  const surroundings: Surroundings = {
    context,
    globals,
    used: new Set(),
    differ: ({ message, hint }, at) => {
      if (said.has(message)) return;
      said.add(message);
      context.reading.report('TRANSLATE', message, at, { severity: 'warning', hint });
    },
    leaveOutCheck: (name, { key: { at } }) => {
      if (left.has(`${at} ${name}`)) return;
      left.add(`${at} ${name}`);
      context.notCarried.add(name, context.reading.position(at), CHECK);
    },
  };
  const health = new Map<ServiceKey, WrittenHealth>();
  for (const called of services) {
    const found = readService(called, surroundings);
    if (found) health.set(called.key, found);
  }
  for (const statement of globals.values()) {
    const subject = OUTSIDE[statement.key.text];
    if (
      subject === 'check' ||
      (subject === 'timing' && health.size === 0) ||
      (subject === 'fallback' && !surroundings.used.has(statement))
    )
      leaveOut(context, subject, statement.key.at);
  }
  const [first] = services;
  if (first && (health.size > 0 || left.size > 0))
    surroundings.differ(TWO_OWNERS, first.virtual.statement.key.at);
  return health;
}

const TWO_OWNERS = {
  message: 'ldirectord and `ipvstate watch` must not both own a service',
  hint: 'stop ldirectord before you apply the configuration',
};
const WAITS = {
  message: 'a fallback waits with weight 0, ldirectord adds it',
  hint: 'it takes no connections while another server is usable',
};

function readService(called: Called, surroundings: Surroundings): WrittenHealth | undefined {
  const { context, globals, used, differ, leaveOutCheck } = surroundings;
  const { settings, statement } = called.virtual;
  const checks: ServerCheck[] = [];
  const mappings = new Map<DestinationKey, ChecksMapping | 'off'>();
  for (const [key, server] of called.servers) {
    const check = readCheck(called, server, globals);
    checks.push(check);
    mappings.set(key, check.kind === 'check' ? check.mapping : 'off');
    if (check.kind === 'left-out')
      leaveOutCheck(
        check.name,
        server.real.own ? server.statement : (settings.get('checktype') ?? statement),
      );
    else if (check.kind === 'check')
      for (const difference of check.differences)
        differ(difference, (settings.get(difference.key ?? '') ?? statement).key.at);
  }
  listUnused(called, checks, surroundings);
  const fallback = findFallback(called, globals);
  const written = serviceHealth(
    mappings,
    () => fallback && readFallback(fallback, called, context),
  );
  if (written?.fallback && fallback) {
    used.add(fallback);
    differ(WAITS, fallback.key.at);
  } else if (fallback && settings.has(fallback.key.text)) {
    leaveOut(context, 'fallback', fallback.key.at);
  }
  return written;
}

/** Settings whose line no message may show. */
const SECRETS: readonly string[] = ['login', 'passwd', 'database', 'secret'];

/** Lists the settings of checks that the checks of a service do not use. */
function listUnused(
  { virtual }: Called,
  checks: readonly ServerCheck[],
  { context, globals }: Surroundings,
): void {
  if (checks.length === 0 || checks.some(({ kind }) => kind === 'left-out')) return;
  const uses = new Set(checks.flatMap((check) => (check.kind === 'check' ? check.uses : [])));
  for (const [keyword, { key }] of virtual.settings) {
    const isTiming =
      INSIDE[keyword] === 'timing' && (keyword !== 'checkinterval' || forks(globals));
    const isUsed = uses.has(keyword) || (isTiming && uses.size > 0);
    if (!isUsed && (INSIDE[keyword] === 'check' || INSIDE[keyword] === 'timing'))
      context.notCarried.add(
        `${keyword} that no check uses`,
        context.reading.position(SECRETS.includes(keyword) ? virtual.statement.key.at : key.at),
      );
  }
}
