import { IpvstateError } from '../../errors.ts';
import type { Clock } from '../../model/clock.ts';
import type { Ipvs, ServiceTotals } from '../../model/ipvs.ts';
import { compareServices, type ServiceKey } from '../../model/service.ts';
import { type ServiceTraffic, trafficOf } from '../../render/top/traffic.ts';
import { Plots } from './plots.ts';
import { PATIENCE_MILLISECONDS, SharedReading } from './shared-reading.ts';

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
/** The details of more services than clients can ask for at a time are not kept. */
const MAX_DETAILS = 128;

/** The kernel's table as it is shown, shared by all who look. */
export class KernelReadings {
  readonly plots = new Plots();
  readonly #ports: ReadingPorts;
  readonly #table: SharedReading<TableReading>;
  #details = new Map<ServiceKey, { readonly at: string; readonly traffic?: ServiceTraffic }>();
  #detailsUntil = Number.NEGATIVE_INFINITY;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: ReadingPorts) {
    this.#ports = ports;
    this.#table = new SharedReading({
      clock: ports.clock,
      read: () => this.#readTable(),
      noAnswer: () => new IpvstateError('UNAVAILABLE', 'the kernel does not answer'),
      firstMilliseconds: PATIENCE_MILLISECONDS,
      intervalMilliseconds: () => READ_MILLISECONDS,
    });
  }

  /** The last reading that succeeded. */
  get last(): TableReading | undefined {
    return this.#table.last;
  }

  /** Why the last read failed, or does not end. undefined when all is well. */
  get problem(): Error | undefined {
    return this.#table.problem?.error;
  }

  /** The time between two reads while somebody looks. */
  get intervalMilliseconds(): number {
    return this.#table.intervalMilliseconds;
  }

  /** Reads the table, unless it was read a moment ago. A failure becomes the `problem`. */
  refresh(): Promise<void> {
    return this.#table.refresh();
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

  async #readTable(): Promise<TableReading> {
    const { clock, wallTime } = this.#ports;
    const milliseconds = clock.now();
    const services = await this.#withKernel(async (kernel) => {
      const totals = await (kernel.readTotals?.() ?? totalsOf(kernel));
      return new Map(totals.toSorted(byAddress).map((own) => [own.service.key, own]));
    });
    this.plots.add(services, clock.now());
    return { at: wallTime().toISOString(), milliseconds, services };
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
