import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  formatListenAddress,
  type ListenAddress,
  parseListenAddress,
} from '../../src/daemon/http/listen-address.ts';
import {
  type EventResponse,
  type HttpServer,
  type Page,
  type Pages,
  probePage,
  serveHttp,
  textPage,
} from '../../src/daemon/http/server.ts';

const PAGES: Pages = {
  '/healthz': () => probePage(true, 'ok'),
  '/readyz': () => probePage(false, 'no pass yet'),
};

async function serve(address: ListenAddress, pages = PAGES): Promise<HttpServer> {
  const server = await serveHttp(address, pages);
  onTestFinished(() => server.close());
  return server;
}

function get(
  address: ListenAddress,
  path: string,
  method = 'GET',
  host?: string,
): Promise<{ status: number | undefined; body: string }> {
  const target = 'path' in address ? { socketPath: address.path } : address;
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    request({ ...target, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('the HTTP server', () => {
  it('serves its pages on a port, and returns the port that it got', async () => {
    const { address } = await serve({ host: '127.0.0.1', port: 0 });
    expect(address).toMatchObject({ port: expect.any(Number) });
    expect(await get(address, '/healthz?verbose')).toEqual({ status: 200, body: 'ok\n' });
    expect(await get(address, '/readyz')).toEqual({ status: 503, body: 'no pass yet\n' });
    expect(await get(address, '/healthz', 'HEAD')).toEqual({ status: 200, body: '' });
  });

  it('answers on the loopback address only when the request names the loopback address', async () => {
    const { address } = await serve({ host: '127.0.0.1', port: 0 });
    for (const host of ['localhost:9798', '127.0.0.1', '127.8.9.1:80', '[::1]:9798', 'LOCALHOST'])
      expect(await get(address, '/healthz', 'GET', host)).toMatchObject({ status: 200 });
    for (const host of ['evil.example', 'localhost.evil.example:9798', '127.0.0.1.evil.example'])
      expect(await get(address, '/healthz', 'GET', host)).toEqual({
        status: 421,
        body: 'This is not the host that was asked for\n',
      });
  });

  /** Opens connections that send nothing. Returns the number of those that were closed. */
  async function hold(address: ListenAddress, count: number): Promise<() => number> {
    if (!('port' in address)) throw new Error('the server has no port');
    let closed = 0;
    const sockets = await Promise.all(
      Array.from(
        { length: count },
        () =>
          new Promise<Socket>((resolve) => {
            const socket = connect(address.port, address.host, () => resolve(socket));
            socket.on('error', () => {}).on('close', () => closed++);
            socket.resume();
          }),
      ),
    );
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    return () => closed;
  }

  it('closes the oldest connections beyond a number, and still answers a probe', async () => {
    const { address } = await serve({ host: '127.0.0.1', port: 0 });
    const closed = await hold(address, 80);
    await expect.poll(closed, { timeout: 20_000 }).toBeGreaterThanOrEqual(16);
    expect(await get(address, '/healthz')).toMatchObject({ status: 200 });
  });

  it('closes connections that send no request, and neither streams nor those that wait for a page', async () => {
    const streams: EventResponse[] = [];
    let finish = (): void => {};
    const slow = new Promise<Page>((resolve) => {
      finish = () => resolve(textPage(200, 'made'));
    });
    const pages = { ...streaming(streams), '/slow': () => slow };
    const { address } = await serve({ host: '127.0.0.1', port: 0 }, pages);
    const stream = await openStream(address);
    expect(stream.headers).toMatchObject({
      ...{ 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
      'x-content-type-options': 'nosniff',
    });
    // The stream is the oldest connection, and there are too many.
    const closed = await hold(address, 80);
    await expect.poll(closed, { timeout: 10_000 }).toBeGreaterThanOrEqual(17);
    const asked = get(address, '/slow');
    const later = await hold(address, 1);
    await expect.poll(later, { timeout: 30_000 }).toBe(1);
    expect(closed()).toBe(80);
    finish();
    expect(await asked).toEqual({ status: 200, body: 'made\n' });
    streams[0]?.write(Buffer.from('data: 1\n\n'));
    await expect.poll(() => stream.text(), { timeout: 20_000 }).toBe('data: 1\n\n');
    let left = false;
    streams[0]?.on('close', () => {
      left = true;
    });
    stream.end();
    await expect.poll(() => left, { timeout: 20_000 }).toBe(true);
  });

  it('refuses other methods than GET and HEAD, and other paths than its pages', async () => {
    const { address } = await serve({ host: '127.0.0.1', port: 0 });
    expect(await get(address, '/healthz', 'POST')).toMatchObject({ status: 405 });
    expect(await get(address, '/toString')).toEqual({
      status: 404,
      body: 'There are: /healthz /readyz\n',
    });
  });

  it('answers HEAD for a stream without opening it', async () => {
    const streams: EventResponse[] = [];
    const { address } = await serve({ host: '127.0.0.1', port: 0 }, streaming(streams));
    expect(await get(address, '/events', 'HEAD')).toEqual({ status: 200, body: '' });
    expect(await get(address, '/events', 'DELETE')).toMatchObject({ status: 405 });
    expect(streams).toEqual([]);
  });

  it('makes texts printable, and leaves bytes as they are', async () => {
    const pages: Pages = {
      '/text': () => ({ status: 200, type: 'application/json', body: '{"a":"\u202e"}\n' }),
      '/bytes': () => ({ status: 200, type: 'text/css', body: Buffer.from('\u202e') }),
      '/same': () => ({ status: 304, type: 'text/css', body: '', headers: { etag: '"1"' } }),
    };
    const { address } = await serve({ host: '127.0.0.1', port: 0 }, pages);
    expect(await get(address, '/text')).toEqual({ status: 200, body: '{"a":"\\u202e"}\n' });
    expect(await get(address, '/bytes')).toEqual({ status: 200, body: '\u202e' });
    expect(await get(address, '/same')).toEqual({ status: 304, body: '' });
  });

  it('serves on a Unix socket that other users cannot open, in place of a stale one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-http-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'http.sock');
    writeFileSync(path, 'left behind');
    await serve({ path });
    expect(statSync(path).mode & 0o007).toBe(0);
    expect(await get({ path }, '/healthz')).toMatchObject({ status: 200 });
  });

  it('answers a page that fails with status 500, and serves the others', async () => {
    const pages = { ...PAGES, '/status': () => Promise.reject(new Error('broken')) };
    const { address } = await serve({ host: '127.0.0.1', port: 0 }, pages);
    expect(await get(address, '/status')).toMatchObject({ status: 500 });
    expect(await get(address, '/healthz')).toMatchObject({ status: 200 });
  });

  it('names the address in the error when its port is taken', async () => {
    const { address } = await serve({ host: '127.0.0.1', port: 0 });
    await expect(serveHttp(address, PAGES)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('EADDRINUSE'),
    });
  });
});

/** A page that is a stream of events. Each one that is opened is added to the list. */
function streaming(streams: EventResponse[]): Pages {
  return { '/events': () => ({ open: (response) => streams.push(response) }) };
}

async function openStream(address: ListenAddress) {
  const target = 'path' in address ? { socketPath: address.path } : address;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ ...target, path: '/events', agent: false }, resolve)
      .on('error', reject)
      .end();
  });
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  response.on('error', () => {});
  onTestFinished(() => void response.destroy());
  return { headers: response.headers, text: () => text, end: () => response.destroy() };
}

