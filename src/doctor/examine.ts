import { CLOCK } from './checks/clock.ts';
import { FORWARDING, IPV6 } from './checks/forwarding.ts';
import { ADDON, ENGINES, FTP, IPVS, SCHEDULERS } from './checks/ipvs.ts';
import { DAEMON, PRIVILEGES } from './checks/privileges.ts';
import { FILES, NODE } from './checks/program.ts';
import { INOTIFY, RUNTIME_FOLDER, STATE_FOLDER } from './checks/resources.ts';
import { REVERSE_PATH, ROUTES, SERVERS, TUNNELS } from './checks/routes.ts';
import { SYNC_DAEMONS } from './checks/sync-daemons.ts';
import {
  BACKUP,
  CONNECTION_TRACKING,
  COUNTERS,
  DEFENCE,
  DRAINS,
  NEW_CONNECTIONS,
  REUSED_PORTS,
  STRANGERS,
  WANTED,
} from './checks/sysctls.ts';
import { LOCK, WRITERS } from './checks/writers.ts';
import type { Check, ProgramFacts } from './facts.ts';
import { type Finding, LEVELS, type Level } from './finding.ts';

/** The checks that need no kernel. */
export const PROGRAM_CHECKS: readonly Check<ProgramFacts>[] = [NODE, FILES];

/** The checks of the machine, its network namespace and its kernel. */
export const MACHINE_CHECKS: readonly Check[] = [
  ADDON,
  IPVS,
  SCHEDULERS,
  ENGINES,
  FTP,
  PRIVILEGES,
  DAEMON,
  FORWARDING,
  IPV6,
  ROUTES,
  TUNNELS,
  REVERSE_PATH,
  SERVERS,
  NEW_CONNECTIONS,
  REUSED_PORTS,
  DRAINS,
  DEFENCE,
  COUNTERS,
  STRANGERS,
  BACKUP,
  CONNECTION_TRACKING,
  WANTED,
  SYNC_DAEMONS,
  INOTIFY,
  RUNTIME_FOLDER,
  STATE_FOLDER,
  LOCK,
  WRITERS,
  CLOCK,
];

/** A finding with the name of its check. */
export interface NamedFinding extends Finding {
  readonly check: string;
}

/** Makes the checks, and returns what they found, in their order. */
export function examine<F extends ProgramFacts>(
  checks: readonly Check<F>[],
  facts: F,
): NamedFinding[] {
  return checks.flatMap(({ name, examine: ask }) =>
    ask(facts).map((finding) => ({ ...finding, check: name })),
  );
}

export function worstFirst(findings: readonly NamedFinding[]): NamedFinding[] {
  return LEVELS.flatMap((level) => findings.filter((finding) => finding.level === level));
}

export function countByLevel(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const counts = { failure: 0, warning: 0, unknown: 0, remark: 0, ok: 0 };
  for (const { level } of findings) counts[level]++;
  return counts;
}
