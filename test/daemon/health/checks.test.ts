import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeQuery, judgeAnswer } from '../../../src/daemon/health/check-dns.ts';
import { runChecks } from '../../../src/daemon/health/run-checks.ts';
import type { DestinationHealth, HealthCheck, HttpCheck } from '../../../src/model/health.ts';
import { CHECKED } from '../../support/checked.ts';
import { CERTIFICATE, EXPIRED_CERTIFICATE, KEY } from '../../support/shop-certificates.ts';
import { keyOf } from '../../support/tables.ts';
import { until } from '../../support/until.ts';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Serves TCP on a free port of this machine. Returns the port. */
function serveTcp(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

function serveHttp(listener: RequestListener): Promise<number> {
  const server = createHttp(listener);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

function serveTls(cert: string): Promise<number> {
  const server = createHttps({ key: KEY, cert }, (_, response) => response.end('ok'));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

function serveUdp(answer: (message: Buffer) => Buffer | undefined): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    const reply = answer(message);
    if (reply) socket.send(reply, port, address);
  });
  closers.push(() => socket.close());
  return new Promise((resolve) =>
    socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
  );
}

const http = (more: Partial<HttpCheck> = {}): HttpCheck => ({
  ...{ kind: 'http', path: '/', host: undefined, status: { min: 200, max: 399 } },
  ...{ body: undefined, tls: false, sni: undefined, ca: undefined },
  ...more,
});

const SERVICE = keyOf('tcp://192.0.2.1:80');

/** Only a server that never answers makes a check wait so long. */
const SHORT = 0.2;
const LONG = 60;
/** The end of a check in time. A very busy machine says that it is one. */
const LATE = /timeout after|too busy/;

function run(
  checks: HealthCheck | readonly HealthCheck[],
  port: number,
  more: Partial<DestinationHealth> = {},
) {
  const health: DestinationHealth = {
    ...{ ...CHECKED, checks: [checks].flat(), timeoutSeconds: LONG },
    ...more,
  };
  return runChecks(health, { address: '127.0.0.1', port }, SERVICE, undefined);
}

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const port = await serveTcp(() => {});
  closers.pop()?.();
  return port;
}

describe('a check of TCP', () => {
  it('holds when the connection is accepted, and ends it with a reset', async () => {
    let ended: (end: string) => void = () => {};
    const end = new Promise<string>((resolve) => {
      ended = resolve;
    });
    const port = await serveTcp((socket) => {
      socket.on('error', ({ message }) => ended(message));
      socket.on('end', () => ended('end'));
      socket.resume();
    });
    expect(await run({ kind: 'tcp' }, port)).toEqual({ verdict: 'good', reason: 'connected' });
    expect(await end).toContain('ECONNRESET');
  });

  it('does not hold when the connection is refused', async () => {
    expect(await run({ kind: 'tcp' }, await closedPort())).toEqual({
      ...{ verdict: 'bad', reason: 'connection refused' },
    });
  });

  it('goes to the port of the check, and comes from its address', async () => {
    let from: string | undefined;
    const port = await serveTcp((socket) => {
      from = socket.remoteAddress;
    });
    const answer = await run([{ kind: 'tcp' }, http()], 1, {
      ...{ port, from: '127.0.0.5' as never, timeoutSeconds: SHORT },
    });
    expect(answer.reason).toMatch(LATE);
    expect(from).toBe('127.0.0.5');
  });

  it('says nothing about the server when this machine lacks the source address', async () => {
    const port = await serveTcp(() => {});
    expect(await run({ kind: 'tcp' }, port, { from: '192.0.2.77' as never })).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('the source address'),
    });
  });
});

