#!/usr/bin/env node
// node test/bench/health-under-traffic.js [RATE] [WAY]
//
// Servers fail in every way while a client sends RATE requests a second (300) by TCP, UDP and TLS,
// on a real kernel in User-Mode Linux. `ipvstate watch` checks them. A request that fails must have
// been sent to the server that is ill, and before it was taken out; no request fails afterwards, or
// while the server comes back. Prints a line for each way, and exits 1 when one did not hold. The
// rate is halved until the machine bears it. WAY is a part of the names of the ways that are tried.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { layNetwork, SERVERS, VIP } from './network.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = (name) => join(root, 'test/bench/programs', name);
const [, , rate = '300', wanted = '', inside] = process.argv;

/** The checks and a pass take no longer, on a busy machine. */
const LIMIT_SECONDS = 12;
/** The services by their ports, with those of the servers. */
const PORTS = { tcp: [80, 8080], udp: [53, 8053], tls: [443, 8443] };

const config = (folder, check) => `version: 1
defaults: { forward: masq, scheduler: rr }
services:
${Object.entries({
  tcp: `{ http: {}, ${check} }`,
  udp: `{ udp: { send: a, expect: ok }, ${check} }`,
  tls: `{ http: { tls: true, sni: shop.example, ca: ${join(folder, 'ca.pem')} }, ${check} }`,
})
  .map(
    ([name, health]) => `  - name: ${name}
    address: ${name === 'udp' ? 'udp' : 'tcp'}://${VIP}:${PORTS[name][0]}
    health: ${health}
    destinations: [${SERVERS.map((server) => `"${server}:${PORTS[name][1]}"`).join(', ')}]`,
  )
  .join('\n')}
`;

const hex = (number, digits) => number.toString(16).toUpperCase().padStart(digits, '0');
const hexAddress = (address) =>
  address
    .split('.')
    .map((part) => hex(Number(part), 2))
    .join('');

/** The weight of a server in the kernel's list, by the name of the service. */
function weightsOf(server) {
  const list = readFileSync('/proc/net/ip_vs', 'utf8');
  return Object.fromEntries(
    Object.entries(PORTS).map(([name, [, port]]) => {
      const entry = new RegExp(`${hexAddress(server)}:${hex(port, 4)} +Masq +(\\d+)`).exec(list);
      return [name, Number(entry?.[1])];
    }),
  );
}

/** Resolves with the time at which services have a weight of a server, or with undefined. */
async function weightBecomes(server, names, weight, seconds) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const weights = weightsOf(server);
    if (names.every((name) => weights[name] === weight)) return Date.now();
    await sleep(20);
  }
  return undefined;
}

/** The server that the kernel sent each of the client's ports to. */
function serversByPort() {
  const lines = readFileSync('/proc/net/ip_vs_conn', 'utf8').split('\n');
  return new Map(
    lines.slice(1).flatMap((line) => {
      const [, , port, , , to] = line.split(/\s+/);
      return to
        ? [[Number.parseInt(port, 16), SERVERS.find((each) => hexAddress(each) === to)]]
        : [];
    }),
  );
}

