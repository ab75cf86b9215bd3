import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { IpvstateError } from '../../errors.ts';
import { printableLines } from '../../model/printable.ts';
import { OpenConnections } from './connections.ts';
import { errorPage } from './error-page.ts';
import { formatListenAddress, type ListenAddress } from './listen-address.ts';

/** A request for a page. */
export interface PageRequest {
  readonly query: URLSearchParams;
  /** The headers `Accept` and so on, by their names in small letters. */
  readonly headers: IncomingMessage['headers'];
}

export interface Page {
  readonly status: number;
  readonly type: string;
  /** A text is made printable. */
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The part of a response of Node that a stream of events needs. */
export interface EventResponse {
  write(bytes: Uint8Array): unknown;
  destroy(): unknown;
  on(event: 'close', listener: () => void): unknown;
  /** The bytes that the client has not taken yet. */
  readonly writableLength: number;
}

/** An answer that goes on until the client leaves: server-sent events. */
export interface EventStream {
  /** Called once, when the head of the answer was sent. */
  readonly open: (response: EventResponse) => void;
}

type Answer = Page | EventStream;

/** The pages by path. Requests cannot change anything. */
export type Pages = { readonly [path: string]: (request: PageRequest) => Answer | Promise<Answer> };

export interface HttpServer {
  /** The address with the port that the system chose for port 0. */
  readonly address: ListenAddress;
  close(): Promise<void>;
}

/** Such an answer has no body, and the length is that of the body that the client has. */
const NOT_MODIFIED = 304;
const TEXT = 'text/plain; charset=utf-8';
const REFUSED_CONNECT =
  'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nConnection: close\r\n' +
  'Content-Length: 0\r\n\r\n';
/** A client has so long to send a request, and to take the next part of an answer. */
const CLIENT_MILLISECONDS = 5000;

/** Names of this machine on its loopback interface, as a `Host` header has them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Serves pages. A Unix socket is open to its owner and group, and replaces an older socket file.
 * Throws `IO`.
 */
export async function serveHttp(address: ListenAddress, pages: Pages): Promise<HttpServer> {
  const isLoopback = 'host' in address && LOOPBACK.test(formatListenAddress(address));
  const connections = new OpenConnections();
  const server = createServer(
    {
      requestTimeout: CLIENT_MILLISECONDS,
      headersTimeout: CLIENT_MILLISECONDS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      // The time in which this daemon makes the page is not the client's.
      request.socket.setTimeout(0);
      answer(request, pages, isLoopback)
        .catch(() => textPage(500, 'This page failed because of a bug'))
        .then((found) => send(found, request, response, connections))
        .catch(() => response.destroy());
    },
  );
  // Node closes such a connection without an answer.
  server.on('connect', (_request, socket) => socket.end(REFUSED_CONNECT));
  server.setTimeout(CLIENT_MILLISECONDS);
  server.maxHeadersCount = 50;
  server.on('connection', (socket) => connections.add(socket));
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

function listen(server: ReturnType<typeof createServer>, address: ListenAddress): Promise<void> {
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

/** Finds the page of a request, and makes it. */
async function answer(
  { method, url = '', headers }: IncomingMessage,
  pages: Pages,
  isLoopback: boolean,
): Promise<Answer> {
  const target = parseTarget(url);
  if (!target) return textPage(400, 'The request names no path');
  const { pathname, searchParams: query } = target;
  const refuse = pathname.startsWith('/api/') ? apiRefusal : textPage;
  const host = target.host || headers.host;
  // A web page makes a browser send such a request when its own name is changed to point here.
  if (isLoopback && host !== undefined && !LOOPBACK.test(host))
    return refuse(421, 'This is not the host that was asked for');
  const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
  if (!page) return refuse(404, `There are: ${Object.keys(pages).join(' ')}`);
  if (method === 'GET' || method === 'HEAD') return page({ query, headers });
  return { ...refuse(405, 'GET only'), headers: { allow: 'GET, HEAD' } };
}

function send(
  found: Answer,
  { method, socket }: IncomingMessage,
  response: ServerResponse,
  connections: OpenConnections,
): void {
  const isHead = method === 'HEAD';
  const common = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  if ('open' in found) {
    response.writeHead(200, { ...common, 'content-type': 'text/event-stream' });
    if (isHead) response.end();
    else {
      connections.keep(socket);
      response.flushHeaders();
      found.open(response);
    }
    return;
  }
  socket.setTimeout(CLIENT_MILLISECONDS);
  const { status, type, headers } = found;
  const body = typeof found.body === 'string' ? printableLines(found.body) : found.body;
  response.writeHead(status, {
    ...common,
    'content-type': type,
    ...(status !== NOT_MODIFIED && { 'content-length': Buffer.byteLength(body) }),
    ...headers,
  });
  response.end(isHead ? undefined : body);
}

/** The origin of targets that are a path, which has no host of its own. */
const NO_HOST = 'path:';

/**
 * Parses the target of a request: a path, or the whole address that a proxy sends. Only the latter
 * has a host. Returns undefined for others, such as `*` and `//`.
 */
function parseTarget(url: string): URL | undefined {
  const isPath = url.startsWith('/') && !url.startsWith('//');
  if (!isPath && !/^https?:\/\/[^/]/i.test(url)) return undefined;
  const text = isPath ? NO_HOST + url : url;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** A refusal in the form of all errors of the API. */
function apiRefusal(status: number, line: string): Page {
  return errorPage(status, new IpvstateError('USAGE', line));
}

/** A page of one line. */
export function textPage(status: number, line: string): Page {
  return { status, type: TEXT, body: `${line}\n` };
}

/** A page for probes: status 200 or 503. */
export function probePage(isGood: boolean, reason: string): Page {
  return textPage(isGood ? 200 : 503, reason);
}
