import {
  type Service,
  type ServiceIdentity,
  type ServiceSettings,
  serviceFamily,
} from '../../model/service.ts';
import type { AttributeTable, MessageWriter } from './message-writer.ts';
import * as uapi from './uapi.ts';
import { FAMILY, PROTOCOL } from './words.ts';

/** The settings that are bits of one attribute, IPVS_SVC_ATTR_FLAGS. */
const FLAGS = {
  schedulerFlags: ({ schedulerFlags }) => schedulerFlags & uapi.IP_VS_SVC_F_SCHED_MASK,
  persistent: ({ persistent }) => (persistent ? uapi.IP_VS_SVC_F_PERSISTENT : 0),
  onePacket: ({ onePacket }) => (onePacket ? uapi.IP_VS_SVC_F_ONEPACKET : 0),
} satisfies Partial<Record<keyof ServiceSettings, (settings: ServiceSettings) => number>>;

const FLAG_BITS = Object.values(FLAGS);

/**
 * The attributes of a service after its key. The kernel takes an empty or missing PE_NAME as "no
 * engine".
 */
const SETTINGS = Object.values({
  scheduler: (writer, { scheduler }) => writer.string(uapi.IPVS_SVC_ATTR_SCHED_NAME, scheduler),
  persistenceEngine: (writer, { persistenceEngine }) => {
    if (persistenceEngine !== '') writer.string(uapi.IPVS_SVC_ATTR_PE_NAME, persistenceEngine);
  },
  flags: (writer, service) => {
    let flags = 0;
    for (const bitsOf of FLAG_BITS) flags |= bitsOf(service);
    writer.flags(uapi.IPVS_SVC_ATTR_FLAGS, flags, 0xffff_ffff);
  },
  persistenceTimeoutSeconds: (writer, { persistenceTimeoutSeconds }) =>
    writer.u32(uapi.IPVS_SVC_ATTR_TIMEOUT, persistenceTimeoutSeconds),
  persistenceNetmask: (writer, { identity, persistenceNetmask }) => {
    // A mask for IPv4, a prefix length for IPv6.
    if (serviceFamily(identity) === 'ipv4')
      writer.u32be(uapi.IPVS_SVC_ATTR_NETMASK, persistenceNetmask);
    else writer.u32(uapi.IPVS_SVC_ATTR_NETMASK, persistenceNetmask);
  },
} satisfies AttributeTable<Service, Exclude<keyof ServiceSettings, keyof typeof FLAGS> | 'flags'>);

/**
 * Writes a SERVICE nest with the key alone (uapi: IPVS_SVC_ATTR_AF, then FWMARK or PROTOCOL, ADDR
 * and PORT). FWMARK is left out for an address service, because the kernel takes FWMARK as the key
 * even if it is 0.
 */
export function writeServiceKey(writer: MessageWriter, identity: ServiceIdentity): void {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_SERVICE);
  writeKeyAttributes(writer, identity);
  writer.closeNest(nest);
}

/** Writes a SERVICE nest with the key and every setting. */
export function writeService(writer: MessageWriter, service: Service): void {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_SERVICE);
  writeKeyAttributes(writer, service.identity);
  for (const writeSetting of SETTINGS) writeSetting(writer, service);
  writer.closeNest(nest);
}

function writeKeyAttributes(writer: MessageWriter, identity: ServiceIdentity): void {
  writer.u16(uapi.IPVS_SVC_ATTR_AF, FAMILY.numbers[serviceFamily(identity)]);
  if (identity.kind === 'fwmark') {
    if (identity.fwmark === 0) throw new Error('a service with firewall mark 0');
    writer.u32(uapi.IPVS_SVC_ATTR_FWMARK, identity.fwmark);
  } else {
    writer.u16(uapi.IPVS_SVC_ATTR_PROTOCOL, PROTOCOL.numbers[identity.protocol]);
    writer.address(uapi.IPVS_SVC_ATTR_ADDR, identity.address);
    writer.u16be(uapi.IPVS_SVC_ATTR_PORT, identity.port);
  }
}