describe('the address to listen on', () => {
  it.each([
    ['127.0.0.1:9798', false, '127.0.0.1:9798'],
    [':9798', false, '127.0.0.1:9798'],
    ['[::1]:9798', false, '[::1]:9798'],
    ['10.0.0.5:9798', false, '10.0.0.5:9798'],
    ['/run/ipvstate/http.sock', false, 'unix:/run/ipvstate/http.sock'],
    ['unix:/run/x', false, 'unix:/run/x'],
    ['0.0.0.0:9798', true, '0.0.0.0:9798'],
    ['[::]:9798', true, '[::]:9798'],
  ])('%s (all addresses allowed: %s) is %s', (text, allowsAny, expected) => {
    expect(formatListenAddress(parseListenAddress(text, allowsAny))).toBe(expected);
  });

  it.each(['0.0.0.0:9798', '[::]:9798', '[0::0]:9798'])('%s needs --listen-any', (text) => {
    expect(() => parseListenAddress(text, false)).toThrow('every network');
  });

  it.each(['9798', 'localhost:9798', '127.0.0.1', '127.0.0.1:', '127.0.0.1:70000', 'x', ''])(
    '%s is refused',
    (text) => {
      expect(() => parseListenAddress(text, true)).toThrow('no address with a port');
    },
  );
});
