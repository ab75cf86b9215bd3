import { IpvstateError } from '../../errors.ts';
import type { Clock } from '../../model/clock.ts';
import { printable } from '../../model/printable.ts';
import { wrapHanging } from '../../render/explain/wrap.ts';
import { FLEET_FORMATS, fleetJson } from '../../render/fleet.ts';
import type { Json } from '../../render/json.ts';
import { formatUtc } from '../../render/utc.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import { type Fleet, readFleet } from '../../sources/etcd/nodes.ts';
import { systemClock } from '../../sources/files/clock.ts';
import type { ApiFleet } from '../api/documents.ts';
import { READ_MILLISECONDS } from '../api/kernel-readings.ts';
import { SharedReading } from '../api/shared-reading.ts';
import type { Status } from '../status/status.ts';

interface FleetViewPorts {
  /** The address of the configuration, as command lines have it. */
  readonly address: string;
  /** The name of this director. null: it has none. */
  readonly node: string | null;
  readonly read: () => Promise<Fleet>;
  readonly clock: Clock;
  readonly wallTime: () => Date;
  /** Since when the daemon itself cannot read its configuration from etcd. null: it can. */
  readonly unreachableSince: () => string | null;
}

/** The place in etcd that a daemon follows. */
export interface EtcdPlace extends Pick<FleetViewPorts, 'address'> {
  readonly client: EtcdClient;
  readonly prefix: string;
}

/** Opens the view of the fleet that a daemon belongs to. `node` is its name there. */
export function openFleetView(
  { client, prefix, address }: EtcdPlace,
  status: () => Status,
  wallClock: { readonly now: () => Date },
  node: string | undefined,
): FleetView {
  return new FleetView({
    ...{ address, node: node ?? null, clock: systemClock },
    read: () => readFleet(client, prefix),
    wallTime: () => wallClock.now(),
    unreachableSince: () => status().source?.since ?? null,
  });
}

/** A fleet at one time. */
interface FleetReading {
  readonly at: string;
  readonly fleet: Fleet;
  readonly json: Json;
}

/** A larger fleet is read more rarely: so many milliseconds for each node. */
const NODE_MILLISECONDS = 20;
const WIDTH = 80;

/** The whole fleet, as the pages of each director show it. etcd is read while somebody looks. */
export class FleetView {
  readonly #ports: FleetViewPorts;
  readonly #reading: SharedReading<FleetReading>;

  constructor(ports: FleetViewPorts) {
    this.#ports = ports;
    this.#reading = new SharedReading({
      clock: ports.clock,
      read: async () => {
        const fleet = await ports.read();
        return { at: ports.wallTime().toISOString(), fleet, json: fleetJson(fleet) };
      },
      noAnswer: () => new IpvstateError('NO_INPUT', 'etcd does not answer'),
      firstMilliseconds: READ_MILLISECONDS,
      intervalMilliseconds: (last) =>
        Math.max(READ_MILLISECONDS, NODE_MILLISECONDS * (last?.fleet.nodes.length ?? 0)),
    });
  }

  async document(): Promise<ApiFleet> {
    await this.#reading.refresh();
    const { last, problem, intervalMilliseconds } = this.#reading;
    const { address, node } = this.#ports;
    return {
      format: 'ipvstate-api-fleet',
      version: 1,
      at: last?.at ?? null,
      stale: problem !== undefined,
      reason: problem?.error.message ?? null,
      since: problem ? this.#since(problem.since) : null,
      interval_seconds: intervalMilliseconds / 1000,
      ...{ address, node },
      fleet: last?.json ?? null,
    };
  }

  /** The fleet as `ipvstate fleet status` prints it. */
  async text(): Promise<string> {
    const { at, reason, since } = await this.document();
    const { last } = this.#reading;
    const text = last ? FLEET_FORMATS.text(last.fleet, WIDTH) : '';
    if (reason === null) return last ? text : 'etcd has not answered yet\n';
    const lines = [
      `etcd cannot be read since ${formatUtc(since ?? '')}: ${printable(reason)}`,
      ...(at === null ? [] : [`The fleet as it was at ${formatUtc(at)}:`]),
    ];
    return `${lines.flatMap((line) => wrapHanging(line, WIDTH, '    ')).join('\n')}\n${text}`;
  }

  /** The daemon may have noticed earlier than those who look. */
  #since(since: number): string {
    const { clock, wallTime, unreachableSince } = this.#ports;
    const seen = new Date(wallTime().getTime() - (clock.now() - since)).toISOString();
    const known = unreachableSince();
    return known !== null && known < seen ? known : seen;
  }
}
