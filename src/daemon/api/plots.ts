import type { ServiceTotals } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Plot } from './documents.ts';

const INTERVAL_MILLISECONDS = 10_000;
/** 15 minutes. */
const POINTS = 90;
/** The plots of so many services take 12 MB. Those of others are not kept. */
const MAX_SERVICES = 10_000;

/** The rates of one service. Point n of a ring is that of the interval n, modulo its length. */
interface Ring {
  readonly connections: Float32Array;
  readonly bytes: Float32Array;
}

/**
 * The rates of the last 15 minutes. The kernel's rates are averages over about 8 s, so that one of
 * them stands for an interval. An interval without a read has NaN.
 */
export class Plots {
  readonly #rings = new Map<ServiceKey, Ring>();
  /** The interval of the last reading. */
  #last = Number.NEGATIVE_INFINITY;

  /** Another number each time that a plot has another value. */
  get revision(): number {
    return this.#last;
  }

  /** Keeps the rates of a reading, unless it is the second one of an interval. */
  add(services: ReadonlyMap<ServiceKey, ServiceTotals>, now: number): void {
    const interval = Math.floor(now / INTERVAL_MILLISECONDS);
    if (interval === this.#last) return;
    for (const key of this.#rings.keys()) if (!services.has(key)) this.#rings.delete(key);
    for (const ring of this.#rings.values()) this.#skip(ring, interval);
    this.#last = interval;
    for (const [key, { stats }] of services) {
      const ring = this.#rings.get(key) ?? this.#open(key);
      if (!ring) continue;
      ring.connections[interval % POINTS] = Number(stats.connectionRate);
      ring.bytes[interval % POINTS] = Number(stats.inByteRate + stats.outByteRate);
    }
  }

  /** The points up to the last reading, without the intervals before the first one. */
  of(key: ServiceKey): Plot | null {
    const ring = this.#rings.get(key);
    if (!ring) return null;
    const connections = this.#pointsOf(ring.connections);
    const first = connections.findIndex((value) => value !== null);
    return {
      interval_seconds: INTERVAL_MILLISECONDS / 1000,
      connections: connections.slice(first),
      bytes: this.#pointsOf(ring.bytes).slice(first),
    };
  }

  #open(key: ServiceKey): Ring | undefined {
    if (this.#rings.size >= MAX_SERVICES) return undefined;
    const empty = (): Float32Array => new Float32Array(POINTS).fill(Number.NaN);
    const ring = { connections: empty(), bytes: empty() };
    this.#rings.set(key, ring);
    return ring;
  }

  /** Empties the intervals between the last reading and this one. */
  #skip({ connections, bytes }: Ring, interval: number): void {
    const from = Math.max(this.#last + 1, interval - POINTS + 1);
    for (let skipped = from; skipped < interval; skipped++) {
      connections[skipped % POINTS] = Number.NaN;
      bytes[skipped % POINTS] = Number.NaN;
    }
  }

  #pointsOf(values: Float32Array): (number | null)[] {
    return Array.from({ length: POINTS }, (_, index) => {
      const value = values[(this.#last + 1 + index) % POINTS] ?? Number.NaN;
      return Number.isNaN(value) ? null : value;
    });
  }
}
