import type { Desired } from '../model/desired.ts';
import type { Ipvs, ReadOptions, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import { type ServiceEntry, sameEntry, type Table } from '../model/table.ts';

/** A table that a pass found as desired, or made so and verified. */
interface Remembered {
  readonly snapshot: Snapshot;
  readonly desired: Desired;
}

/**
 * Remembers the table as the last pass left it, so that a pass for changed files can read less:
 * only the services that the change touches are read from the kernel. The other services are
 * returned as the last pass left them. They were as desired then, so a plan does not change them. A
 * change that another program made to them meanwhile is found by the next read of the whole table,
 * which follows each pass that wrote.
 */
export class RememberedTable implements Ipvs {
  readonly #inner: Ipvs;
  #remembered: Remembered | undefined;
  #last: Snapshot | undefined;
  #touched: ReadonlySet<ServiceKey> | undefined;

  constructor(inner: Ipvs) {
    this.#inner = inner;
  }

  /**
   * Prepares the next read of the whole table to read only what `desired` touches. Returns false
   * when that is not possible.
   */
  shortenNextRead(desired: Desired): boolean {
    this.#touched = this.#remembered && touchedServices(this.#remembered.desired, desired);
    return this.#touched !== undefined;
  }

  /** Prepares the next read of the whole table to read all of it. */
  readWholeNext(): void {
    this.#touched = undefined;
  }

  /** Remembers that the last pass left the table as `table`, which is as `desired` asks for. */
  remember(table: Table, desired: Desired): void {
    // Counters would be old when they are used, and nothing is decided by those of services that
    // stay as they are.
    this.#remembered = this.#last && {
      snapshot: { ...this.#last, table, counters: new Map() },
      desired,
    };
    this.#last = undefined;
  }

  forget(): void {
    this.#remembered = undefined;
    this.#last = undefined;
  }

  info(): ReturnType<Ipvs['info']> {
    return this.#inner.info();
  }

  async read(options: ReadOptions = {}): Promise<Snapshot> {
    if (options.services !== undefined) return this.#inner.read(options);
    const touched = this.#touched;
    const remembered = this.#remembered;
    // A second read in the same pass comes because the table was not as expected: it reads
    // everything.
    this.#touched = undefined;
    this.#last = undefined;
    this.#last =
      remembered && touched
        ? overlay(
            remembered.snapshot,
            touched,
            await this.#inner.read({ ...options, services: touched }),
          )
        : await this.#inner.read(options);
    return this.#last;
  }

  execute(wave: Parameters<Ipvs['execute']>[0]): ReturnType<Ipvs['execute']> {
    return this.#inner.execute(wave);
  }

  close(): void {
    this.#inner.close();
  }
}

/**
 * Returns the services that differ. undefined when a setting differs that all services depend on.
 */
function touchedServices(before: Desired, after: Desired): ReadonlySet<ServiceKey> | undefined {
  if (JSON.stringify(before.policy?.manage) !== JSON.stringify(after.policy?.manage))
    return undefined;
  const touched = new Set<ServiceKey>();
  for (const [key, entry] of after.services)
    if (!isSame(before.services.get(key), entry)) touched.add(key);
  for (const key of before.services.keys()) if (!after.services.has(key)) touched.add(key);
  for (const policy of [before.policy, after.policy]) {
    for (const key of policy?.services.keys() ?? []) {
      if (before.policy?.services.get(key) !== after.policy?.services.get(key)) touched.add(key);
    }
  }
  return touched;
}

function isSame(before: ServiceEntry | undefined, after: ServiceEntry): boolean {
  return before === after || (before !== undefined && sameEntry(before, after));
}

/** Puts the touched services, as they were read, over the remembered ones. */
function overlay(remembered: Snapshot, touched: ReadonlySet<ServiceKey>, read: Snapshot): Snapshot {
  const services = new Map(remembered.table.services);
  const counters = new Map(remembered.counters);
  for (const key of touched) {
    services.delete(key);
    counters.delete(key);
  }
  for (const [key, entry] of read.table.services) services.set(key, entry);
  for (const [key, counted] of read.counters) counters.set(key, counted);
  const unmanageable = remembered.unmanageable.filter(
    ({ service }) => !touched.has(service as ServiceKey),
  );
  return {
    table: { ...read.table, services },
    counters,
    unmanageable: [...unmanageable, ...read.unmanageable],
  };
}
