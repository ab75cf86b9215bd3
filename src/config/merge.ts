import type { Desired, Section } from '../model/desired.ts';
import type { Issue, Position } from '../model/issue.ts';
import { findMixedFamily } from '../model/rules.ts';
import type { ServiceKey } from '../model/service.ts';
import { DAEMON_ROLES, type Daemon, TIMEOUT_ATTRIBUTES, type Timeouts } from '../model/settings.ts';
import type { ServiceEntry } from '../model/table.ts';
import { mergePolicies } from './merge-policy.ts';

interface Merged {
  /** undefined when there are errors. */
  readonly desired: Desired | undefined;
  readonly issues: readonly Issue[];
}

/** The fields' keys in the file. */
const KEY_NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TIMEOUT_ATTRIBUTES.map(({ key, name }) => [key, name])),
  maxServiceDeletes: 'max_service_deletes',
  maxDestinationDeletes: 'max_destination_deletes',
};

/** The position of a value that comes from no file. */
const NOWHERE: Position = { file: '-', line: 1, column: 1 };

/**
 * Merges the desired states of several files. One file only may declare a service, a timeout, a
 * limit, or the sync daemons as a whole. An error shows both places.
 */
export function mergeDesired(parts: readonly Desired[]): Merged {
  const issues: Issue[] = [];
  const services = new Map<ServiceKey, ServiceEntry>();
  const names = new Map<ServiceKey, string>();
  const owners = new Map<ServiceKey, Desired>();
  let timeouts: Partial<Timeouts> = {};
  let limits: Desired['limits'] = {};
  let daemons: readonly Daemon[] | undefined;
  let daemonOwner: Desired | undefined;
  for (const [index, part] of parts.entries()) {
    for (const [key, entry] of part.services) {
      const owner = owners.get(key);
      if (owner) {
        issues.push(
          duplicate(`the service ${key} is in two files`, part.locate(key), owner.locate(key)),
        );
        continue;
      }
      services.set(key, entry);
      owners.set(key, part);
      const name = part.names.get(key);
      if (name !== undefined) names.set(key, name);
    }
    for (const key of shared(timeouts, part.timeouts))
      issues.push(
        sectionTwice(
          `the timeout ${KEY_NAMES[key] ?? key}`,
          'timeouts',
          part,
          parts.slice(0, index),
          key,
        ),
      );
    timeouts = { ...part.timeouts, ...timeouts };
    for (const key of shared(limits, part.limits))
      issues.push(
        sectionTwice(
          `the limit ${KEY_NAMES[key] ?? key}`,
          'limits',
          part,
          parts.slice(0, index),
          key,
        ),
      );
    limits = { ...part.limits, ...limits };
    if (part.daemons === undefined) continue;
    if (daemonOwner) {
      issues.push(
        duplicate(
          'the sync daemons are in two files',
          part.sections?.sync_daemons,
          daemonOwner.sections?.sync_daemons,
        ),
      );
    } else {
      daemons = part.daemons;
      daemonOwner = part;
    }
  }
  if (daemonOwner && daemons && daemons.length > 0) {
    const owner = daemonOwner;
    const others = parts.filter((part) => part !== owner);
    const [mixed] = others.flatMap(
      (part) => mixedFamilyIssue(part, owner.sections?.sync_daemons) ?? [],
    );
    if (mixed) issues.push(mixed);
  }
  const { policy, issues: policyIssues } = mergePolicies(parts, duplicate);
  for (const issue of policyIssues) issues.push(issue);
  if (issues.length > 0) return { desired: undefined, issues };
  const [only] = parts;
  if (parts.length === 1 && only) return { desired: only, issues };
  return {
    desired: {
      services,
      timeouts,
      daemons:
        daemons &&
        [...daemons].sort((a, b) => DAEMON_ROLES.indexOf(a.role) - DAEMON_ROLES.indexOf(b.role)),
      limits,
      ...(policy ? { policy } : {}),
      names,
      locate: (key, destination) => owners.get(key)?.locate(key, destination),
      sections: Object.assign({}, ...[...parts].reverse().map((part) => part.sections ?? {})),
    },
    issues,
  };
}

/**
 * The issue for sync daemons in one file and, in another file, a destination beside which no daemon
 * may run.
 */
function mixedFamilyIssue(part: Desired, daemons: Position | undefined): Issue | undefined {
  const mixed = findMixedFamily(part.services);
  if (!mixed) return undefined;
  const { service, destination, message } = mixed;
  return {
    code: 'CONFLICT',
    severity: 'error',
    message,
    position: part.locate(service.key, destination.key) ?? daemons ?? NOWHERE,
    ...(daemons ? { related: { message: 'the sync daemons are here', position: daemons } } : {}),
  };
}

function shared(a: object, b: object): string[] {
  return Object.keys(b).filter((key) => Object.hasOwn(a, key));
}

function sectionTwice(
  what: string,
  section: Section,
  part: Desired,
  earlier: readonly Desired[],
  key: string,
): Issue {
  const values = (of: Desired): object => (section === 'timeouts' ? of.timeouts : of.limits);
  const owner = earlier.find((other) => Object.hasOwn(values(other), key));
  return duplicate(`${what} is in two files`, part.sections?.[section], owner?.sections?.[section]);
}

function duplicate(
  message: string,
  position: Position | undefined,
  first: Position | undefined,
): Issue {
  return {
    code: 'DUPLICATE',
    severity: 'error',
    message,
    position: position ?? first ?? NOWHERE,
    hint: 'remove one of them',
    ...(first ? { related: { message: 'first here', position: first } } : {}),
  };
}
