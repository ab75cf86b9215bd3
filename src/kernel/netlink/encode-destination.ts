import { addressFamily } from '../../model/address.ts';
import type { Destination, DestinationSettings } from '../../model/destination.ts';
import type { AttributeTable, MessageWriter } from './message-writer.ts';
import * as uapi from './uapi.ts';
import { FAMILY, FORWARD, TUNNEL_CHECKSUM, TUNNEL_TYPE } from './words.ts';

/** The attributes of a destination after its key. */
const SETTINGS = Object.values({
  forward: (writer, { forward }) =>
    writer.u32(uapi.IPVS_DEST_ATTR_FWD_METHOD, FORWARD.numbers[forward]),
  weight: (writer, { weight }) => writer.u32(uapi.IPVS_DEST_ATTR_WEIGHT, weight),
  upperThreshold: (writer, { upperThreshold }) =>
    writer.u32(uapi.IPVS_DEST_ATTR_U_THRESH, upperThreshold),
  lowerThreshold: (writer, { lowerThreshold }) =>
    writer.u32(uapi.IPVS_DEST_ATTR_L_THRESH, lowerThreshold),
  tunnelType: (writer, { tunnelType }) =>
    writer.u8(uapi.IPVS_DEST_ATTR_TUN_TYPE, TUNNEL_TYPE.numbers[tunnelType]),
  tunnelPort: (writer, { tunnelPort }) => writer.u16be(uapi.IPVS_DEST_ATTR_TUN_PORT, tunnelPort),
  tunnelChecksum: (writer, { tunnelChecksum }) =>
    writer.u16(uapi.IPVS_DEST_ATTR_TUN_FLAGS, TUNNEL_CHECKSUM.numbers[tunnelChecksum]),
} satisfies AttributeTable<Destination, keyof DestinationSettings>);

/** Writes a DEST nest with the key alone. */
export function writeDestinationKey(writer: MessageWriter, destination: Destination): void {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_DEST);
  writeKeyAttributes(writer, destination);
  writer.closeNest(nest);
}

/** Writes a DEST nest with the key and every setting. */
export function writeDestination(writer: MessageWriter, destination: Destination): void {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_DEST);
  writeKeyAttributes(writer, destination);
  for (const writeSetting of SETTINGS) writeSetting(writer, destination);
  writer.closeNest(nest);
}

/**
 * ADDR_FAMILY is part of the key in every command. Without it, the kernel assumes the family of the
 * service and answers ENOENT for a destination of the other family.
 */
function writeKeyAttributes(writer: MessageWriter, { address, port }: Destination): void {
  writer.u16(uapi.IPVS_DEST_ATTR_ADDR_FAMILY, FAMILY.numbers[addressFamily(address)]);
  writer.address(uapi.IPVS_DEST_ATTR_ADDR, address);
  writer.u16be(uapi.IPVS_DEST_ATTR_PORT, port);
}