describe('a check of HTTP', () => {
  it('sends the path and the host, and holds for a good status', async () => {
    const seen: unknown[] = [];
    const port = await serveHttp(({ url, headers }, response) => {
      seen.push([url, headers.host]);
      response.statusCode = 204;
      response.end();
    });
    expect(await run(http({ path: '/up?a=1', host: 'shop.example' }), port)).toEqual({
      ...{ verdict: 'good', reason: 'HTTP 204' },
    });
    await run(http(), port);
    expect(seen).toEqual([
      ['/up?a=1', 'shop.example'],
      ['/', `127.0.0.1:${port}`],
    ]);
  });

  it.each([
    [503, 'bad', 'HTTP 503'],
    [301, 'good', 'HTTP 301'],
  ])('of a server that answers %i is %s', async (status, verdict, reason) => {
    const port = await serveHttp((_, response) => {
      response.statusCode = status;
      response.end();
    });
    expect(await run(http(), port)).toEqual({ verdict, reason });
  });

  it('looks for a text in the answer', async () => {
    const port = await serveHttp((_, response) => {
      response.write('all is ');
      response.end('well');
    });
    expect((await run(http({ body: 'is well' }), port)).verdict).toBe('good');
    expect(await run(http({ body: 'is bad' }), port)).toEqual({
      ...{ verdict: 'bad', reason: 'HTTP 200, without the text that is expected' },
    });
  });

  it('reads no more than the beginning of an endless answer', async () => {
    let sent = 0;
    const port = await serveHttp((_, response) => {
      const chunk = Buffer.alloc(65_536);
      const send = (): void => {
        sent += chunk.length;
        if (response.write(chunk)) setImmediate(send);
        else response.once('drain', send);
      };
      send();
    });
    expect(await run(http({ body: 'never' }), port)).toMatchObject({ verdict: 'bad' });
    expect(sent).toBeLessThan(50_000_000);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    [
      'another protocol',
      (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
      'the answer is not HTTP',
    ],
    [
      'a reset',
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
      'connection reset',
    ],
    ['an end without an answer', (socket) => socket.once('data', () => socket.end()), 'reset'],
    [
      'endless headers',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        for (let line = 0; line < 2000; line++) socket.write(`X-${line}: ${'a'.repeat(100)}\r\n`);
      },
      'the headers are longer than 16 KiB',
    ],
    [
      'another protocol after the status line',
      (socket) =>
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
        ),
      '101',
    ],
  ])('of a server with %s is bad', async (_, behave, reason) => {
    const port = await serveTcp(behave);
    const answer = await run(http(), port);
    expect(answer.verdict).toBe('bad');
    expect(answer.reason).toContain(reason);
  });

  it('of a server that accepts and is silent ends in time', async () => {
    const port = await serveTcp(() => {});
    expect((await run(http(), port, { timeoutSeconds: SHORT })).reason).toMatch(LATE);
  });

  it('of a server that drips its answer ends in time', async () => {
    const port = await serveTcp((socket) => {
      const drip = (): void => {
        if (socket.writable) socket.write('H', () => setImmediate(drip));
      };
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nX: ', drip));
    });
    expect((await run(http(), port, { timeoutSeconds: SHORT })).reason).toMatch(LATE);
  });

  it('says nothing about the server when the certificates cannot be read', async () => {
    expect(await run(http({ tls: true, ca: '/no/such/ca.pem' }), 1)).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('ENOENT'),
    });
  });

  it('with TLS takes any certificate, or only one of ca that is valid and for the name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-health-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const trust = (certificate: string): string => {
      const path = join(folder, `${createHash('sha256').update(certificate).digest('hex')}.pem`);
      writeFileSync(path, certificate);
      return path;
    };
    const [good, expired] = [await serveTls(CERTIFICATE), await serveTls(EXPIRED_CERTIFICATE)];
    const reason = async (port: number, more: Partial<HttpCheck>) =>
      (await run(http({ tls: true, ...more }), port)).reason;
    const ca = trust(CERTIFICATE);
    expect(await reason(good, {})).toBe('HTTP 200');
    expect(await reason(expired, {})).toBe('HTTP 200');
    expect(await reason(good, { ca, sni: 'shop.example' })).toBe('HTTP 200');
    expect(await reason(good, { ca, host: 'shop.example:443' })).toBe('HTTP 200');
    expect(await reason(good, { ca, sni: 'other.example' })).toContain('another name');
    expect(await reason(good, { ca })).toContain('another name');
    expect(await reason(expired, { ca: trust(EXPIRED_CERTIFICATE), sni: 'shop.example' })).toBe(
      'the certificate has expired',
    );
  });

  it('with TLS of a server without TLS is bad', async () => {
    const port = await serveHttp((_, response) => response.end());
    expect(await run(http({ tls: true }), port)).toMatchObject({ verdict: 'bad' });
  });
});

