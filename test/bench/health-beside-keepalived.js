#!/usr/bin/env node
// node test/bench/health-beside-keepalived.js [PAIRS]
//
// A server that dies and comes back, on a real kernel in User-Mode Linux: under `ipvstate watch`
// and under keepalived, with the same settings of the same check, in turn. Prints for each how long
// it took to take the server out and to bring it back, how many requests failed and how many were
// sent, and the CPU that the checking program used. For ipvstate, it also says when the check
// failed often enough: the rest of the time is the pass.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { layNetwork, SERVERS, VIP } from './network.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = (name) => join(root, 'test/bench/programs', name);
const OWN = SERVERS.slice(0, 4);
const [VICTIM, ...OTHERS] = OWN;
/** After more in a minute, the daemon would damp the changes. */
const ROUNDS = 2;
const PAIRS = Number(process.argv[2] ?? 1);

const CONFIG = `version: 1
defaults: { forward: masq }
services:
  - address: tcp://${VIP}:80
    scheduler: rr
    health: { http: { status: 200 }, interval: 1s, timeout: 1s, rise: 1, fall: 2 }
    destinations: [${OWN.map((server) => `"${server}:8080"`).join(', ')}]
`;
const KEEPALIVED = `global_defs { checker_log_all_failures false }
virtual_server ${VIP} 80 {
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
${OWN.map(
  (server) => `  real_server ${server} 8080 {
    inhibit_on_failure
    HTTP_GET { url { path /
 status_code 200 }
 connect_timeout 1
 retry 1
 delay_before_retry 1 }
  }`,
).join('\n')}
}
`;

/** Starts each program, in the foreground. */
const WAYS = {
  'ipvstate watch': (folder) => {
    const file = join(folder, 'shop.yaml');
    writeFileSync(file, CONFIG);
    const argv = [join(root, 'dist/cli.cjs'), 'watch', '--log-format', 'json', '-f', file];
    return spawn(process.execPath, argv, {
      env: {
        ...process.env,
        IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
        IPVSTATE_STATE_DIR: join(folder, 'state'),
      },
      stdio: ['ignore', 'ignore', openSync(join(folder, 'log'), 'w')],
    });
  },
  keepalived: (folder) => {
    const file = join(folder, 'keepalived.conf');
    writeFileSync(file, KEEPALIVED);
    const pids = ['-p', join(folder, 'k.pid'), '-c', join(folder, 'c.pid')];
    return spawn('keepalived', ['-n', '-C', '-f', file, ...pids], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
  },
};

/** The victim in the list of the kernel. Reading it costs next to nothing, unlike ipvsadm. */
const LISTED = `${VICTIM.split('.')
  .map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase())
  .join('')}:1F90 `;

/** Waits for a weight of the victim. Returns the seconds. */
async function weightBecomes(weight) {
  const started = performance.now();
  const pattern = new RegExp(`${LISTED}+Masq +${weight} `);
  while (!pattern.test(readFileSync('/proc/net/ip_vs', 'utf8'))) await sleep(20);
  return (performance.now() - started) / 1000;
}

/** The time at which the daemon's log says that a server is unhealthy, for the last time. */
function noticedAt(folder) {
  const lines = readFileSync(join(folder, 'log'), 'utf8').split('\n').filter(Boolean);
  const changes = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'health');
  return Date.parse(changes.findLast(({ healthy }) => !healthy)?.time);
}

const inNamespace = (netns, ...argv) =>
  spawn('ip', ['netns', 'exec', netns, process.execPath, ...argv], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });

async function serve(...addresses) {
  const server = inNamespace('servers', program('health-server.js'), ...addresses);
  await once(server.stdout, 'data');
  return server;
}

/** Seconds of CPU of a process and its children, those that live included. */
function cpuOf(pid) {
  const children = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout.split('\n');
  return [pid, ...children.filter(Boolean)].reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1].split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

/** Measures one way once, and adds what it finds to `found`. */
async function measure(start, folder, victim, counts, found) {
  const checker = start(folder);
  await weightBecomes(1);
  await sleep(3000);
  const [cpu, started] = [cpuOf(checker.pid), performance.now()];
  const [allBefore, failedBefore] = await counts();
  for (let round = 0; round < ROUNDS; round++) {
    victim.process.kill('SIGKILL');
    const killedAt = Date.now();
    found.out.push(await weightBecomes(0));
    if (existsSync(join(folder, 'log'))) found.noticed.push((noticedAt(folder) - killedAt) / 1000);
    await sleep(1000);
    victim.process = await serve(VICTIM);
    found.back.push(await weightBecomes(1));
    await sleep(1000 + 300 * round);
  }
  const [all, failed] = await counts();
  found.all += all - allBefore;
  found.failed += failed - failedBefore;
  found.cpu.push(((cpuOf(checker.pid) - cpu) / ((performance.now() - started) / 1000)) * 100);
  checker.kill();
  await once(checker, 'exit');
  execFileSync('ipvsadm', ['-C']);
}

const mean = (list) => (list.reduce((sum, each) => sum + each, 0) / list.length).toFixed(1);

function sayAll(name, { out, noticed, back, all, failed, cpu }) {
  const check = noticed.length > 0 ? ` (the checks ${mean(noticed)} s)` : '';
  const times = `out ${mean(out)} s${check}, back ${mean(back)} s`;
  process.stdout.write(
    `${name}: ${times}, ${failed} of ${all} requests failed, CPU ${mean(cpu)} %\n`,
  );
}

async function inside() {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-health-'));
  layNetwork();
  const others = await serve(...OTHERS);
  const victim = { process: await serve(VICTIM) };
  const client = inNamespace('client', program('health-client.js'), VIP);
  client.stdout.setEncoding('utf8');
  const counts = async () => {
    client.stdin.write('\n');
    return JSON.parse((await once(client.stdout, 'data'))[0]);
  };
  const found = Object.keys(WAYS).map((name) => [
    name,
    { out: [], noticed: [], back: [], all: 0, failed: 0, cpu: [] },
  ]);
  for (let pair = 0; pair < PAIRS; pair++)
    for (const [name, own] of found) {
      const each = join(folder, `${name.split(' ')[0]}-${pair}`);
      mkdirSync(each);
      await measure(WAYS[name], each, victim, counts, own);
    }
  for (const [name, own] of found) sayAll(name, own);
  client.kill();
  others.kill();
  victim.process.kill();
  rmSync(folder, { recursive: true });
}

if (process.argv[3] === 'inside') await inside();
else {
  const boot = join(root, 'test/kernel/boot/run.js');
  const limit = String(120 + 120 * PAIRS);
  const self = ['node', fileURLToPath(import.meta.url), String(PAIRS), 'inside'];
  const argv = [boot, '--limit', limit, '--', ...self];
  process.exitCode = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
