import { addressFamily } from '../../model/address.ts';
import type { Daemon, DaemonRole, Timeouts } from '../../model/settings.ts';
import type { AttributeTable, MessageWriter } from './message-writer.ts';
import * as uapi from './uapi.ts';
import { DAEMON_ROLE } from './words.ts';

const TIMEOUTS = Object.values({
  tcp: (writer, { tcp }) => writer.u32(uapi.IPVS_CMD_ATTR_TIMEOUT_TCP, tcp),
  tcpFin: (writer, { tcpFin }) => writer.u32(uapi.IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, tcpFin),
  udp: (writer, { udp }) => writer.u32(uapi.IPVS_CMD_ATTR_TIMEOUT_UDP, udp),
} satisfies AttributeTable<Timeouts, keyof Timeouts>);

/** The attributes of a sync daemon. Those whose value is left to the kernel are not written. */
const DAEMON = Object.values({
  role: (writer, { role }) => writer.u32(uapi.IPVS_DAEMON_ATTR_STATE, DAEMON_ROLE.numbers[role]),
  interface: (writer, daemon) => writer.string(uapi.IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface),
  syncId: (writer, { syncId }) => writer.u32(uapi.IPVS_DAEMON_ATTR_SYNC_ID, syncId),
  maxLength: (writer, { maxLength }) => {
    if (maxLength !== 0) writer.u16(uapi.IPVS_DAEMON_ATTR_SYNC_MAXLEN, maxLength);
  },
  group: (writer, { group }) => {
    if (group === undefined) return;
    if (addressFamily(group) === 'ipv4') writer.address4(uapi.IPVS_DAEMON_ATTR_MCAST_GROUP, group);
    else writer.address(uapi.IPVS_DAEMON_ATTR_MCAST_GROUP6, group);
  },
  port: (writer, { port }) => {
    if (port !== 0) writer.u16(uapi.IPVS_DAEMON_ATTR_MCAST_PORT, port);
  },
  ttl: (writer, { ttl }) => {
    if (ttl !== 0) writer.u8(uapi.IPVS_DAEMON_ATTR_MCAST_TTL, ttl);
  },
} satisfies AttributeTable<Daemon, keyof Daemon>);

/** Writes the attributes of SET_CONFIG, in seconds. The kernel keeps its value where one is 0. */
export function writeTimeouts(writer: MessageWriter, timeouts: Timeouts): void {
  for (const writeTimeout of TIMEOUTS) writeTimeout(writer, timeouts);
}

/** Writes the DAEMON nest of NEW_DAEMON. */
export function writeDaemon(writer: MessageWriter, daemon: Daemon): void {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_DAEMON);
  for (const writeAttribute of DAEMON) writeAttribute(writer, daemon);
  writer.closeNest(nest);
}

/** Writes the DAEMON nest of DEL_DAEMON. */
export function writeDaemonRole(writer: MessageWriter, role: DaemonRole): void {
  const nest = writer.openNest(uapi.IPVS_CMD_ATTR_DAEMON);
  writer.u32(uapi.IPVS_DAEMON_ATTR_STATE, DAEMON_ROLE.numbers[role]);
  writer.closeNest(nest);
}
