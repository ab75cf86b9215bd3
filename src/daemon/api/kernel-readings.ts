import { IpvstateError } from '../../errors.ts';
import type { Clock } from '../../model/clock.ts';
import { type CpuShare, cpuShare } from '../../model/cpu-share.ts';
import type { Ipvs, ServiceTotals } from '../../model/ipvs.ts';
import { compareServices, type ServiceKey } from '../../model/service.ts';
import { type ServiceTraffic, trafficOf } from '../../render/top/traffic.ts';
import { Plots } from './plots.ts';

/** The whole table at one time. */
export interface TableReading {
  /** In ISO 8601. */
  readonly at: string;
  /** The same moment on the clock of the loop, in milliseconds. */
  readonly milliseconds: number;
  readonly services: ReadonlyMap<ServiceKey, ServiceTotals>;
}

/** The traffic of some services. Those that the kernel does not have are missing. */
export interface DetailReading {
  readonly at: string;
  readonly services: ReadonlyMap<ServiceKey, ServiceTraffic>;
}

interface ReadingPorts {
  /** Opens a connection of its own, so that no change of the table waits for a read. */
  readonly openKernel: () => Promise<Ipvs>;
  readonly clock: Clock;
  readonly wallTime: () => Date;
}

/** The kernel refreshes its rates every 2 s. */
export const READ_MILLISECONDS = 2000;
/** A read that takes longer has failed, as far as those who look are concerned. */
const PATIENCE_MILLISECONDS = 10_000;
/** The details of more services than clients can ask for at a time are not kept. */
const MAX_DETAILS = 128;
/** The share of a core that reads may take while somebody looks. */
const CPU_SHARE = 0.1;

/**
 * The kernel's table as it is shown, shared by all who look. It is read when it is asked for, and
 * again when the last reading is old enough: more rarely where a read costs much.
 */
export class KernelReadings {
  readonly plots = new Plots();
  readonly #ports: ReadingPorts;
  readonly #share: CpuShare;
  #last: TableReading | undefined;
  #problem: Error | undefined;
  #due = Number.NEGATIVE_INFINITY;
  /** The read that runs now. */
  #reading: { readonly begun: number; readonly ended: Promise<void> } | undefined;
  #details = new Map<ServiceKey, { readonly at: string; readonly traffic?: ServiceTraffic }>();
  #detailsUntil = Number.NEGATIVE_INFINITY;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: ReadingPorts) {
    this.#ports = ports;
    this.#share = cpuShare(ports.clock, CPU_SHARE);
  }

  /** The last reading that succeeded. */
  get last(): TableReading | undefined {
    return this.#last;
  }

  /** Why the last read failed, or does not end. undefined when all is well. */
  get problem(): Error | undefined {
    const { begun = Number.POSITIVE_INFINITY } = this.#reading ?? {};
    return this.#ports.clock.now() - begun >= PATIENCE_MILLISECONDS
      ? new IpvstateError('UNAVAILABLE', 'the kernel does not answer')
      : this.#problem;
  }

  /** The time between two reads while somebody looks. */
  get intervalMilliseconds(): number {
    return Math.max(READ_MILLISECONDS, this.#share.pause);
  }

  /**
   * Reads the table, unless it was read a moment ago. A failure becomes the `problem`. A read that
   * takes long goes on behind this call, which then leaves the reading before it in place.
   */
  async refresh(): Promise<void> {
    const { clock } = this.#ports;
    if (clock.now() < this.#due) return;
    this.#reading ??= {
      begun: clock.now(),
      ended: this.#readTable().finally(() => {
        this.#reading = undefined;
      }),
    };
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(this.#last ? READ_MILLISECONDS : PATIENCE_MILLISECONDS, resolve);
    });
    await Promise.race([this.#reading.ended, late]);
    cancel();
  }

  /**
   * Reads some services with their destinations. Those that were read a moment ago are not read
   * again. Throws as `Ipvs` does.
   */
  details(wanted: Iterable<ServiceKey>): Promise<DetailReading> {
    const result = this.#turn.then(() => this.#readDetails(new Set(wanted)));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #readTable(): Promise<void> {
    const { clock, wallTime } = this.#ports;
    const begun = clock.now();
    try {
      const services = await this.#share.measure(() =>
        this.#withKernel(async (kernel) => {
          const totals = await (kernel.readTotals?.() ?? totalsOf(kernel));
          return new Map(totals.toSorted(byAddress).map((own) => [own.service.key, own]));
        }),
      );
      this.#last = { at: wallTime().toISOString(), milliseconds: begun, services };
      this.#problem = undefined;
      this.plots.add(services, clock.now());
    } catch (error) {
      this.#problem = error as Error;
    }
    this.#due = begun + this.intervalMilliseconds;
  }

  async #readDetails(wanted: ReadonlySet<ServiceKey>): Promise<DetailReading> {
    const { clock, wallTime } = this.#ports;
    if (clock.now() >= this.#detailsUntil || this.#details.size > MAX_DETAILS) {
      this.#details = new Map();
      this.#detailsUntil = clock.now() + READ_MILLISECONDS;
    }
    const missing = [...wanted].filter((key) => !this.#details.has(key));
    if (missing.length > 0) {
      const snapshot = await this.#withKernel((kernel) =>
        kernel.read({ services: missing, stats: true }),
      );
      const at = wallTime().toISOString();
      for (const key of missing) this.#details.set(key, { at });
      for (const traffic of trafficOf(snapshot, 'address'))
        this.#details.set(traffic.service.key, { at, traffic });
    }
    const found = [...wanted].flatMap((key) => this.#details.get(key) ?? []);
    return {
      at: found[0]?.at ?? wallTime().toISOString(),
      services: new Map(
        found.flatMap(({ traffic }) => (traffic ? [[traffic.service.key, traffic] as const] : [])),
      ),
    };
  }

  async #withKernel<T>(use: (kernel: Ipvs) => Promise<T>): Promise<T> {
    const kernel = await this.#ports.openKernel();
    try {
      return await use(kernel);
    } finally {
      kernel.close();
    }
  }
}

function byAddress(a: ServiceTotals, b: ServiceTotals): number {
  return compareServices(a.service.identity, b.service.identity);
}

/** Reads the totals of a table that is in memory. */
async function totalsOf(kernel: Ipvs): Promise<ServiceTotals[]> {
  const traffic = trafficOf(await kernel.read({ stats: true }), 'address');
  return traffic.map(withoutList);
}

/** The totals of a service that was read with its destinations. */
export function withoutList({ destinations, isServed: _, ...rest }: ServiceTraffic): ServiceTotals {
  return { ...rest, destinations: destinations.length };
}
