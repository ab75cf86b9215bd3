import { type Address, addressFamily } from '../../model/address.ts';
import type { Destination, Forward, TunnelChecksum, TunnelType } from '../../model/destination.ts';
import * as uapi from './uapi.ts';
import { MessageWriter } from './writer.ts';

const FORWARD_NUMBERS: Readonly<Record<Forward, number>> = {
  masq: uapi.IP_VS_CONN_F_MASQ,
  tunnel: uapi.IP_VS_CONN_F_TUNNEL,
  route: uapi.IP_VS_CONN_F_DROUTE,
};

const TUNNEL_NUMBERS: Readonly<Record<TunnelType, number>> = {
  ipip: uapi.IP_VS_CONN_F_TUNNEL_TYPE_IPIP,
  gue: uapi.IP_VS_CONN_F_TUNNEL_TYPE_GUE,
  gre: uapi.IP_VS_CONN_F_TUNNEL_TYPE_GRE,
};

const CHECKSUM_NUMBERS: Readonly<Record<TunnelChecksum, number>> = {
  none: uapi.IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM,
  csum: uapi.IP_VS_TUNNEL_ENCAP_FLAG_CSUM,
  remcsum: uapi.IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM,
};

/*
 * Nearly every request of a large table is a DEST nest, always with the same attributes in the same order. So the nest is written
 * once, without values, and each request is a copy of it, or of the request before, with its values put in at these offsets.
 */
const nest = new MessageWriter();

function offsetOf(write: (writer: MessageWriter) => void): number {
  const offset = nest.length + uapi.NLA_HDRLEN;
  write(nest);
  return offset;
}

const open = nest.openNest(uapi.IPVS_CMD_ATTR_DEST);
const FAMILY = offsetOf((writer) => writer.u16(uapi.IPVS_DEST_ATTR_ADDR_FAMILY, 0));
const ADDRESS = offsetOf((writer) => writer.address(uapi.IPVS_DEST_ATTR_ADDR, '0.0.0.0' as Address));
const PORT = offsetOf((writer) => writer.u16be(uapi.IPVS_DEST_ATTR_PORT, 0));
nest.closeNest(open);
const KEY_NEST = nest.written().slice();

const FWD_METHOD = offsetOf((writer) => writer.u32(uapi.IPVS_DEST_ATTR_FWD_METHOD, 0));
const WEIGHT = offsetOf((writer) => writer.u32(uapi.IPVS_DEST_ATTR_WEIGHT, 0));
const U_THRESH = offsetOf((writer) => writer.u32(uapi.IPVS_DEST_ATTR_U_THRESH, 0));
const L_THRESH = offsetOf((writer) => writer.u32(uapi.IPVS_DEST_ATTR_L_THRESH, 0));
const TUN_TYPE = offsetOf((writer) => writer.u8(uapi.IPVS_DEST_ATTR_TUN_TYPE, 0));
const TUN_PORT = offsetOf((writer) => writer.u16be(uapi.IPVS_DEST_ATTR_TUN_PORT, 0));
const TUN_FLAGS = offsetOf((writer) => writer.u16(uapi.IPVS_DEST_ATTR_TUN_FLAGS, 0));
nest.closeNest(open);
const WHOLE_NEST = nest.written().slice();

// What adds or edits a destination has all its settings; what deletes it has its key alone. Both return where the nest begins.

export function appendDestination(writer: MessageWriter): number {
  return writer.append(WHOLE_NEST);
}

export function appendDestinationKey(writer: MessageWriter): number {
  return writer.append(KEY_NEST);
}

/** Puts the values into a whole nest; each of them, because the nest may be a copy of another destination's. */
export function setDestination(writer: MessageWriter, nest: number, destination: Destination): void {
  setDestinationKey(writer, nest, destination);
  writer.setU32(nest + FWD_METHOD, FORWARD_NUMBERS[destination.forward]);
  writer.setU32(nest + WEIGHT, destination.weight);
  writer.setU32(nest + U_THRESH, destination.upperThreshold);
  writer.setU32(nest + L_THRESH, destination.lowerThreshold);
  writer.setU8(nest + TUN_TYPE, TUNNEL_NUMBERS[destination.tunnelType]);
  writer.setU16be(nest + TUN_PORT, destination.tunnelPort);
  writer.setU16(nest + TUN_FLAGS, CHECKSUM_NUMBERS[destination.tunnelChecksum]);
}

/** The family is needed in every command: without it a destination of the other family than its service's is not found (ENOENT). */
export function setDestinationKey(writer: MessageWriter, nest: number, { address, port }: Destination): void {
  writer.setU16(nest + FAMILY, addressFamily(address) === 'ipv6' ? uapi.AF_INET6 : uapi.AF_INET);
  writer.setAddress(nest + ADDRESS, address);
  writer.setU16be(nest + PORT, port);
}
