import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createSecureContext, type SecureContext } from 'node:tls';
import type { HttpCheck } from '../../model/health.ts';
import { type Answer, answerOfError, bad, exchange, good, type Target, unknown } from './answer.ts';
import { endSocket, openSocket } from './check-tcp.ts';

/** So much of a body is searched. */
const BODY_BYTES = 65_536;
const HEADER_BYTES = 16_384;
/** A file of certificates is read again after so long. */
const CONTEXT_MILLISECONDS = 60_000;

/** Checks that a destination answers an HTTP request. */
export async function checkHttp(check: HttpCheck, target: Target): Promise<Answer> {
  let context: SecureContext | undefined;
  try {
    context = check.tls ? await secureContext(check.ca) : undefined;
  } catch (error) {
    return unknown(`cannot check: ${(error as Error).message}`);
  }
  return exchange(target, (answer) => {
    const socket = openSocket(target);
    socket.on('error', (error) => answer(answerOfError(error)));
    const stream = context ? secured(check, socket, context, target) : socket;
    stream.on('error', (error) => answer(answerOfError(error)));
    const client = request({
      ...{ method: 'GET', path: check.path, setHost: false },
      createConnection: () => stream,
      maxHeaderSize: HEADER_BYTES,
      headers: {
        Host: check.host ?? hostOf(target),
        'User-Agent': 'ipvstate',
        Accept: '*/*',
        Connection: 'close',
      },
    });
    client.on('response', (response) => readResponse(check, response, answer));
    client.on('upgrade', () => answer(bad('HTTP 101')));
    client.on('error', (error) => answer(answerOfError(error)));
    client.on('close', () => answer(bad('closed before the end of its answer')));
    client.end();
    return () => {
      endSocket(socket);
      // After Node's own listener, which frees the parser of the request when the connection ends.
      // Freed twice, it would serve two requests at once, and end this process.
      process.nextTick(() => client.destroy());
    };
  });
}

function hostOf({ address, port }: Target): string {
  return `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
}

function secured(
  { ca, host, sni }: HttpCheck,
  socket: Socket,
  secureContext: SecureContext,
  { address }: Target,
): Socket {
  const name = sni ?? host?.replace(/:\d+$/, '') ?? address;
  return connect({
    socket,
    secureContext,
    // TLS has no handshake for addresses.
    ...(isIP(name) === 0 && { servername: name }),
    rejectUnauthorized: ca !== undefined,
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  });
}

function readResponse(
  { status: { min, max }, body }: HttpCheck,
  response: IncomingMessage,
  answer: (answer: Answer) => void,
): void {
  const { statusCode = 0 } = response;
  const reason = `HTTP ${statusCode}`;
  if (statusCode < min || statusCode > max) answer(bad(reason));
  else if (body === undefined) answer(good(reason));
  else searchBody(body, reason, response, answer);
}

function searchBody(
  body: string,
  reason: string,
  response: IncomingMessage,
  answer: (answer: Answer) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (): void => {
    const hasText = Buffer.concat(chunks).subarray(0, BODY_BYTES).includes(body);
    answer(hasText ? good(reason) : bad(`${reason}, without the text that is expected`));
  };
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= BODY_BYTES) finish();
  });
  // Before Node's own listener, which begins to close the connection: then it cannot be reset.
  response.prependListener('end', finish);
  response.on('error', (error) => answer(answerOfError(error)));
}

const contexts = new Map<string, { readonly made: number; readonly context: SecureContext }>();

/** Returns the certificates that a check trusts. They are kept: reading them takes long. */
async function secureContext(ca: string | undefined): Promise<SecureContext> {
  const known = contexts.get(ca ?? '');
  const now = performance.now();
  if (known && now - known.made < CONTEXT_MILLISECONDS) return known.context;
  const context = createSecureContext({ ca: ca === undefined ? [] : await readFile(ca) });
  contexts.set(ca ?? '', { made: now, context });
  return context;
}
