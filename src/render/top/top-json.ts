import type { Stats } from '../../model/ipvs.ts';
import type { Json } from '../json.ts';
import type { ServiceTraffic, Traffic } from './traffic.ts';

/**
 * JSON of the traffic at one time. Totals are decimal texts, because they have 64 bits, and the
 * numbers of most readers have fewer.
 */
export function topJson(services: readonly ServiceTraffic[], at: Date): Json {
  return {
    format: 'ipvstate-top',
    version: 1,
    at: at.toISOString(),
    services: services.map((traffic) => ({
      service: traffic.service.key,
      scheduler: traffic.service.scheduler,
      served: traffic.isServed,
      ...trafficJson(traffic),
      destinations: traffic.destinations.map((own) => ({
        destination: own.destination.key,
        weight: own.destination.weight,
        forward: own.destination.forward,
        ...trafficJson(own),
      })),
    })),
  };
}

type Numbers<Name extends string> = { readonly [name in Name]: number };
type StatJson = 'connections' | 'in_packets' | 'out_packets' | 'in_bytes' | 'out_bytes';
export type ConnectionsJson = Numbers<'active' | 'inactive' | 'persistent'>;
export type RatesJson = Numbers<StatJson>;
export type TotalsJson = { readonly [name in StatJson]: string };

/** JSON of connections, rates and totals. */
export function trafficJson({ active, inactive, persistent, stats }: Traffic): {
  readonly connections: ConnectionsJson;
  readonly rates: RatesJson;
  readonly totals: TotalsJson;
} {
  return {
    connections: { active, inactive, persistent },
    rates: ratesJson(stats),
    totals: {
      connections: `${stats.connections}`,
      in_packets: `${stats.inPackets}`,
      out_packets: `${stats.outPackets}`,
      in_bytes: `${stats.inBytes}`,
      out_bytes: `${stats.outBytes}`,
    },
  };
}

function ratesJson(stats: Stats): RatesJson {
  return {
    connections: Number(stats.connectionRate),
    in_packets: Number(stats.inPacketRate),
    out_packets: Number(stats.outPacketRate),
    in_bytes: Number(stats.inByteRate),
    out_bytes: Number(stats.outByteRate),
  };
}
