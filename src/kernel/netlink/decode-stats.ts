import type { Stats } from '../../model/counters.ts';
import { attributeLength, attributeType, type Bytes, malformed, nextAttribute, readU32, readU64 } from './attributes.ts';
import * as uapi from './uapi.ts';

/** `stats` and `stats64` are the two attribute numbers, which differ between SERVICE and DEST nests. */
interface StatsAttributes {
  readonly stats: number;
  readonly stats64: number;
}

export const SERVICE_STATS: StatsAttributes = { stats: uapi.IPVS_SVC_ATTR_STATS, stats64: uapi.IPVS_SVC_ATTR_STATS64 };
export const DESTINATION_STATS: StatsAttributes = { stats: uapi.IPVS_DEST_ATTR_STATS, stats64: uapi.IPVS_DEST_ATTR_STATS64 };

/** The traffic counters in a SERVICE or DEST nest: the 64-bit form, or the 32-bit one of kernels before 4.1. */
export function decodeStats(bytes: Bytes, start: number, end: number, attributes: StatsAttributes): Stats {
  let narrow: Stats | undefined;
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    const type = attributeType(bytes, at);
    if (type === attributes.stats64) return decodeNest(bytes, at + uapi.NLA_HDRLEN, at + length, true);
    if (type === attributes.stats) narrow = decodeNest(bytes, at + uapi.NLA_HDRLEN, at + length, false);
    at = nextAttribute(at, length);
  }
  if (narrow === undefined) throw malformed('an entry without counters');
  return narrow;
}

/** In the 32-bit form the byte counters alone have 64 bits. PAD attributes, which some architectures have, fall through. */
function decodeNest(bytes: Bytes, start: number, end: number, wide: boolean): Stats {
  const values = new Array<bigint>(uapi.IPVS_STATS_ATTR_OUTBPS + 1).fill(0n);
  for (let at = start; at < end; ) {
    const length = attributeLength(bytes, at, end);
    const type = attributeType(bytes, at);
    if (type >= uapi.IPVS_STATS_ATTR_CONNS && type <= uapi.IPVS_STATS_ATTR_OUTBPS) {
      const is64 = wide || type === uapi.IPVS_STATS_ATTR_INBYTES || type === uapi.IPVS_STATS_ATTR_OUTBYTES;
      values[type] = is64 ? readU64(bytes, at, length) : BigInt(readU32(bytes, at, length));
    }
    at = nextAttribute(at, length);
  }
  const value = (type: number) => values[type] ?? 0n;
  return {
    connections: value(uapi.IPVS_STATS_ATTR_CONNS),
    inPackets: value(uapi.IPVS_STATS_ATTR_INPKTS),
    outPackets: value(uapi.IPVS_STATS_ATTR_OUTPKTS),
    inBytes: value(uapi.IPVS_STATS_ATTR_INBYTES),
    outBytes: value(uapi.IPVS_STATS_ATTR_OUTBYTES),
    connectionRate: value(uapi.IPVS_STATS_ATTR_CPS),
    inPacketRate: value(uapi.IPVS_STATS_ATTR_INPPS),
    outPacketRate: value(uapi.IPVS_STATS_ATTR_OUTPPS),
    inByteRate: value(uapi.IPVS_STATS_ATTR_INBPS),
    outByteRate: value(uapi.IPVS_STATS_ATTR_OUTBPS),
  };
}
