import type { Stats } from '../../model/ipvs.ts';
import type { AttributeReader } from './attribute-reader.ts';
import * as uapi from './uapi.ts';

/** The attribute of each counter and each rate (uapi: IPVS_STATS_ATTR_*). */
const ATTRIBUTES = {
  connections: uapi.IPVS_STATS_ATTR_CONNS,
  inPackets: uapi.IPVS_STATS_ATTR_INPKTS,
  outPackets: uapi.IPVS_STATS_ATTR_OUTPKTS,
  inBytes: uapi.IPVS_STATS_ATTR_INBYTES,
  outBytes: uapi.IPVS_STATS_ATTR_OUTBYTES,
  connectionRate: uapi.IPVS_STATS_ATTR_CPS,
  inPacketRate: uapi.IPVS_STATS_ATTR_INPPS,
  outPacketRate: uapi.IPVS_STATS_ATTR_OUTPPS,
  inByteRate: uapi.IPVS_STATS_ATTR_INBPS,
  outByteRate: uapi.IPVS_STATS_ATTR_OUTBPS,
} satisfies Record<keyof Stats, number>;

const FIELDS = new Map(
  Object.entries(ATTRIBUTES).map(([field, type]) => [type, field as keyof Stats]),
);

/** Decodes the inside of a STATS64 nest. Every value has 64 bits. */
export function decodeStats64(attributes: AttributeReader): Stats {
  return decodeNest(attributes, () => attributes.u64());
}

/**
 * Decodes the inside of a STATS nest, the only one of kernels before 4.1. Only the byte counters
 * have 64 bits.
 */
export function decodeStats(attributes: AttributeReader): Stats {
  return decodeNest(attributes, (type) => {
    const isWide = type === uapi.IPVS_STATS_ATTR_INBYTES || type === uapi.IPVS_STATS_ATTR_OUTBYTES;
    return isWide ? attributes.u64() : BigInt(attributes.u32());
  });
}

/** A counter that is missing is 0. The PAD attributes of some architectures are ignored. */
function decodeNest(attributes: AttributeReader, readValue: (type: number) => bigint): Stats {
  const stats = {
    connections: 0n,
    inPackets: 0n,
    outPackets: 0n,
    inBytes: 0n,
    outBytes: 0n,
    connectionRate: 0n,
    inPacketRate: 0n,
    outPacketRate: 0n,
    inByteRate: 0n,
    outByteRate: 0n,
  };
  while (attributes.next()) {
    const field = FIELDS.get(attributes.type);
    if (field !== undefined) stats[field] = readValue(attributes.type);
  }
  return stats;
}
