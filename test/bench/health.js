#!/usr/bin/env node
// node test/bench/health.js [DESTINATIONS] [SECONDS]
//
// The cost of health checks: checks each of 10,000 destinations on the loopback interface every 2
// seconds, as the daemon does, by TCP and by HTTP. Prints the share of a core and the memory of the
// process that checks, how many checks were made of those that were due, and the time of the
// processor for each. It is compared with that of a bare connection in the same process, which is
// opened and reset as often, in turn with the checks.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const INTERVAL_SECONDS = 2;
const WARM_UP_SECONDS = 3;
const root = fileURLToPath(new URL('../..', import.meta.url));

if (process.argv[2] === 'serve') serve();
else await measure(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 20));

/** Answers on every address of the loopback interface. */
function serve() {
  const server = createServer((_, response) => response.end('ok'));
  server.on('clientError', () => {});
  server.listen(0, '0.0.0.0', 4096, () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
}

async function measure(count, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-health-'));
  try {
    const modules = await load(folder);
    const child = fork(fileURLToPath(import.meta.url), ['serve']);
    const port = await new Promise((resolve) => child.once('message', resolve));
    print(
      `${count} destinations every ${INTERVAL_SECONDS} s, for ${seconds} s each, Node ${process.version}`,
    );
    const ways = {
      bare: () => connectBarely(count, port),
      tcp: () => check(modules, desired(count, port, { kind: 'tcp' })),
      http: () => check(modules, desired(count, port, httpCheck())),
    };
    const costs = new Map();
    for (const name of ['bare', 'tcp', 'bare', 'tcp', 'http']) {
      const { found, stop } = ways[name]();
      await sleep(WARM_UP_SECONDS * 1000);
      Object.assign(found, { answers: 0, bad: 0 });
      const [cpu, started] = [process.cpuUsage(), performance.now()];
      await sleep(seconds * 1000);
      const { user, system } = process.cpuUsage(cpu);
      const elapsed = (performance.now() - started) / 1000;
      const cost = (user + system) / found.answers;
      costs.set(name, Math.min(cost, costs.get(name) ?? Number.POSITIVE_INFINITY));
      const share = Math.round(((user + system) / 1e6 / elapsed) * 100);
      const due = Math.round((count * elapsed) / INTERVAL_SECONDS);
      const memory = Math.round(process.memoryUsage.rss() / 1e6);
      const made = `${found.answers} of ${due}, ${found.bad} bad`;
      print(
        `${name.padEnd(5)} ${share} % of a core, ${cost.toFixed(0)} us each, ${memory} MB, ${made}`,
      );
      stop();
      await sleep(1000);
    }
    for (const name of ['tcp', 'http'])
      print(`${name} costs ${(costs.get(name) / costs.get('bare')).toFixed(2)} bare connections`);
    child.disconnect();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Opens a connection to each destination in an interval, and resets it. */
function connectBarely(count, port) {
  const found = { answers: 0, bad: 0 };
  const started = performance.now();
  let next = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - started) / 1000) * (count / INTERVAL_SECONDS);
    for (let most = 500; next < due && most > 0; most--, next++) {
      const socket = connect({ host: addressOf(next % count), port });
      socket.on('connect', () => {
        found.answers++;
        socket.resetAndDestroy();
      });
      socket.on('error', () => found.bad++);
    }
  }, 5);
  return { found, stop: () => clearInterval(timer) };
}

/** Checks each destination in an interval, as the daemon does. */
function check({ HealthChecks, runChecks, systemClock }, files) {
  const found = { answers: 0, bad: 0 };
  const checks = new HealthChecks(
    {
      clock: { ...systemClock, after: startTimer },
      nowSeconds: () => Number(process.hrtime.bigint()) / 1e9,
      random: Math.random,
      check: async (health, destination) => {
        const answer = await runChecks(health, destination, 'tcp://192.0.2.1:80', undefined);
        found.answers++;
        if (answer.verdict !== 'good') found.bad++;
        return answer;
      },
      onAnswer() {},
      onChange() {},
      onUnknown() {},
      onEffect() {},
    },
    undefined,
  );
  checks.follow(files);
  return { found, stop: () => checks.stop() };
}

function print(text) {
  process.stdout.write(`${text}\n`);
}

async function load(folder) {
  const outfile = join(folder, 'checks.mjs');
  await build({
    stdin: {
      contents: `
        export { HealthChecks } from './src/daemon/health/health-checks.ts';
        export { runChecks } from './src/daemon/health/run-checks.ts';
        export { systemClock } from './src/sources/files/clock.ts';`,
      resolveDir: root,
    },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' },
  });
  return import(pathToFileURL(outfile).href);
}

function httpCheck() {
  return {
    ...{ kind: 'http', path: '/', host: undefined, status: { min: 200, max: 399 } },
    ...{ body: undefined, tls: false, sni: undefined, ca: undefined },
  };
}

function startTimer(milliseconds, callback) {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

function addressOf(index) {
  return `127.${1 + (index >> 14)}.${(index >> 7) & 127}.${1 + (index & 127)}`;
}

/** A service whose destinations are addresses of the loopback interface. */
function desired(count, port, check) {
  const service = 'tcp://192.0.2.1:80';
  const health = {
    ...{ checks: [check], port: undefined, from: undefined, rise: 2, fall: 3 },
    ...{ intervalSeconds: INTERVAL_SECONDS, timeoutSeconds: 1 },
    ...{ initial: 'healthy', slowStartSeconds: 0, jitter: 0, onFailure: 'weight' },
  };
  const destinations = new Map();
  for (let index = 0; index < count; index++) {
    const address = addressOf(index);
    destinations.set(`${address}:${port}`, { key: `${address}:${port}`, address, port });
  }
  const checked = new Map([...destinations.keys()].map((key) => [key, health]));
  const own = { maxUnhealthy: undefined, fallback: new Map(), destinations: checked };
  return {
    services: new Map([[service, { service: { key: service }, destinations }]]),
    policy: { services: new Map([[service, { health: own }]]) },
  };
}
