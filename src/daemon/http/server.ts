import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { IpvstateError } from '../../errors.ts';
import { printableLines } from '../../model/printable.ts';
import { formatListenAddress, type ListenAddress } from './listen-address.ts';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The pages by path. Requests cannot change anything. Bodies are made printable. */
export type Pages = { readonly [path: string]: () => Page | Promise<Page> };

export interface HttpServer {
  /** The address with the port that the system chose for port 0. */
  readonly address: ListenAddress;
  close(): Promise<void>;
}

const TEXT = 'text/plain; charset=utf-8';
/** A client has so long to send a request, and to take the next part of an answer. */
const CLIENT_MILLISECONDS = 5000;
/** A scrape needs one. More would only use up the descriptors of the daemon. */
const MAX_CONNECTIONS = 64;

/** Names of this machine on its loopback interface, as a `Host` header has them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Serves pages. A Unix socket is open to its owner and group, and replaces an older socket file.
 * Throws `IO`.
 */
export async function serveHttp(address: ListenAddress, pages: Pages): Promise<HttpServer> {
  const isLoopback = 'host' in address && LOOPBACK.test(formatListenAddress(address));
  const server = createServer(
    {
      requestTimeout: CLIENT_MILLISECONDS,
      headersTimeout: CLIENT_MILLISECONDS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      respond(request, response, pages, isLoopback).catch(() => response.destroy());
    },
  );
  server.setTimeout(CLIENT_MILLISECONDS);
  server.maxHeadersCount = 50;
  closeOldest(server);
  // This daemon holds the lock of the network namespace, so an earlier daemon no longer listens.
  if ('path' in address) await rm(address.path, { force: true });
  await listen(server, address);
  if ('path' in address) await chmod(address.path, 0o660);
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : undefined;
  return {
    address: 'host' in address && port !== undefined ? { ...address, port } : address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Closes the oldest connection when there are too many: clients that hold theirs open do not keep a
 * probe away.
 */
function closeOldest(server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > MAX_CONNECTIONS) oldest?.destroy();
  });
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new IpvstateError(
          'IO',
          `--listen ${formatListenAddress(address)} is not possible (${error.code})`,
          { cause: error },
        ),
      ),
    );
    server.listen(address, resolve);
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  pages: Pages,
  isLoopback: boolean,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
  const {
    status,
    type,
    body: text,
  } = isForeign(request, isLoopback)
    ? { status: 421, type: TEXT, body: 'This is not the host that was asked for\n' }
    : !page
      ? { status: 404, type: TEXT, body: `There are: ${Object.keys(pages).join(' ')}\n` }
      : isRead
        ? await page()
        : { status: 405, type: TEXT, body: 'GET only\n' };
  const body = printableLines(text);
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * Tells whether a request to the loopback address names another host. A web page makes a browser
 * send such a request when its own name is changed to point to this machine.
 */
function isForeign({ headers }: IncomingMessage, isLoopback: boolean): boolean {
  return isLoopback && headers.host !== undefined && !LOOPBACK.test(headers.host);
}

/** A page for probes: status 200 or 503. */
export function probePage(isGood: boolean, reason: string): Page {
  return { status: isGood ? 200 : 503, type: TEXT, body: `${reason}\n` };
}