class Director {
  #folder;
  #process;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Sets the seconds between two checks. */
  setInterval(seconds) {
    const check = `interval: ${seconds}s, timeout: 1s, rise: 2, fall: 2`;
    const file = join(this.#folder, 'shop.yaml');
    writeFileSync(`${file}.new`, config(this.#folder, check));
    renameSync(`${file}.new`, file);
  }

  start() {
    const argv = ['watch', '--log-format', 'json', '-f', join(this.#folder, 'shop.yaml')];
    this.#process = spawn(process.execPath, [join(root, 'dist/cli.cjs'), ...argv], {
      env: {
        ...process.env,
        IPVSTATE_RUNTIME_DIR: join(this.#folder, 'run'),
        IPVSTATE_STATE_DIR: join(this.#folder, 'state'),
      },
      stdio: ['ignore', 'ignore', openSync(join(this.#folder, 'log'), 'a')],
    });
  }

  async stop(signal) {
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }

  /** The lines of its log about an event. */
  events(event) {
    return this.#lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .filter((line) => line.event === event);
  }

  /** The lines that are no log: the last words of a process that crashed. */
  get crash() {
    return this.#lines.filter((line) => !line.startsWith('{'));
  }

  get #lines() {
    return readFileSync(join(this.#folder, 'log'), 'utf8').split('\n').filter(Boolean);
  }
}

class Server {
  #process;

  constructor(address, certificates) {
    this.address = address;
    this.certificates = certificates;
  }

  async start() {
    const argv = [program('checked-server.js'), this.address, this.certificates];
    this.#process = spawn('ip', ['netns', 'exec', 'servers', process.execPath, ...argv], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(this.#process.stdout, 'data');
  }

  say(mode) {
    this.#process.stdin.write(`${mode}\n`);
  }

  kill(signal) {
    this.#process.kill(signal);
  }
}

/** Frames to the server go to nobody: neither side is told. */
function blackHole(address, isOn) {
  const neighbour = ['neigh', isOn ? 'replace' : 'delete', address, 'dev', 'lb1'];
  const nobody = isOn ? ['lladdr', '02:00:00:00:00:99', 'nud', 'permanent'] : [];
  execFileSync('ip', [...neighbour, ...nobody]);
}

class Client {
  #process;
  #answers;
  rate = 0;

  start(certificates) {
    const argv = [program('checked-client.js'), VIP, certificates];
    this.#process = spawn('ip', ['netns', 'exec', 'client', process.execPath, ...argv], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  setRate(requestsPerSecond) {
    this.rate = requestsPerSecond;
    this.#process.stdin.write(`${requestsPerSecond}\n`);
  }

  /** The requests since the last call. */
  async take() {
    this.#process.stdin.write('take\n');
    return JSON.parse((await this.#answers.next()).value);
  }

  stop() {
    this.#process.kill();
  }
}

/** Finds the most requests a second that this machine answers while nothing fails. */
async function warmUp(client, wanted) {
  for (let requests = wanted; requests >= 20; requests = Math.floor(requests / 2)) {
    client.setRate(requests);
    await sleep(4000);
    await client.take();
    await sleep(4000);
    const { done, failures } = await client.take();
    if (failures.length === 0 && done > 4 * 0.9 * requests) return;
  }
  throw new Error('this machine does not answer 20 requests a second');
}

let isGood = true;

function say(name, problems, figures) {
  if (problems.length > 0) isGood = false;
  const verdict = problems.length > 0 ? `FAIL: ${problems.join('; ')}` : 'PASS';
  process.stdout.write(`${name.padEnd(26)} ${figures}: ${verdict}\n`);
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Describes failures by their protocols and reasons. */
function describe(failures) {
  const counts = new Map();
  for (const { protocol, reason } of failures)
    counts.set(`${protocol} ${reason}`, (counts.get(`${protocol} ${reason}`) ?? 0) + 1);
  return [...counts].map(([what, count]) => `${count} ${what}`).join(', ');
}

const ALL = ['tcp', 'udp', 'tls'];
const STREAMS = ['tcp', 'tls'];

/** The ways in which a server fails: the services that it concerns, the fault, and its end. */
const FAULTS = [
  ['kill -9', 0, ALL, (server) => server.kill('SIGKILL'), (server) => server.start()],
  ['kill -STOP', 1, ALL, (server) => server.kill('SIGSTOP'), (server) => server.kill('SIGCONT')],
  [
    'black hole',
    2,
    ALL,
    (server) => blackHole(server.address, true),
    (server) => blackHole(server.address, false),
  ],
  ['reset', 3, STREAMS, (server) => server.say('reset'), (server) => server.say('ok')],
  ['HTTP 500', 4, STREAMS, (server) => server.say('500'), (server) => server.say('ok')],
  ['slow answers', 5, STREAMS, (server) => server.say('slow'), (server) => server.say('ok')],
  [
    'other program on the port',
    3,
    STREAMS,
    (server) => server.say('garbage'),
    (server) => server.say('ok'),
  ],
  [
    'expired certificate',
    4,
    ['tls'],
    (server) => server.say('expired'),
    (server) => server.say('ok'),
  ],
];

/** Longer than a request waits for its answer. */
const ANSWERED_MILLISECONDS = 3500;

/** Lets a server fail and recover, and says what the clients saw. */
async function tryFault([name, index, services, begin, end], servers, client) {
  const server = servers[index];
  const problems = [];
  await client.take();
  const begunAt = Date.now();
  await begin(server);
  const outAt = await weightBecomes(server.address, services, 0, LIMIT_SECONDS);
  const sentTo = serversByPort();
  if (outAt === undefined) problems.push(`not out after ${LIMIT_SECONDS} s`);
  await sleep(ANSWERED_MILLISECONDS);
  for (const [port, address] of serversByPort()) sentTo.set(port, address);
  const ill = await client.take();
  const late = ill.failures.filter(({ startedAt }) => startedAt > (outAt ?? 0));
  if (late.length > 0) problems.push(`failed after it was out: ${describe(late)}`);
  const others = ill.failures.filter(({ port }) => sentTo.get(port) !== server.address);
  if (others.length > 0) problems.push(`failed elsewhere: ${describe(others)}`);

  await end(server);
  const endedAt = Date.now();
  const backAt = await weightBecomes(server.address, services, 1, LIMIT_SECONDS);
  if (backAt === undefined) problems.push(`not back after ${LIMIT_SECONDS} s`);
  await sleep(2000);
  const back = await client.take();
  if (back.failures.length > 0)
    problems.push(`failed while it came back: ${describe(back.failures)}`);
  say(
    name,
    problems,
    `out ${seconds((outAt ?? Number.NaN) - begunAt)}, back ${seconds((backAt ?? Number.NaN) - endedAt)}, ` +
      `${ill.failures.length} of ${ill.done + back.done} failed`,
  );
}

/** A server stays out while the director is killed and started again. */
async function tryRestart(signal, server, director, client) {
  const problems = [];
  server.kill('SIGKILL');
  const outAt = await weightBecomes(server.address, ALL, 0, LIMIT_SECONDS);
  if (outAt === undefined) problems.push(`not out after ${LIMIT_SECONDS} s`);
  await sleep(ANSWERED_MILLISECONDS);
  await client.take();
  const stoppedAt = Date.now();
  await director.stop(signal);
  await sleep(1000);
  const isIn = () => Object.values(weightsOf(server.address)).some((weight) => weight !== 0);
  const passes = () => director.events('in-sync').length + director.events('applied').length;
  const before = passes();
  director.start();
  let wasIn = false;
  for (const end = Date.now() + 60_000; passes() === before && Date.now() < end; await sleep(50))
    wasIn ||= isIn();
  const restartedAt = Date.now();
  for (const end = restartedAt + 3000; Date.now() < end; await sleep(50)) wasIn ||= isIn();
  if (wasIn) problems.push('the dead server was put in again');
  await server.start();
  const startedAt = Date.now();
  const backAt = await weightBecomes(server.address, ALL, 1, LIMIT_SECONDS);
  if (backAt === undefined) problems.push(`not back after ${LIMIT_SECONDS} s`);
  await sleep(2000);
  const { done, failures } = await client.take();
  if (failures.length > 0) problems.push(`failed: ${describe(failures)}`);
  say(
    `director: ${signal}`,
    problems,
    `away ${seconds(restartedAt - stoppedAt)}, back ${seconds((backAt ?? Number.NaN) - startedAt)}, ` +
      `${failures.length} of ${done} failed`,
  );
}

/** A server that changes at each check keeps its weight or is damped, and hurts no other one. */
async function tryFlapping(server, director, client) {
  await client.take();
  const before = director.events('health').length;
  const sentTo = new Map();
  for (let second = 0; second < 12; second++) {
    server.say(second % 2 === 0 ? '500' : 'ok');
    await sleep(1000);
    for (const [port, address] of serversByPort()) sentTo.set(port, address);
  }
  server.say('ok');
  await sleep(2000);
  const { done, failures } = await client.take();
  const others = failures.filter(({ port }) => sentTo.get(port) !== server.address);
  const changes = director
    .events('health')
    .slice(before)
    .filter(({ destination }) => destination === `${server.address}:8080`).length;
  const problems = [];
  if (others.length > 0) problems.push(`failed elsewhere: ${describe(others)}`);
  if (changes > 5) problems.push(`${changes} changes in 12 s`);
  say('flapping each second', problems, `${changes} changes, ${failures.length} of ${done} failed`);
}

/** All servers die: they stay in, so that those that come back serve at once. */
async function tryPanic(servers, director, client) {
  for (const server of servers) server.kill('SIGKILL');
  const end = Date.now() + (LIMIT_SECONDS + 5) * 1000;
  const panics = () => director.events('health-panic').length;
  const before = panics();
  while (panics() < before + ALL.length && Date.now() < end) await sleep(100);
  const problems = [];
  if (panics() < before + ALL.length) problems.push('no panic');
  const isIn = (server) => ALL.some((name) => weightsOf(server.address)[name] === 1);
  const inside = servers.filter(isIn).length;
  if (inside < servers.length / 2) problems.push(`only ${inside} of ${servers.length} are in`);
  await Promise.all(servers.map((server) => server.start()));
  const startedAt = Date.now();
  await sleep(ANSWERED_MILLISECONDS);
  const { done, failures } = await client.take();
  const late = failures.filter((failure) => failure.startedAt > startedAt);
  if (late.length > 0) problems.push(`failed after all came back: ${describe(late)}`);
  say(
    'all at once',
    problems,
    `${inside} of ${servers.length} stay in, ${failures.length} of ${done} failed`,
  );
}

async function underTraffic(certificates) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-health-'));
  const { CERTIFICATE } = await import(certificates);
  writeFileSync(join(folder, 'ca.pem'), CERTIFICATE);
  layNetwork();
  const servers = SERVERS.map((address) => new Server(address, certificates));
  await Promise.all(servers.map((server) => server.start()));
  const [director, client] = [new Director(folder), new Client()];
  director.setInterval(1);
  director.start();
  for (const { address } of servers) await weightBecomes(address, ALL, 1, 60);
  client.start(certificates);
  await warmUp(client, Number(rate));
  process.stdout.write(`${client.rate} requests a second\n`);
  const ways = [
    ...FAULTS.map((fault) => [fault[0], () => tryFault(fault, servers, client)]),
    ['flapping', () => tryFlapping(servers[2], director, client)],
    ['all at once', () => tryPanic(servers, director, client)],
    ...['SIGKILL', 'SIGTERM'].map((signal, index) => [
      `director: ${signal}`,
      () => {
        // States are trusted for ten intervals, and Node starts slowly here.
        director.setInterval(3);
        return tryRestart(signal, servers[index], director, client);
      },
    ]),
  ];
  for (const [name, run] of ways) if (name.includes(wanted)) await run();
  const { crash } = director;
  say('director', crash.length > 0 ? crash : [], 'no crash');
  client.stop();
  await director.stop('SIGTERM');
  for (const server of servers) server.kill('SIGKILL');
  rmSync(folder, { recursive: true });
  process.exitCode = isGood ? 0 : 1;
}

async function boot() {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-certificates-'));
  const outfile = join(folder, 'certificates.mjs');
  const entryPoints = [join(root, 'test/support/shop-certificates.ts')];
  await build({ entryPoints, format: 'esm', outfile, logLevel: 'error' });
  const self = ['node', fileURLToPath(import.meta.url), rate, wanted, outfile];
  const argv = [join(root, 'test/kernel/boot/run.js'), '--limit', '580', '--', ...self];
  const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
  rmSync(folder, { recursive: true });
}

await (inside === undefined ? boot() : underTraffic(inside));
