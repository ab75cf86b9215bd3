import { IpvstateError } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { DestinationKey } from '../model/destination.ts';
import type { Snapshot } from '../model/ipvs.ts';
import { isManaged, type Policy } from '../model/policy.ts';
import { findMixedFamily } from '../model/rules.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Daemon } from '../model/settings.ts';
import type { ServiceEntry, Table } from '../model/table.ts';
import { type Drain, type DrainClock, type Drained, drain } from './drain.ts';
import { preserve } from './preserve.ts';
import { enforcedSysctls } from './sysctls.ts';

/** Whether a plan may touch a service. */
export type Selector = (service: ServiceKey) => boolean;

export interface ScopeOptions {
  readonly only?: Selector | undefined;
  /** Needed when a policy drains; without it every drain begins anew. */
  readonly drains?: DrainClock;
}

/** What is desired of the whole table. */
export interface Scoped {
  readonly table: Table;
  /** Live services that the files are not responsible for. */
  readonly foreign: ReadonlySet<ServiceKey>;
  readonly drains: readonly Drain[];
}

/**
 * Completes what is desired to a whole table: whatever is not ours to change is copied from the live one, so that the diff is plain
 * equality and knows no exceptions. Copied are services outside of what the files manage, settings that no file mentions, values that
 * a policy preserves, what no file can express and, when `only` is given, the services that it leaves out and all settings. Throws
 * `REFUSED` where a file claims something that cannot be expressed, or asks for what the kernel has never together, and `UNAVAILABLE`
 * for sysctls that this kernel does not have.
 */
export function scope(desired: Desired, snapshot: Snapshot, options: ScopeOptions = {}): Scoped {
  const { table: live } = snapshot;
  const { only } = options;
  const services = new Map<ServiceKey, ServiceEntry>();
  const foreign = new Set<ServiceKey>();
  const drains: Drain[] = [];
  for (const [key, entry] of desired.services) {
    if (only && !only(key)) continue;
    const treated = applyPolicy(entry, desired.policy, snapshot, options.drains);
    services.set(key, treated.entry);
    for (const drain of treated.drains) drains.push(drain);
  }
  for (const [key, entry] of live.services) {
    const isForeign =
      desired.policy?.manage !== undefined &&
      !isManaged(desired.policy.manage, entry.service.identity);
    if (isForeign) foreign.add(key);
    if (isForeign || (only && !only(key))) services.set(key, entry);
  }
  for (const key of keepUnmanageable(services, snapshot)) foreign.add(key);
  const daemons =
    desired.daemons && !only ? completeDaemons(desired.daemons, live.daemons) : live.daemons;
  if (daemons.length > 0) refuseMixedFamily(services);
  const timeouts = only ? live.timeouts : { ...live.timeouts, ...desired.timeouts };
  const sysctls = only ? undefined : enforcedSysctls(desired.policy?.sysctls, live.sysctls);
  return { table: { services, timeouts, daemons, ...(sysctls && { sysctls }) }, foreign, drains };
}

function applyPolicy(
  entry: ServiceEntry,
  policy: Policy | undefined,
  { table, counters }: Snapshot,
  clock: DrainClock = { now: 0, pending: new Map() },
): Drained {
  const { key } = entry.service;
  const own = policy?.services.get(key);
  const live = table.services.get(key);
  if (!own || !live) return { entry, drains: [] };
  return drain(preserve(entry, live, own, clock.pending), live, own, counters.get(key), clock);
}

/** For tables that run a sync daemon, or are to run one. */
function refuseMixedFamily(services: ReadonlyMap<ServiceKey, ServiceEntry>): void {
  const mixed = findMixedFamily(services);
  if (!mixed) return;
  throw new IpvstateError('REFUSED', mixed.message, {
    hint: 'Take the destination out, or let no daemon run: sync_daemons: [].',
  });
}

/** A service that holds something inexpressible stays, because deleting it would delete that too. Returns those that no file declares. */
function keepUnmanageable(
  services: Map<ServiceKey, ServiceEntry>,
  snapshot: Snapshot,
): ServiceKey[] {
  const kept: ServiceKey[] = [];
  for (const { service, destination, reason } of snapshot.unmanageable) {
    const key = service as ServiceKey;
    const declared = services.get(key);
    const isDeclared =
      destination === undefined
        ? declared !== undefined
        : declared?.destinations.has(destination as DestinationKey);
    if (isDeclared) {
      throw new IpvstateError(
        'REFUSED',
        `${destination === undefined ? '' : `${destination} of `}${service} exists in the kernel with ${reason}`,
        {
          hint: 'No file can express that, so it is left alone. Delete it with the tool that made it, or take it out of the file.',
        },
      );
    }
    const live = snapshot.table.services.get(key);
    if (!declared && live) {
      services.set(key, live);
      kept.push(key);
    }
  }
  return kept;
}

/** The kernel chooses a length that nobody named by the interface's MTU; whatever it chose is right. */
export function completeDaemons(
  desired: readonly Daemon[],
  live: readonly Daemon[],
): readonly Daemon[] {
  return desired.map((daemon) => {
    const running = live.find(
      (other) => other.role === daemon.role && other.interface === daemon.interface,
    );
    return daemon.maxLength === 0 && running ? { ...daemon, maxLength: running.maxLength } : daemon;
  });
}

/**
 * `--only`: a service by its address (`tcp://192.0.2.10:443`, `fwmark:7`) or by its name, with `*` for any characters. Each must match
 * something, desired or live: a misspelt one would otherwise pass for "nothing to do".
 */
export function parseSelectors(
  texts: readonly string[],
  desired: Desired,
  live: Table,
): Selector | undefined {
  if (texts.length === 0) return undefined;
  const selected = new Set<ServiceKey>();
  for (const text of texts) {
    const pattern = new RegExp(`^${text.split('*').map(literal).join('.*')}$`);
    const matches = [...desired.services.keys(), ...live.services.keys()].filter((key) => {
      const name = desired.names.get(key);
      return pattern.test(key) || (name !== undefined && pattern.test(name));
    });
    if (matches.length === 0) {
      throw new IpvstateError('USAGE', `--only ${text} matches no service, desired or live`, {
        hint: 'Write it as in the plan, such as tcp://192.0.2.10:443 or fwmark:7, or use the name in the file; * stands for any characters.',
      });
    }
    for (const key of matches) selected.add(key);
  }
  return (key) => selected.has(key);
}

/** The text as a regular expression that matches just it. */
function literal(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
}
