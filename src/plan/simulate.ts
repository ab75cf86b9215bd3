import type { ErrnoName } from '../errors.ts';
import type { Destination, DestinationKey } from '../model/destination.ts';
import type { Operation } from '../model/operation.ts';
import {
  findMixedFamily,
  isMixedFamily,
  lacksTunnelPort,
  reaches,
  refuseDestinationAddress,
  refuseThresholds,
} from '../model/rules.ts';
import {
  type Service,
  type ServiceIdentity,
  type ServiceKey,
  serviceKey,
} from '../model/service.ts';
import { type Daemon, mapTimeouts, type Timeouts } from '../model/settings.ts';
import type { ServiceEntry, Sysctls, Table } from '../model/table.ts';

interface SimulatedEntry {
  readonly service: Service;
  readonly destinations: Map<DestinationKey, Destination>;
}

/** A table that operations change in place. It refuses what the kernel refuses. */
export class Simulation {
  readonly #services: Map<ServiceKey, ServiceEntry>;
  /**
   * Entries that were copied before they were changed. The table that came in is never written to.
   */
  readonly #copied = new Map<ServiceKey, SimulatedEntry>();
  readonly #schedulers: ReadonlySet<string> | undefined;
  #timeouts: Timeouts;
  #daemons: readonly Daemon[];
  #sysctls: Sysctls | undefined;

  /** @param schedulers those of the simulated kernel; by default it has every one */
  constructor(table: Table, schedulers?: ReadonlySet<string>) {
    this.#services = new Map(table.services);
    this.#timeouts = table.timeouts;
    this.#daemons = table.daemons;
    this.#sysctls = table.sysctls;
    this.#schedulers = schedulers;
  }

  /** Returns the current table. Later operations do not change it. */
  table(): Table {
    this.#copied.clear();
    const settings = {
      timeouts: this.#timeouts,
      daemons: this.#daemons,
      ...(this.#sysctls && { sysctls: this.#sysctls }),
    };
    return { services: new Map(this.#services), ...settings };
  }

  /**
   * Applies one operation, or returns the errno with which the kernel would refuse it. The checks
   * have the order of ip_vs_ctl.c.
   */
  apply(operation: Operation): ErrnoName | null {
    switch (operation.kind) {
      case 'add-service':
        return this.#addService(operation.service);
      case 'edit-service':
        return this.#editService(operation.service);
      case 'delete-service':
        return this.#deleteService(operation.service);
      case 'add-destination':
      case 'edit-destination':
        return this.#putDestination(operation.kind, operation.service, operation.destination);
      case 'delete-destination':
        return this.#deleteDestination(operation.service, operation.destination);
      case 'set-sysctl':
        if (!this.#sysctls?.has(operation.name)) return 'ENOENT';
        this.#sysctls = new Map(this.#sysctls).set(operation.name, operation.value);
        return null;
      case 'set-timeouts':
        this.#setTimeouts(operation.timeouts);
        return null;
      case 'start-daemon':
        return this.#startDaemon(operation.daemon);
      case 'stop-daemon':
        if (!this.#daemons.some(({ role }) => role === operation.role)) return 'ESRCH';
        this.#daemons = this.#daemons.filter(({ role }) => role !== operation.role);
        return null;
      case 'zero':
        return operation.service && !this.#services.has(serviceKey(operation.service))
          ? 'ESRCH'
          : null;
      case 'flush':
        this.#services.clear();
        this.#copied.clear();
        return null;
      default:
        return operation satisfies never;
    }
  }

  #addService(service: Service): ErrnoName | null {
    if (this.#services.has(service.key)) return 'EEXIST';
    if (this.#lacks(service)) return 'ENOENT';
    const entry = { service, destinations: new Map<DestinationKey, Destination>() };
    this.#copied.set(service.key, entry);
    this.#services.set(service.key, entry);
    return null;
  }

  #editService(service: Service): ErrnoName | null {
    const entry = this.#services.get(service.key);
    if (!entry) return 'ESRCH';
    if (this.#lacks(service)) return 'ENOENT';
    const edited = { service, destinations: this.#writable(entry).destinations };
    this.#copied.set(service.key, edited);
    this.#services.set(service.key, edited);
    return null;
  }

  #deleteService(identity: ServiceIdentity): ErrnoName | null {
    const key = serviceKey(identity);
    this.#copied.delete(key);
    return this.#services.delete(key) ? null : 'ESRCH';
  }

  #putDestination(
    kind: 'add-destination' | 'edit-destination',
    identity: ServiceIdentity,
    destination: Destination,
  ): ErrnoName | null {
    const entry = this.#services.get(serviceKey(identity));
    if (!entry) return 'ESRCH';
    const exists = entry.destinations.has(destination.key);
    const refusal = refuseDestination(identity, destination, this.#daemons.length > 0);
    if (refusal) return refusal;
    if (kind === 'add-destination') {
      if (exists) return 'EEXIST';
      if (refuseDestinationAddress(destination.address)) return 'EINVAL';
    } else if (!exists) return 'ENOENT';
    this.#writable(entry).destinations.set(destination.key, destination);
    return null;
  }

  #deleteDestination(identity: ServiceIdentity, { key }: Destination): ErrnoName | null {
    const entry = this.#services.get(serviceKey(identity));
    if (!entry) return 'ESRCH';
    if (!entry.destinations.has(key)) return 'ENOENT';
    this.#writable(entry).destinations.delete(key);
    return null;
  }

  /** 0 keeps the live value. */
  #setTimeouts(wanted: Timeouts): void {
    const live = this.#timeouts;
    this.#timeouts = mapTimeouts((name) => wanted[name] || live[name]);
  }

  #startDaemon(daemon: Daemon): ErrnoName | null {
    if (this.#daemons.some(({ role }) => role === daemon.role)) return 'EEXIST';
    if (findMixedFamily(this.#services)) return 'EINVAL';
    this.#daemons = [...this.#daemons, daemon].sort((a, b) =>
      a.role === b.role ? 0 : a.role === 'master' ? -1 : 1,
    );
    return null;
  }

  #lacks(service: Service): boolean {
    return (
      this.#schedulers !== undefined &&
      service.scheduler !== 'none' &&
      !this.#schedulers.has(service.scheduler)
    );
  }

  #writable(entry: ServiceEntry): SimulatedEntry {
    const { key } = entry.service;
    const known = this.#copied.get(key);
    if (known) return known;
    const copy = { service: entry.service, destinations: new Map(entry.destinations) };
    this.#copied.set(key, copy);
    this.#services.set(key, copy);
    return copy;
  }
}

function refuseDestination(
  identity: ServiceIdentity,
  destination: Destination,
  daemonRuns: boolean,
): ErrnoName | undefined {
  const { address, forward } = destination;
  if (!reaches(forward, identity, address) || (daemonRuns && isMixedFamily(identity, address)))
    return 'EINVAL';
  if (destination.weight < 0 || refuseThresholds(destination)) return 'ERANGE';
  return lacksTunnelPort(destination) ? 'EINVAL' : undefined;
}
