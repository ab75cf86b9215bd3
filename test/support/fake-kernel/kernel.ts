import type {
  OpenSocket,
  SocketListener,
  SocketOptions,
} from '../../../src/kernel/netlink/socket.ts';
import { formatDestination, formatService } from './entries.ts';
import { ENOENT, EOPNOTSUPP, EPERM, Refused, refuse } from './errors.ts';
import { FakeSocket } from './socket.ts';
import { FakeTable } from './table.ts';
import { genericMessage, type Request, text, u16, u32 } from './tlv.ts';

const NLCTRL = 16;
const GETFAMILY = 3;
const IS_DUMP = 0x300;

/**
 * Lists the entries of a dump after the first `alreadyTold` ones. The kernel remembers only that
 * number between two chunks.
 */
export type Listing = (alreadyTold: number) => Buffer[];

/**
 * The answer to one request: messages, or a listing that is fetched chunk by chunk. Success without
 * data has no messages.
 */
export type Answer = { readonly messages: readonly Buffer[] } | { readonly listing: Listing };

/**
 * IPVS behind generic netlink, which replaces the raw sockets: bytes in, bytes out. It refuses what
 * a kernel refuses. Each public field makes it misbehave in one way; all are off by default.
 */
export class FakeKernel {
  table = new FakeTable();
  /** True when the ip_vs module is loaded. */
  loaded = true;
  /** Changes whenever the module is loaded again. */
  familyId = 28;
  /** True when the caller has CAP_NET_ADMIN. */
  permitted = true;
  /** The largest SO_RCVBUF that net.core.rmem_max allows, doubled as the kernel does. */
  receiveBufferLimit = 425_984;
  sendBufferSize = 212_992;
  /** Called before each request is executed. */
  beforeRequest: ((request: Request) => void) | undefined;
  /** Called before a dump fetches its second or a later chunk. */
  betweenChunks: ((command: number) => void) | undefined;
  /** Returns the positive error number at the end of a dump, or 0. */
  dumpError: ((command: number) => number) | undefined;
  /** Returns the datagrams to deliver in place of one. An empty list loses it. */
  deliver: ((datagram: Buffer) => readonly Buffer[]) | undefined;
  /** While true, no datagram is delivered. */
  silent = false;
  readonly sockets: FakeSocket[] = [];
  /** Every request that was executed or refused, in order. */
  readonly requests: Request[] = [];

  readonly openSocket: OpenSocket = (options: SocketOptions, listener: SocketListener) => {
    const socket = new FakeSocket(this, options, listener);
    this.sockets.push(socket);
    return socket;
  };

  /** Loads the module again: the table is empty and has another family id. */
  reloadModule(): void {
    this.loaded = true;
    this.familyId += 1;
    this.table = new FakeTable();
  }

  /** Delivers the datagrams that waited while the kernel was silent. */
  resume(): void {
    this.silent = false;
    for (const socket of this.sockets) socket.pump();
  }

  /** Executes a request. Throws `Refused`. */
  answer(request: Request): Answer {
    this.beforeRequest?.(request);
    this.requests.push(request);
    if (request.type === NLCTRL) return { messages: [this.#family(request)] };
    if (!this.loaded || request.type !== this.familyId) refuse(ENOENT);
    const isDump = (request.flags & IS_DUMP) === IS_DUMP;
    const command = COMMANDS[request.command];
    if (!command || (isDump ? !command.dump : !command.run)) refuse(EOPNOTSUPP);
    if (!this.permitted) refuse(EPERM);
    if (isDump) return { listing: (told) => command.dump?.(this, request, told) ?? [] };
    return { messages: command.run?.(this, request) ?? [] };
  }

  #family(request: Request): Buffer {
    const name = request.attributes.get(2)?.toString() ?? '';
    if (request.command !== GETFAMILY) refuse(EOPNOTSUPP);
    if (!this.loaded || name !== 'IPVS\0') refuse(ENOENT);
    return genericMessage(
      NLCTRL,
      0,
      request.sequence,
      1,
      text(2, 'IPVS'),
      u16(1, this.familyId),
      u32(3, 1),
      u32(4, 0),
      u32(5, 6),
    );
  }
}

interface Command {
  /** Returns the data messages. Most commands have none. */
  readonly run?: (kernel: FakeKernel, request: Request) => Buffer[] | undefined;
  readonly dump?: (kernel: FakeKernel, request: Request, told: number) => Buffer[];
}

function change(apply: (table: FakeTable, request: Request) => void): Command {
  return {
    run: (kernel, request) => {
      apply(kernel.table, request);
      return [];
    },
  };
}

const MULTI = 2;

function reply(
  kernel: FakeKernel,
  request: Request,
  flags: number,
  command: number,
  ...attributes: readonly Buffer[]
): Buffer {
  return genericMessage(kernel.familyId, flags, request.sequence, command, ...attributes);
}

const COMMANDS: Readonly<Record<number, Command>> = {
  1: change((table, { attributes }) => table.newService(attributes)),
  2: change((table, { attributes }) => table.setService(attributes)),
  3: change((table, { attributes }) => table.deleteService(attributes)),
  4: {
    run: (kernel, request) => [
      reply(kernel, request, 0, 1, formatService(kernel.table.existing(request.attributes))),
    ],
    dump: (kernel, request, told) =>
      kernel.table.services
        .slice(told)
        .map((service) => reply(kernel, request, MULTI, 1, formatService(service))),
  },
  5: change((table, { attributes }) => table.newDestination(attributes)),
  6: change((table, { attributes }) => table.setDestination(attributes)),
  7: change((table, { attributes }) => table.deleteDestination(attributes)),
  8: {
    dump: (kernel, request, told) =>
      destinationsOf(kernel.table, request)
        .slice(told)
        .map((destination) => reply(kernel, request, MULTI, 5, formatDestination(destination))),
  },
  9: change((table, { attributes }) => table.newDaemon(attributes)),
  10: change((table, { attributes }) => table.deleteDaemon(attributes)),
  11: {
    dump: (kernel, request, told) =>
      kernel.table
        .formatDaemons()
        .slice(told)
        .map((daemon) => reply(kernel, request, MULTI, 9, daemon)),
  },
  12: change((table, { attributes }) => table.setTimeouts(attributes)),
  13: {
    run: (kernel, request) => {
      const [tcp, tcpFin, udp] = kernel.table.timeouts;
      return [reply(kernel, request, 0, 12, u32(4, tcp), u32(5, tcpFin), u32(6, udp))];
    },
  },
  15: {
    run: (kernel, request) => [reply(kernel, request, 0, 14, u32(1, 0x01_02_01), u32(2, 4096))],
  },
  16: change((table, { attributes }) => table.zero(attributes)),
  17: change((table) => table.flush()),
};

/** The destinations of the service in a dump request. None when there is no such service. */
function destinationsOf(table: FakeTable, request: Request) {
  try {
    return table.existing(request.attributes).destinations;
  } catch (error) {
    if (error instanceof Refused) return [];
    throw error;
  }
}
