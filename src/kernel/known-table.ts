import type { Desired } from '../model/desired.ts';
import { sameEntry } from '../model/equality.ts';
import type { Ipvs, ReadOptions, Snapshot } from '../model/ipvs.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ServiceEntry, Table } from '../model/table.ts';

/** A table that was found as desired, or made so and read back. */
interface Known {
  readonly snapshot: Snapshot;
  readonly desired: Desired;
}

/**
 * A port whose reads of the whole table can be short ones. After a change of files, only the services that it touches are read from the
 * kernel; the others are taken as the last pass left them. That decides nothing about those others: a plan touches none of them, and what
 * somebody else did to them is found by the look at the whole table that follows each pass that wrote.
 */
export class KnownTable implements Ipvs {
  readonly #inner: Ipvs;
  #known: Known | undefined;
  #last: Snapshot | undefined;
  #touched: ReadonlySet<ServiceKey> | undefined;

  constructor(inner: Ipvs) {
    this.#inner = inner;
  }

  /** Prepares the next read of the whole table for a pass that follows from another `desired`. True when it will be a short one. */
  expect(desired: Desired): boolean {
    this.#touched = this.#known && touchedServices(this.#known.desired, desired);
    return this.#touched !== undefined;
  }

  /** The next read of the whole table is one. */
  expectAnything(): void {
    this.#touched = undefined;
  }

  /** The table is `table` now, by what was read of it. */
  learn(table: Table, desired: Desired): void {
    // Numbers of connections are old by the time they could be used, and nothing is decided by those of services that stay as they are.
    this.#known = this.#last && {
      snapshot: { ...this.#last, table, counters: new Map() },
      desired,
    };
    this.#last = undefined;
  }

  forget(): void {
    this.#known = undefined;
    this.#last = undefined;
  }

  info(): ReturnType<Ipvs['info']> {
    return this.#inner.info();
  }

  async read(options: ReadOptions = {}): Promise<Snapshot> {
    if (options.services !== undefined) return this.#inner.read(options);
    const touched = this.#touched;
    const known = this.#known;
    // What follows in the same pass is there because the table was not as expected.
    this.#touched = undefined;
    this.#last =
      known && touched
        ? overlay(
            known.snapshot,
            touched,
            await this.#inner.read({ ...options, services: touched }),
          )
        : undefined;
    this.#last ??= await this.#inner.read(options);
    return this.#last;
  }

  execute(wave: Parameters<Ipvs['execute']>[0]): ReturnType<Ipvs['execute']> {
    return this.#inner.execute(wave);
  }

  close(): void {
    this.#inner.close();
  }
}

/** The services that differ; undefined when something else does that all of them depend on. */
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

function overlay(known: Snapshot, touched: ReadonlySet<ServiceKey>, read: Snapshot): Snapshot {
  const services = new Map(known.table.services);
  const counters = new Map(known.counters);
  for (const key of touched) {
    services.delete(key);
    counters.delete(key);
  }
  for (const [key, entry] of read.table.services) services.set(key, entry);
  for (const [key, counted] of read.counters) counters.set(key, counted);
  const unmanageable = known.unmanageable.filter(
    ({ service }) => !touched.has(service as ServiceKey),
  );
  return {
    table: { ...read.table, services },
    counters,
    unmanageable: [...unmanageable, ...read.unmanageable],
  };
}
