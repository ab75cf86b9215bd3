import { connect } from 'node:net';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import schema from '../../schemas/error.schema.json' with { type: 'json' };
import validation from '../../schemas/validation.schema.json' with { type: 'json' };
import { createMetrics } from '../../src/daemon/http/metrics.ts';
import { daemonPages } from '../../src/daemon/http/pages.ts';
import { type HttpServer, probePage, serveHttp } from '../../src/daemon/http/server.ts';
import { statusOf } from './statuses.ts';

const isError = new Ajv({ strict: false, validateFormats: false })
  .addSchema(validation)
  .compile(schema);

let server: HttpServer;
beforeAll(async () => {
  server = await serveHttp(
    { host: '127.0.0.1', port: 0 },
    {
      '/healthz': () => probePage(true, 'ok'),
      '/broken': () => Promise.reject(new Error('a bug')),
      '/api/v1/status': () => probePage(true, 'ok'),
    },
  );
});
afterAll(() => server.close());

/** Sends bytes, and ends. Returns all that comes back until the server closes the connection. */
function send(bytes: string | Buffer): Promise<string> {
  const { address } = server;
  if (!('port' in address)) throw new Error('the server has no port');
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(address.port, address.host, () => socket.end(bytes));
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    // A server that closes before it has read all resets the connection.
    socket.on('error', () => {}).on('close', () => resolve(text));
  });
}

const statusOfAnswer = (text: string): number =>
  Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? Number.NaN);

const ask = async (line: string, ...headers: readonly string[]): Promise<number> =>
  statusOfAnswer(await send(`${[line, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`));

describe('the answer of the HTTP server to a request', () => {
  it.each([
    ['GET /healthz HTTP/1.1', 200],
    ['GET /healthz?a=%00&%zz HTTP/1.1', 200],
    ['GET /./x/../healthz HTTP/1.1', 200],
    ['GET http://localhost:9798/healthz HTTP/1.1', 200],
    ['GET http://[::1]/healthz HTTP/1.1', 200],
    ['GET http://evil.example/healthz HTTP/1.1', 421],
    ['GET // HTTP/1.1', 400],
    ['GET //evil.example/healthz HTTP/1.1', 400],
    ['GET http:///healthz HTTP/1.1', 400],
    ['GET http://[/ HTTP/1.1', 400],
    ['GET file:///etc/passwd HTTP/1.1', 400],
    ['OPTIONS * HTTP/1.1', 400],
    ['GET healthz HTTP/1.1', 400],
    ['GET /../../etc/passwd HTTP/1.1', 404],
    ['GET /__proto__ HTTP/1.1', 404],
    ['GET /healthz HTTP/9.9', 400],
    ['PRI * HTTP/2.0', 400],
    ['FETCH /healthz HTTP/1.1', 400],
    ['TRACE /healthz HTTP/1.1', 405],
    ['CONNECT evil.example:443 HTTP/1.1', 405],
    ['GET /broken HTTP/1.1', 500],
  ])('to %s has status %i', async (line, status) => {
    expect(await ask(line)).toBe(status);
  });

  it.each([
    ['GET /api/v1/nothing HTTP/1.1', 404, 'There are: /healthz /broken /api/v1/status'],
    ['POST /api/v1/status HTTP/1.1', 405, 'GET only'],
    ['GET http://evil.example/api/v1/status HTTP/1.1', 421, 'This is not the host'],
  ])('to %s has status %i and the document of an error', async (line, status, message) => {
    const text = await send(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(statusOfAnswer(text)).toBe(status);
    expect(text).toMatch(/content-type: application\/json/i);
    const document: unknown = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
    expect(document).toMatchObject({ error: { message: expect.stringContaining(message) } });
    expect({ isValid: isError(document), errors: isError.errors }).toEqual({
      isValid: true,
      errors: null,
    });
  });

  it('has status 400, 417 or 431 for headers that cannot be taken', async () => {
    const line = 'GET /healthz HTTP/1.1';
    expect(statusOfAnswer(await send(`${line}\r\n\r\n`))).toBe(400);
    expect(await ask(line, 'Expect: nothing')).toBe(417);
    expect(await ask(line, `X: ${'x'.repeat(20_000)}`)).toBe(431);
    expect(await ask(line, ': x')).toBe(400);
    expect(await ask(line, 'Content-Length: 1', 'Transfer-Encoding: chunked')).toBe(400);
    // Only so many headers are read: the host must be among them. Some versions of Node say 431.
    const many = Array.from({ length: 60 }, (_, index) => `X${index}: x`);
    const hidden = [line, ...many, 'Host: evil.example', '', ''].join('\r\n');
    expect([400, 431]).toContain(statusOfAnswer(await send(hidden)));
  });

  it('exists for every text that is sent, and a refused one comes before the end', async () => {
    const word = fc.string({ maxLength: 12 });
    const header = fc.tuple(
      fc.constantFrom('Host', 'Accept', 'Connection', 'Upgrade', 'Content-Length', 'X', ''),
      fc.oneof(
        word,
        fc.constantFrom('localhost', 'evil.example', 'close', 'h2c', '0', '5', '-1'),
        fc.integer({ min: 1, max: 20_000 }).map((length) => 'x'.repeat(length)),
      ),
    );
    const request = fc
      .tuple(
        fc.oneof(fc.constantFrom('GET', 'HEAD', 'POST', 'CONNECT', 'OPTIONS', 'get'), word),
        fc.oneof(
          word.map((path) => `/${path}`),
          word.map((host) => `http://${host}`),
          fc.constantFrom('/healthz', '//', '*', '/%', '/?', '/#', '/\\', '/healthz?a=b&a'),
          word,
        ),
        fc.oneof(fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2', ''), word),
        fc.array(header, { maxLength: 4 }),
      )
      .map(([method, target, version, headers]) =>
        [
          `${method} ${target} ${version}`,
          ...headers.map(([name, value]) => `${name}: ${value}`),
          '',
          '',
        ].join('\r\n'),
      );
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        expect(statusOfAnswer(await send(Buffer.from(text, 'latin1')))).toBeGreaterThanOrEqual(200);
      }),
      { numRuns: 150 },
    );
  });
});

describe('/metrics', () => {
  it('has all but the counters of the kernel when the kernel cannot be opened', async () => {
    const metrics = createMetrics('1.2.3', () => statusOf(), []).registry;
    const { '/metrics': page } = daemonPages({
      ...{ status: () => statusOf(), metrics, isStuck: () => false, isReady: () => true },
      openKernel: () => Promise.reject(new Error('ip_vs is not loaded')),
      names: () => new Map(),
    });
    expect(String((await page()).body)).toContain('ipvstate_in_sync 1');
  });
});
