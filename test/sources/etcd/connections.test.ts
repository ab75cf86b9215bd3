import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openEtcd } from '../../../src/sources/etcd/client.ts';
import { Connections } from '../../../src/sources/etcd/connections.ts';
import { Certificate } from '../../support/certificates.ts';

const tlsOf = (text: string) => ({ ca: Buffer.from(text) });

it('connections with TLS are kept for 10 seconds, and for the same certificates', async () => {
  let now = 0;
  const connections = new Connections(() => now);
  const first = await connections.agentFor(tlsOf('a'));
  now = 9999;
  expect(await connections.agentFor(tlsOf('a'))).toBe(first);
  const renewed = await connections.agentFor(tlsOf('b'));
  expect(renewed).not.toBe(first);
  expect(await connections.agentFor({ ...tlsOf('b'), cert: Buffer.from('c') })).not.toBe(renewed);
  const last = await connections.agentFor(tlsOf('b'));
  now += 10_000;
  expect(await connections.agentFor(tlsOf('b'))).not.toBe(last);
});

it('without TLS, each request has a connection of its own', async () => {
  expect(await new Connections(() => 0).agentFor(undefined)).toBeUndefined();
});

/** A member with TLS that counts its connections. */
async function startMember() {
  const certificate = new Certificate();
  const { cert, key, ca } = certificate;
  const member = { sockets: new Set<Socket>(), requests: 0, endsAt: 0 };
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  const server = createServer(files, (request, response) => {
    member.requests++;
    member.sockets.add(request.socket);
    if (member.requests === member.endsAt) request.socket.destroy();
    else response.end('{"header":{"cluster_id":"1"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    certificate.remove();
  });
  const hosts = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const client = openEtcd({ hosts, prefix: '/prod' }, { IPVSTATE_ETCD_CACERT: ca });
  return Object.assign(member, { client });
}

it('requests one after the other share a connection', async () => {
  const { client, sockets } = await startMember();
  for (let count = 0; count < 5; count++) expect(await client.get('/prod/a')).toBeUndefined();
  expect(sockets.size).toBe(1);
});

it('a request on a connection that the member has ended is made again on another one', async () => {
  const member = await startMember();
  await member.client.get('/prod/a');
  member.endsAt = 2;
  expect(await member.client.get('/prod/a')).toBeUndefined();
  expect({ requests: member.requests, sockets: member.sockets.size }).toEqual({
    ...{ requests: 3, sockets: 2 },
  });
});

it('a request that fails on a connection of its own is not made again', async () => {
  const member = await startMember();
  member.endsAt = 1;
  await expect(member.client.get('/prod/a')).rejects.toThrow('socket hang up');
  expect(member.requests).toBe(1);
});
