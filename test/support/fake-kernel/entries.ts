import { EAFNOSUPPORT, EINVAL, refuse } from './errors.ts';
import {
  type Attributes,
  attribute,
  nest,
  splitAttributes,
  text,
  u8,
  u16,
  u16be,
  u32,
  u64,
} from './tlv.ts';

/** A service as the kernel stores it, unchecked. Addresses and masks are hexadecimal. */
export interface RawService {
  readonly af: number;
  readonly protocol: number;
  readonly address: string;
  readonly port: number;
  readonly fwmark: number;
  scheduler: string;
  flags: number;
  timeout: number;
  netmask: string;
  engine: string;
  destinations: RawDestination[];
}

/** A destination as the kernel stores it, unchecked. The address is hexadecimal. */
export interface RawDestination {
  readonly af: number;
  readonly address: string;
  readonly port: number;
  method: number;
  weight: number;
  upper: number;
  lower: number;
  tunnelType: number;
  tunnelPort: number;
  tunnelFlags: number;
  active: number;
  inactive: number;
  persistent: number;
  packets: bigint;
}

export function readU16(payload: Buffer | undefined): number {
  return payload && payload.length >= 2 ? payload.readUInt16LE() : refuse(EINVAL);
}

export function readU32(payload: Buffer | undefined): number {
  return payload && payload.length >= 4 ? payload.readUInt32LE() : refuse(EINVAL);
}

function readPort(payload: Buffer | undefined): number {
  return payload && payload.length >= 2 ? payload.readUInt16BE() : refuse(EINVAL);
}

export function readName(payload: Buffer | undefined, longest: number): string {
  if (!payload) refuse(EINVAL);
  const end = payload.indexOf(0);
  if (end === -1 || end > longest) refuse(EINVAL);
  return payload.toString('utf8', 0, end);
}

function readAddress(payload: Buffer | undefined): string {
  if (!payload || payload.length > 16) refuse(EINVAL);
  return Buffer.concat([payload, Buffer.alloc(16)]).toString('hex', 0, 16);
}

/**
 * Parses a SERVICE nest (kernel: ip_vs_ctl.c ip_vs_genl_parse_service). FWMARK alone decides the
 * key, even with the value 0. Without `full` only the key is read.
 */
export function parseService(
  payload: Buffer | undefined,
  full: boolean,
): RawService & { readonly flagMask: number } {
  if (!payload) refuse(EINVAL);
  const given = splitAttributes(payload);
  const af = readU16(given.get(1));
  if (!given.has(5) && !(given.has(2) && given.has(3) && given.has(4))) refuse(EINVAL);
  if (af !== 2 && af !== 10) refuse(EAFNOSUPPORT);
  const byMark = given.has(5);
  const key = {
    af,
    protocol: byMark ? 6 : readU16(given.get(2)),
    address: byMark ? '00'.repeat(16) : readAddress(given.get(3)),
    port: byMark ? 0 : readPort(given.get(4)),
    fwmark: byMark ? readU32(given.get(5)) : 0,
    destinations: [],
  };
  if (!full)
    return { ...key, scheduler: '', flags: 0, flagMask: 0, timeout: 0, netmask: '', engine: '' };
  const flags = given.get(7);
  if (!flags || flags.length > 8) refuse(EINVAL);
  const wide = Buffer.concat([flags, Buffer.alloc(8)]);
  const netmask = given.get(9);
  if (!netmask || netmask.length < 4) refuse(EINVAL);
  return {
    ...key,
    scheduler: readName(given.get(6), 15),
    flags: wide.readUInt32LE(0),
    flagMask: wide.readUInt32LE(4),
    timeout: readU32(given.get(8)),
    netmask: netmask.toString('hex', 0, 4),
    engine: given.has(11) ? readName(given.get(11), 16) : '',
  };
}

/**
 * Parses a DEST nest (kernel: ip_vs_ctl.c ip_vs_genl_parse_dest). Without `full` only the key is
 * read.
 */
