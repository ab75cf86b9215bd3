#!/usr/bin/env node
// node test/bench/drains.js
//
// Measures what the removal of a server costs its clients, on a real kernel in User-Mode Linux: by
// `ipvstate`, and as keepalived and kube-proxy remove one, each with expire_nodest_conn 0 and 1.
// The clients are those of programs/flow-client.js and programs/sctp.py. Prints requests and
// failures of each kind, from the removal until well after the end of the drain.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { layNetwork, SERVERS, VIP } from './network.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = (name) => join(root, 'test/bench/programs', name);
const KINDS = ['udp', 'tcp', 'persistent', 'sctp'];
const PROTOCOLS = { udp: 'udp', tcp: 'tcp', persistent: 'tcp', sctp: 'sctp' };
const OPTIONS = { udp: '-u', tcp: '-t', sctp: '--sctp-service' };
const LIMIT_SECONDS = 12;
const WATCHED_SECONDS = 26;
const [GONE, KEPT, NEW] = SERVERS;

const ipvsadm = (line) => execFileSync('ipvsadm', line.split(' '), { encoding: 'utf8' });
const setSysctl = (name, value) => writeFileSync(`/proc/sys/net/ipv4/vs/${name}`, `${value}\n`);
const inNamespace = (netns, ...argv) =>
  spawn('ip', ['netns', 'exec', netns, ...argv], { stdio: ['pipe', 'pipe', 'inherit'] });

function config(firstPort, servers, kinds) {
  const services = kinds.map((kind) => {
    const address = `${PROTOCOLS[kind]}://${VIP}:${firstPort + KINDS.indexOf(kind)}`;
    const persistence = kind === 'persistent' ? ', persistence: 10m' : '';
    const destinations = servers.map((server) => `"${server}:9080"`).join(', ');
    return `  - { address: "${address}", scheduler: rr${persistence}, destinations: [${destinations}] }\n`;
  });
  return `version: 1\ndefaults: { forward: masq, drain: ${LIMIT_SECONDS}s }\nservices:\n${services.join('')}`;
}

/** Each way to replace the server GONE by NEW, in every service. */
const WAYS = {
  ipvstate: async ({ apply, firstPort, kinds }) => {
    const stdout = await apply(config(firstPort, [KEPT, NEW], kinds));
    return [...stdout.matchAll(/^warning: (.*)$/gm)].map(([, text]) => text);
  },
  /** keepalived deletes a real server that its file no longer has. */
  keepalived: async ({ services }) => {
    for (const service of services) {
      ipvsadm(`-a ${service} -r ${NEW}:9080 -m`);
      ipvsadm(`-d ${service} -r ${GONE}:9080`);
    }
  },
  /** kube-proxy deletes servers of UDP and SCTP at once, and others when nothing is remembered. */
  'kube-proxy': async ({ services }) => {
    for (const service of services) {
      ipvsadm(`-a ${service} -r ${NEW}:9080 -m`);
      if (service.startsWith('-t')) ipvsadm(`-e ${service} -r ${GONE}:9080 -m -w 0`);
      else ipvsadm(`-d ${service} -r ${GONE}:9080`);
    }
  },
};

async function measure(way, nodest, firstPort, kinds, folder) {
  setSysctl('expire_nodest_conn', nodest);
  setSysctl('expire_quiescent_template', 1);
  const env = {
    ...process.env,
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'state'),
  };
  const file = join(folder, 'services.yaml');
  const apply = (text, ...options) => {
    writeFileSync(file, text);
    const argv = [join(root, 'dist/cli.cjs'), 'apply', '-f', file, '--yes', '-q', ...options];
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, argv, { env });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      child.on('close', (status) => {
        if (status === 0) resolve(stdout);
        else reject(new Error(`${stdout}${stderr}`));
      });
    });
  };
  ipvsadm('-C');
  await apply(config(firstPort, [GONE], kinds));
  const flows = kinds.filter((kind) => kind !== 'sctp');
  const clients = [
    inNamespace('client', process.execPath, program('flow-client.js'), VIP, firstPort, ...flows),
    ...(kinds.includes('sctp')
      ? [inNamespace('client', 'python3', program('sctp.py'), 'client', VIP, firstPort + 3)]
      : []),
  ];
  const counts = async () => {
    const lines = await Promise.all(
      clients.map(
        (client) =>
          new Promise((resolve) => {
            client.stdout.once('data', (text) => resolve(JSON.parse(String(text))));
            client.stdin.write('\n');
          }),
      ),
    );
    return { ...lines[0], ...(lines[1] && { sctp: lines[1] }) };
  };
  // UDP flows and the persistent client begin while the server that goes is the only one.
  await sleep(2000);
  await apply(config(firstPort, [GONE, KEPT], kinds));
  // Every port has been used once by then.
  await sleep(20_000);
  const before = await counts();
  const services = kinds.map(
    (kind) => `${OPTIONS[PROTOCOLS[kind]]} ${VIP}:${firstPort + KINDS.indexOf(kind)}`,
  );
  const waited = (text) => apply(text, '--wait');
  const change = WAYS[way]({ apply: waited, services, firstPort, kinds });
  await sleep(WATCHED_SECONDS * 1000);
  const warnings = (await change) ?? [];
  const after = await counts();
  for (const client of clients) client.kill();
  const failed = Object.fromEntries(
    kinds.map((kind) => {
      const [requests, failures] = [0, 1].map((at) => after[kind][at] - before[kind][at]);
      return [kind, `${failures} of ${requests}`];
    }),
  );
  return { way, expire_nodest_conn: nodest, ...failed, warnings };
}

async function inside() {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-drains-'));
  layNetwork();
  const hasSctp = spawnSync('modprobe', ['sctp']).status === 0;
  const kinds = KINDS.filter((kind) => kind !== 'sctp' || hasSctp);
  const servers = [
    inNamespace('servers', process.execPath, program('flow-server.js'), ...SERVERS),
    ...(hasSctp
      ? [inNamespace('servers', 'python3', program('sctp.py'), 'server', ...SERVERS)]
      : []),
  ];
  await sleep(3000);
  const rows = [];
  try {
    for (const nodest of [0, 1])
      for (const way of Object.keys(WAYS))
        rows.push(await measure(way, nodest, 8000 + rows.length * 10, kinds, folder));
  } finally {
    for (const server of servers) server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
  const print = (text) => process.stdout.write(`${text}\n`);
  if (!hasSctp) print('This kernel has no SCTP.');
  for (const { warnings, ...row } of rows) {
    print(JSON.stringify(row));
    for (const warning of warnings) print(`  warning: ${warning}`);
  }
}

if (process.argv.includes('--inside')) await inside();
else {
  const boot = ['test/kernel/boot/run.js', '--limit', '900', '--', process.execPath];
  const argv = [...boot, fileURLToPath(import.meta.url), '--inside'];
  process.exitCode = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
