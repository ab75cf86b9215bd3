import { connect, type Socket } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type HttpServer, probePage, serveHttp } from '../../src/daemon/http/server.ts';
import { tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';
import { ApiWorld } from './api/api-world.ts';

const TABLE = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } } });

let server: HttpServer;
let world: ApiWorld;
beforeEach(async () => {
  world = (await new ApiWorld(TABLE, TABLE).begin()) as ApiWorld;
  const pages = { ...world.pages, '/healthz': () => probePage(true, 'ok') };
  server = await serveHttp({ host: '127.0.0.1', port: 0 }, pages);
  return () => server.close();
});

interface Client {
  readonly socket: Socket;
  text: string;
  isClosed: boolean;
}

/** Sends a request as it is. */
function send(request: string, mode: 'open' | 'half-open' = 'open'): Client {
  const { address } = server;
  if (!('port' in address)) throw new Error('the server has no port');
  const client: Client = { socket: connect(address.port, address.host), text: '', isClosed: false };
  const { socket } = client;
  socket.setEncoding('utf8').on('data', (part: string) => {
    client.text += part;
  });
  socket
    .on('error', () => {})
    .on('close', () => {
      client.isClosed = true;
    });
  if (mode === 'half-open') socket.end(request);
  else socket.write(request);
  onTestFinished(() => void socket.destroy());
  return client;
}

const follow = (mode?: 'half-open'): Client =>
  send('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n', mode);

const hasState = ({ text }: Client): boolean => text.includes('event: services\n');

const probe = async (): Promise<string> => {
  const client = send('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await until('an answer', async () => client.isClosed);
  return client.text.slice(0, 15);
};

describe('the streams of events', () => {
  it('are refused to the 33rd client, while probes and those that follow are served', async () => {
    const clients = Array.from({ length: 40 }, () => follow());
    await until('40 answers', async () => clients.every(({ text }) => text !== ''));
    await until('32 states', async () => clients.filter(hasState).length === 32);
    const refused = clients.filter(({ text }) => text.startsWith('HTTP/1.1 503 '));
    expect(refused).toHaveLength(8);
    expect(refused[0]?.text.toLowerCase()).toContain('retry-after: 10');
    expect(await probe()).toBe('HTTP/1.1 200 OK');
    for (const { socket } of clients) socket.destroy();
    await until('a free place', async () => {
      const next = follow();
      await until('an answer', async () => next.text !== '');
      return next.text.startsWith('HTTP/1.1 200 ');
    });
  });

  it('are served to a client of HTTP/1.0, without chunks', async () => {
    const client = send('GET /events HTTP/1.0\r\n\r\n');
    await until('the state', async () => hasState(client));
    expect(client.text).toContain('\r\n\r\nretry: 2000\n\nevent: status\ndata: {');
  });

  it('end for a client that has closed its side', async () => {
    const client = follow('half-open');
    await until('the end', async () => client.isClosed);
    expect(await probe()).toBe('HTTP/1.1 200 OK');
    world.reads.length = 0;
    await world.clock.advance(10_000);
    expect(world.reads).toEqual([]);
  });

  it('end for clients that reset the connection, and nothing is read any more', async () => {
    const clients = Array.from({ length: 10 }, () => follow());
    await until('10 states', async () => clients.every(hasState));
    for (const { socket } of clients) socket.resetAndDestroy();
    await until('no client', async () => {
      world.reads.length = 0;
      await world.clock.advance(10_000);
      return world.reads.length === 0;
    });
    expect(await probe()).toBe('HTTP/1.1 200 OK');
  });
});