export function parseDestination(
  payload: Buffer | undefined,
  full: boolean,
  serviceFamily: number,
): RawDestination {
  if (!payload) refuse(EINVAL);
  const given = splitAttributes(payload);
  if (!given.has(1) || !given.has(2)) refuse(EINVAL);
  const af = given.has(11) ? readU16(given.get(11)) : 0;
  const value = (type: number) => (full ? readU32(given.get(type)) : 0);
  return {
    af: af === 0 ? serviceFamily : af,
    address: readAddress(given.get(1)),
    port: readPort(given.get(2)),
    method: value(3) & 7,
    weight: value(4) | 0,
    upper: value(5),
    lower: value(6),
    tunnelType: given.get(13)?.[0] ?? 0,
    tunnelPort: given.has(14) ? readPort(given.get(14)) : 0,
    tunnelFlags: given.has(15) ? readU16(given.get(15)) : 0,
    active: 0,
    inactive: 0,
    persistent: 0,
    packets: 0n,
  };
}

/**
 * Formats both nests of counters, with the PAD attributes of an architecture that aligns 64-bit
 * values.
 */
function statsNests(narrow: number, wide: number, packets: bigint): Buffer[] {
  const counts = [1, 2, 3, 6, 7, 8, 9, 10].map((type) =>
    u32(type, type === 2 ? Number(packets & 0xffff_ffffn) : 0),
  );
  const wideCounts = Array.from({ length: 10 }, (_, index) => [
    attribute(11, Buffer.alloc(0)),
    u64(index + 1, index === 1 ? packets : 0n),
  ]);
  return [nest(narrow, ...counts, u64(4, 0n), u64(5, 0n)), nest(wide, ...wideCounts.flat())];
}

/** Formats a SERVICE nest with its attributes in the order of the kernel. */
export function formatService(service: RawService): Buffer {
  const key =
    service.fwmark !== 0
      ? [u32(5, service.fwmark)]
      : [
          u16(2, service.protocol),
          attribute(3, Buffer.from(service.address, 'hex')),
          u16be(4, service.port),
        ];
  const flags = Buffer.alloc(8, 0xff);
  flags.writeUInt32LE(service.flags, 0);
  return nest(
    1,
    u16(1, service.af),
    ...key,
    text(6, service.scheduler),
    ...(service.engine === '' ? [] : [text(11, service.engine)]),
    attribute(7, flags),
    u32(8, service.timeout),
    attribute(9, Buffer.from(service.netmask, 'hex')),
    ...statsNests(
      10,
      12,
      service.destinations.reduce((sum, destination) => sum + destination.packets, 0n),
    ),
  );
}

/** Formats a DEST nest with its attributes in the order of the kernel. */
export function formatDestination(destination: RawDestination): Buffer {
  return nest(
    2,
    attribute(1, Buffer.from(destination.address, 'hex')),
    u16be(2, destination.port),
    u32(3, destination.method),
    u32(4, destination.weight),
    u8(13, destination.tunnelType),
    u16be(14, destination.tunnelPort),
    u16(15, destination.tunnelFlags),
    u32(5, destination.upper),
    u32(6, destination.lower),
    u32(7, destination.active),
    u32(8, destination.inactive),
    u32(9, destination.persistent),
    u16(11, destination.af),
    ...statsNests(10, 12, destination.packets),
  );
}

/** A sync daemon as the kernel stores it. */
export interface RawDaemon {
  readonly state: number;
  readonly interface: string;
  readonly syncId: number;
  readonly maxLength: number;
  readonly group: Buffer;
  readonly port: number;
  readonly ttl: number;
}

export function parseDaemonState(attributes: Attributes): number {
  const state = readU32(attributes.get(1));
  return state === 1 || state === 2 ? state : refuse(EINVAL);
}

export function formatDaemon(daemon: RawDaemon): Buffer {
  return nest(
    3,
    u32(1, daemon.state),
    text(2, daemon.interface),
    u32(3, daemon.syncId),
    u16(4, daemon.maxLength),
    u16(7, daemon.port),
    u8(8, daemon.ttl),
    attribute(daemon.group.length === 4 ? 5 : 6, daemon.group),
  );
}
