import type { ErrnoName } from '../../errors.ts';
import { type Address, addressFamily } from '../../model/address.ts';
import { systemClock } from './clock.ts';
import { Connection, type ReplyHandler } from './connection.ts';
import { LITTLE_ENDIAN } from './message-writer.ts';
import { loadNativeSockets, type OpenSocket } from './socket.ts';
import * as uapi from './uapi.ts';
import { FAMILY } from './words.ts';

/** A network interface. */
export interface Link {
  readonly name: string;
  readonly index: number;
  readonly mtu: number;
  readonly isUp: boolean;
  readonly isLoopback: boolean;
  readonly isMulticast: boolean;
}

/** The way that a packet from this machine to an address takes. */
export interface Route {
  /** The index of the interface that it leaves by. */
  readonly link: number;
  /** True when the address is one of this machine. */
  readonly isLocal: boolean;
  /** True when another router is between this machine and the address. */
  readonly hasGateway: boolean;
}

/** The interfaces, and the routes to some addresses, of this process's network namespace. */
export interface Network {
  readonly links: readonly Link[];
  /** An address without a route has the kernel's error in its place. */
  readonly routes: ReadonlyMap<Address, Route | ErrnoName>;
}

export type ReadNetwork = (addresses: readonly Address[]) => Promise<Network>;

/** Bytes for a chunk of a dump: an interface with many attributes has several thousand. */
const DATAGRAM = 32 * 1024;
const RECEIVE_BUFFER = 1024 * 1024;
const TIMEOUT_MILLISECONDS = 10_000;
/** Requests in one send. The kernel charges a page or two for each answer about a route. */
const BATCH = 16;

/**
 * Reads interfaces, and asks the kernel for routes, over rtnetlink. Neither needs a privilege or
 * changes anything. Throws `UNAVAILABLE` or `LOST`.
 */
export async function readNetwork(
  addresses: readonly Address[],
  openSocket?: OpenSocket,
): Promise<Network> {
  const connection = new Connection({
    openSocket: openSocket ?? (await loadNativeSockets()),
    socket: {
      protocol: uapi.NETLINK_ROUTE,
      datagramSize: DATAGRAM,
      receiveBufferSize: RECEIVE_BUFFER,
    },
    clock: systemClock,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    headerLength: (type) => (type === uapi.RTM_NEWLINK ? uapi.IFINFOMSG_LENGTH : uapi.RTMSG_LENGTH),
  });
  try {
    const links = await readLinks(connection);
    const routes = new Map<Address, Route | ErrnoName>();
    for (let start = 0; start < addresses.length; start += BATCH)
      await readRoutes(connection, addresses.slice(start, start + BATCH), routes);
    return { links, routes };
  } finally {
    connection.close();
  }
}

async function readLinks(connection: Connection): Promise<Link[]> {
  const { writer } = connection;
  const sequence = connection.begin();
  const flags = uapi.NLM_F_REQUEST | uapi.NLM_F_DUMP;
  writer.openMessage(uapi.RTM_GETLINK, flags, sequence, 0, 0);
  writer.zeros(uapi.IFINFOMSG_LENGTH - uapi.GENL_HDRLEN);
  writer.closeMessage();
  const links: Link[] = [];
  await connection.dump({
    refused: (errno) => {
      throw new Error(`the kernel does not list its interfaces (${errno})`);
    },
    data: (attributes, _, bytes, at) => {
      let name = '';
      let mtu = 0;
      while (attributes.next()) {
        if (attributes.type === uapi.IFLA_IFNAME) name = attributes.string();
        else if (attributes.type === uapi.IFLA_MTU) mtu = attributes.u32();
      }
      // struct ifinfomsg: family, a byte of padding, type, index, flags, changed flags.
      const index = bytes.getInt32(at + 4, LITTLE_ENDIAN);
      const state = bytes.getUint32(at + 8, LITTLE_ENDIAN);
      const has = (flag: number): boolean => (state & flag) !== 0;
      links.push({
        ...{ name, index, mtu, isUp: has(uapi.IFF_UP) },
        ...{ isLoopback: has(uapi.IFF_LOOPBACK), isMulticast: has(uapi.IFF_MULTICAST) },
      });
    },
  });
  return links;
}

async function readRoutes(
  connection: Connection,
  addresses: readonly Address[],
  routes: Map<Address, Route | ErrnoName>,
): Promise<void> {
  const { writer } = connection;
  const first = connection.begin();
  for (const [index, address] of addresses.entries()) {
    const family = addressFamily(address);
    const bits = family === 'ipv4' ? 32 : 128;
    const number = FAMILY.numbers[family];
    writer.openMessage(uapi.RTM_GETROUTE, uapi.NLM_F_REQUEST, first + index, number, bits);
    writer.zeros(uapi.RTMSG_LENGTH - uapi.GENL_HDRLEN);
    if (family === 'ipv4') writer.address4(uapi.RTA_DST, address);
    else writer.address(uapi.RTA_DST, address);
    writer.closeMessage();
  }
  const addressAt = (index: number): Address => addresses[index] as Address;
  const handler: ReplyHandler = {
    refused: (errno, index) => routes.set(addressAt(index), errno),
    data: (attributes, index, bytes, at) => {
      let link = 0;
      let hasGateway = false;
      while (attributes.next()) {
        if (attributes.type === uapi.RTA_OIF) link = attributes.u32();
        else if (attributes.type === uapi.RTA_GATEWAY || attributes.type === uapi.RTA_VIA)
          hasGateway = true;
      }
      // struct rtmsg: family, two lengths, TOS, table, protocol, scope, type, flags.
      const isLocal = bytes.getUint8(at + 7) === uapi.RTN_LOCAL;
      routes.set(addressAt(index), { link, isLocal, hasGateway });
    },
  };
  await connection.batch(addresses.length, handler);
}