describe('the end of a check', () => {
  it('does not harm other checks when a server with TLS dies before its answer', async () => {
    // Two requests shared a parser afterwards, and the next answer ended the process.
    const good = await serveTls(CERTIFICATE);
    const dying = await serveTcp((socket) => {
      const server = connect(good, '127.0.0.1').on('error', () => {});
      server.on('data', (bytes) => socket.write(bytes));
      let parts = 0;
      socket.on('data', (bytes) => {
        server.write(bytes);
        parts++;
        // The second part is the end of the handshake, and the request.
        if (parts === 2) socket.end();
      });
      socket.on('close', () => server.destroy());
    });
    const check = http({ tls: true });
    for (let each = 0; each < 5; each++) expect((await run(check, dying)).verdict).toBe('bad');
    const answers = await Promise.all([1, 2, 3, 4].map(() => run(check, good)));
    expect(answers.map(({ reason }) => reason)).toEqual(Array(4).fill('HTTP 200'));
  });

  const ok: RequestListener = (_, response) => response.end('ok');
  const cutOff = (socket: Socket): void =>
    void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'));

  it.each<[string, HealthCheck, () => Promise<number>]>([
    ['accepts a connection', { kind: 'tcp' }, () => serveTcp(() => {})],
    ['ends a connection', { kind: 'tcp' }, () => serveTcp((socket) => socket.end())],
    ['answers', http(), () => serveHttp(ok)],
    ['answers with the text', http({ body: 'ok' }), () => serveHttp(ok)],
    ['answers without the text', http({ body: 'no' }), () => serveHttp(ok)],
    ['cuts its answer off', http({ body: 'ok' }), () => serveTcp(cutOff)],
    [
      'speaks something else',
      http(),
      () => serveTcp((socket) => socket.resume().end('SSH-2.0-x\r\n')),
    ],
    ['answers by TLS', http({ tls: true }), () => serveTls(CERTIFICATE)],
    ['answers by TLS with the text', http({ tls: true, body: 'ok' }), () => serveTls(CERTIFICATE)],
    ['has no TLS', http({ tls: true }), () => serveHttp(ok)],
  ])('leaves no connection to a server that %s', async (_, check, serve) => {
    const open = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const port = await serve();
    const before = open();
    for (let each = 0; each < 10; each++) await run(check, port);
    await until('no connection is open', () => open() <= before, 20);
  });
});

describe('a check of UDP', () => {
  it('holds when the answer has the text', async () => {
    const port = await serveUdp((message) => Buffer.from(`pong ${message.toString('latin1')}`));
    const udp = (expected: string): HealthCheck => ({
      kind: 'udp',
      send: '\xff',
      expect: expected,
    });
    expect((await run(udp('pong'), port)).verdict).toBe('good');
    expect(await run(udp('other'), port)).toEqual({
      ...{ verdict: 'bad', reason: 'an answer without the text that is expected' },
    });
  });

  it('does not hold when nothing listens, or nothing answers', async () => {
    const udp: HealthCheck = { kind: 'udp', send: 'a', expect: 'b' };
    const silent = await serveUdp(() => undefined);
    expect((await run(udp, silent, { timeoutSeconds: SHORT })).reason).toMatch(LATE);
    closers.pop()?.();
    expect(await run(udp, silent)).toEqual({ verdict: 'bad', reason: 'connection refused' });
  });
});

describe('a check of DNS', () => {
  const dns: HealthCheck = { kind: 'dns', name: 'www.example.com.', type: 'AAAA' };
  /** Answers a query with a code of an error. */
  const answering = (code: number) => (query: Buffer) => {
    const answer = Buffer.from(query);
    answer.writeUInt8(0x81, 2);
    answer.writeUInt8(0x80 | code, 3);
    return answer;
  };

  it.each([
    [0, 'good', 'NOERROR'],
    [2, 'bad', 'DNS SERVFAIL'],
    [3, 'bad', 'DNS NXDOMAIN'],
    [9, 'bad', 'DNS error 9'],
  ])('of a server that answers with the code %i is %s', async (code, verdict, reason) => {
    expect(await run(dns, await serveUdp(answering(code)))).toEqual({ verdict, reason });
  });

  it('takes only an answer to its own query', async () => {
    const query = encodeQuery({ kind: 'dns', name: 'example.com', type: 'A' }, 77);
    expect(query.toString('latin1')).toBe(
      '\0\x4d\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01',
    );
    expect(judgeAnswer(answering(0)(query), 77)?.verdict).toBe('good');
    expect(judgeAnswer(answering(0)(query), 78)).toBeUndefined();
    expect(judgeAnswer(query, 77)).toBeUndefined();
    expect(judgeAnswer(Buffer.alloc(3), 77)).toBeUndefined();
  });
});
