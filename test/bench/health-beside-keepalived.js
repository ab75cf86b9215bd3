#!/usr/bin/env node
// node test/bench/health-beside-keepalived.js
//
// A server that dies and comes back, on a real kernel in User-Mode Linux: under `ipvstate watch`
// and under keepalived, with the same settings of the same check. Prints for each how long it took
// to take the server out and to bring it back, how many requests failed and how many were sent, and
// the CPU that the checking program used.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    return spawn(process.execPath, [join(root, 'dist/cli.cjs'), 'watch', '-q', '-f', file], {
      env: {
        ...process.env,
        IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
        IPVSTATE_STATE_DIR: join(folder, 'state'),
      },
      stdio: ['ignore', 'ignore', 'ignore'],
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

const table = () => execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' });

/** Waits for a weight of the victim. Returns the seconds. */
async function weightBecomes(weight) {
  const started = performance.now();
  while (!table().includes(`-r ${VICTIM}:8080 -m -w ${weight}\n`)) await sleep(20);
  return (performance.now() - started) / 1000;
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

async function measure(start, folder, victim, counts) {
  const checker = start(folder);
  await weightBecomes(1);
  await sleep(3000);
  const [cpu, started] = [cpuOf(checker.pid), performance.now()];
  const [allBefore, failedBefore] = await counts();
  const times = { out: [], back: [] };
  for (let round = 0; round < ROUNDS; round++) {
    victim.process.kill('SIGKILL');
    times.out.push(await weightBecomes(0));
    await sleep(1000);
    victim.process = await serve(VICTIM);
    times.back.push(await weightBecomes(1));
    await sleep(1000);
  }
  const [all, failed] = await counts();
  const share = ((cpuOf(checker.pid) - cpu) / ((performance.now() - started) / 1000)) * 100;
  checker.kill();
  await once(checker, 'exit');
  execFileSync('ipvsadm', ['-C']);
  const mean = (list) => (list.reduce((sum, each) => sum + each, 0) / list.length).toFixed(1);
  const requests = `${failed - failedBefore} of ${all - allBefore} requests failed`;
  return `out ${mean(times.out)} s, back ${mean(times.back)} s, ${requests}, CPU ${share.toFixed(1)} %`;
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
  for (const [name, start] of Object.entries(WAYS))
    process.stdout.write(`${name}: ${await measure(start, folder, victim, counts)}\n`);
  client.kill();
  others.kill();
  victim.process.kill();
  rmSync(folder, { recursive: true });
}

if (process.argv[2] === 'inside') await inside();
else {
  const boot = join(root, 'test/kernel/boot/run.js');
  const argv = [boot, '--limit', '300', '--', 'node', fileURLToPath(import.meta.url), 'inside'];
  process.exitCode = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
