#!/usr/bin/env node
// node test/bench/fleet.js [--nodes 200] [--idle 20] [--tls]
//
// What a fleet asks of etcd: simulated directors, each with the daemon's own source and reporter,
// in this process, and one member of Debian's etcd beside it; with --tls, each side has a
// certificate. It prints the time from a push until every director is in sync and has said so, the
// same for a rollout in three waves without a soak time, and what etcd and the directors spent on
// each and on a fleet in which nothing happens.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { Authority } from './directors/certificates.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '200' },
    idle: { type: 'string', default: '20' },
    tls: { type: 'boolean', default: false },
  },
});
const NODES = Number(values.nodes);
const IDLE_SECONDS = Number(values.idle);
const PREFIX = '/bench';
const HOST = '127.0.0.1:12379';
const METRICS = 'http://127.0.0.1:12381';
const FILE = 'version: 1\nservices: []\n';
const SETTLE_SECONDS = 120;

const say = (text) => process.stdout.write(`${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'ipvstate-fleet-'));

/** The options of etcd, and the environment of its clients, for certificates on both sides. */
function certificates() {
  const authority = new Authority(join(folder, 'certificates'));
  const own = authority.issue('etcd', '127.0.0.1');
  const client = authority.issue('director');
  return {
    options: [
      ...['--cert-file', own.certificate, '--key-file', own.key],
      ...['--client-cert-auth', '--trusted-ca-file', authority.certificate],
    ],
    env: {
      IPVSTATE_ETCD_CACERT: authority.certificate,
      IPVSTATE_ETCD_CERT: client.certificate,
      IPVSTATE_ETCD_KEY: client.key,
    },
  };
}

const access = values.tls ? certificates() : { options: [], env: {} };
const url = `${values.tls ? 'https' : 'http'}://${HOST}`;
const etcd = spawn(
  'etcd',
  [
    ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--logger', 'zap'],
    ...['--listen-client-urls', url, '--advertise-client-urls', url, ...access.options],
    ...['--listen-metrics-urls', METRICS],
    ...['--listen-peer-urls', 'http://127.0.0.1:12380'],
    ...['--initial-advertise-peer-urls', 'http://127.0.0.1:12380'],
    ...['--initial-cluster', 'default=http://127.0.0.1:12380'],
  ],
  { stdio: 'ignore' },
);

/** Loads parts of the program, which is written in TypeScript. */
async function loadProgram() {
  const outfile = join(folder, 'program.cjs');
  const exported = [
    "export { FleetMember } from './src/daemon/fleet/member.ts';",
    "export { openEtcd } from './src/sources/etcd/client.ts';",
    "export { FollowedEtcd } from './src/sources/etcd/followed.ts';",
    "export { readCurrent } from './src/sources/etcd/generation.ts';",
    "export { readFleet } from './src/sources/etcd/nodes.ts';",
    "export { pushGeneration } from './src/sources/etcd/push.ts';",
  ].join('\n');
  await build({
    stdin: { contents: exported, resolveDir: root, loader: 'ts' },
    ...{ bundle: true, platform: 'node', format: 'cjs', outfile, logLevel: 'error' },
    external: ['netlink'],
  });
  return createRequire(import.meta.url)(outfile);
}

const program = await loadProgram();
const open = () => program.openEtcd({ hosts: [HOST], prefix: PREFIX }, access.env);
const clock = {
  now: () => performance.now(),
  cpu: () => 0,
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Starts a director whose table is as its files say at once. */
async function startDirector(node) {
  const client = open();
  const source = new program.FollowedEtcd({
    ...{ client, prefix: PREFIX, node, store: undefined, clock, random: Math.random },
  });
  let state = {
    config: { files: [], good: undefined, problem: undefined },
    ...{ applied: undefined, lastPass: undefined, refused: undefined },
    health: { state: 'starting' },
  };
  const status = () => ({
    program: { version: 'bench', pid: 1, started: new Date(0).toISOString() },
    ...{ health: state.health.state, health_since: null, why: [], overrides: [], waiting: null },
    ...{ config: { error: null }, error: null, source: null },
  });
  const member = new program.FleetMember({
    ...{ client, prefix: PREFIX, node, clock, status, now: () => new Date() },
    life: { boot: 'bench', netns: node },
    log: { info: () => {}, warn: (_, message) => say(message) },
    state: () => state,
    rollout: () => source.rollout,
  });
  const watch = await source.watch({
    quietMilliseconds: 0,
    onChange: async () => {
      const documents = await source.read().catch(() => undefined);
      if (!documents) return;
      const files = documents.map(({ name }) => ({ path: name }));
      const digest = files.map(({ path }) => path).join();
      const now = clock.now();
      state = {
        ...state,
        config: { files, good: { files, digest, since: now }, problem: undefined },
        ...{ applied: digest, lastPass: { finishedAt: now }, health: { state: 'in-sync' } },
      };
      member.changed();
    },
  });
  return {
    applied: () => Number(/@generation (\d+)/.exec(state.applied ?? '')?.[1] ?? 0),
    stop: async () => {
      await watch.close();
      await member.close();
    },
  };
}

async function readCost() {
  const fields = readFileSync(`/proc/${etcd.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const metrics = await (await fetch(`${METRICS}/metrics`)).text();
  const metric = (name) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(metrics)?.[1] ?? 0);
  return {
    seconds: performance.now() / 1000,
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    own: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
    sent: metric('etcd_network_client_grpc_sent_bytes_total'),
    received: metric('etcd_network_client_grpc_received_bytes_total'),
  };
}

/** Prints how long some work took, and what etcd spent on it. */
async function measure(name, work) {
  const before = await readCost();
  await work();
  const after = await readCost();
  const seconds = after.seconds - before.seconds;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(2);
  say(
    `${name}: ${seconds.toFixed(1)} s; etcd: ${(after.cpu - before.cpu).toFixed(2)} s of CPU, ` +
      `${megabytes(after.sent - before.sent)} MB sent, ` +
      `${megabytes(after.received - before.received)} MB received; ` +
      `directors: ${(after.own - before.own).toFixed(2)} s of CPU`,
  );
}

async function push(rollout) {
  const client = open();
  const current = await program.readCurrent(client, PREFIX);
  const base = current ? { generation: current.generation, sha256: current.sha256 } : null;
  const bytes = Buffer.from(`${FILE}# ${current?.generation ?? 0}\n`);
  await program.pushGeneration(client, PREFIX, current, {
    ...{ author: 'bench', message: '', created: new Date().toISOString() },
    files: [{ name: 'a.yaml', bytes }],
    rollout: rollout && { base, soak_seconds: 0, max_failed: 0, ...rollout },
  });
}

/** Resolves when every director has told that it has the current generation. */
async function untilAllHaveIt() {
  const client = open();
  const end = performance.now() + SETTLE_SECONDS * 1000;
  const { generation } = await program.readCurrent(client, PREFIX);
  // To ask etcd all the time would be most of what it has to do.
  while (directors.some(({ applied }) => applied() !== generation)) {
    if (performance.now() > end) throw new Error('not all have it');
    await sleep(50);
  }
  for (;;) {
    const { current, nodes } = await program.readFleet(client, PREFIX);
    const there = nodes.filter(
      ({ isReporting, report }) => isReporting && report?.generation.applied === current,
    );
    if (there.length === NODES) return;
    if (performance.now() > end) throw new Error(`only ${there.length} have it`);
    await sleep(500);
  }
}

const directors = [];
try {
  for (;;) {
    const isReady = await open()
      .get('/')
      .then(() => true)
      .catch(() => false);
    if (isReady) break;
    await sleep(100);
  }
  await push();
  const names = Array.from({ length: NODES }, (_, at) => `lb${String(at).padStart(4, '0')}`);
  await measure(`${NODES} directors start`, async () => {
    for (const name of names) directors.push(await startDirector(name));
    await untilAllHaveIt();
  });
  await measure('nothing happens', () => sleep(IDLE_SECONDS * 1000));
  for (let round = 1; round <= 3; round++)
    await measure(`push ${round} to all at once`, () => push().then(untilAllHaveIt));
  const tenth = Math.ceil(NODES / 10);
  const waves = [names.slice(0, 1), names.slice(1, 1 + tenth)];
  await measure(`rollout to 1, ${tenth} and all others`, () =>
    push({ waves }).then(untilAllHaveIt),
  );
  await sleep(5000);
  await measure('nothing happens after it', () => sleep(IDLE_SECONDS * 1000));
} finally {
  await Promise.all(directors.map(({ stop }) => stop()));
  etcd.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
