import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { layNetwork, SERVERS, takeNetworkAway, VIP } from '../bench/network.js';
import { DaemonProcess } from '../support/daemon.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

const [STOPPED = '', KILLED = '', ILL = '', GONE = '', ...GOOD] = SERVERS;
const BAD = [STOPPED, KILLED, ILL, GONE];
const REQUESTS = 100;

/** Answers with 200. After SIGUSR2, its first address answers with 500, or with 200 again. */
const SERVER = `let bad=false;process.on('SIGUSR2',()=>{bad=!bad});
const {once}=require('node:events');const addresses=process.argv.slice(1);
Promise.all(addresses.map((address,index)=>once(require('node:http').createServer((_,response)=>{
  response.statusCode=bad&&index===0?500:200;response.end('ok')}).listen(8080,address),'listening')))
  .then(()=>console.log('listening'))`;

/** Fetches without pause, and says how many requests failed of how many when it is asked. */
const CLIENT = `const http=require('node:http');let all=0,failed=0;
const fetch=()=>new Promise((resolve)=>{let over=false;const end=(isBad)=>{if(over)return;over=true;all++;if(isBad)failed++;resolve()};
  const request=http.get({host:'${VIP}',port:80,agent:false,timeout:3000},(response)=>{response.resume();response.on('end',()=>end(response.statusCode!==200))});
  request.on('timeout',()=>{request.destroy();end(true)});request.on('error',()=>end(true))});
(async()=>{for(;;){await fetch();await new Promise((resolve)=>setTimeout(resolve,5))}})();
process.stdin.on('data',()=>process.stdout.write(JSON.stringify([all,failed])+'\\n'))`;

let folder: string;
let daemon: DaemonProcess;
let client: ChildProcess;
const servers = new Map<string, ChildProcess>();

beforeAll(async () => {
  await ipvsadm('-C');
  layNetwork();
  await Promise.all([serve(STOPPED), serve(KILLED), serve(ILL, GONE, ...GOOD)]);
  folder = mkdtempSync('/run/health');
  const file = join(folder, 'shop.yaml');
  writeFileSync(
    file,
    [
      ...['version: 1', 'defaults: { forward: masq }', 'services:', '  - name: shop'],
      ...[`    address: tcp://${VIP}:80`, '    scheduler: rr'],
      '    health: { http: {}, interval: 1s, timeout: 2s, rise: 1, fall: 2, max_unhealthy: 4 }',
      `    destinations: [${SERVERS.map((server) => `"${server}:8080"`).join(', ')}]`,
    ].join('\n'),
  );
  daemon = new DaemonProcess(join(folder, 'daemon'), ['-f', file], openKernel);
  await daemon.start();
  client = spawn('ip', ['netns', 'exec', 'client', process.execPath, '-e', CLIENT], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
});

afterAll(async () => {
  client.kill();
  for (const server of servers.values()) server.kill('SIGKILL');
  await daemon.stop('SIGKILL');
  takeNetworkAway();
  await ipvsadm('-C');
  rmSync(folder, { recursive: true, force: true });
});

async function serve(...addresses: readonly string[]): Promise<void> {
  const args = ['netns', 'exec', 'servers', process.execPath, '-e', SERVER, ...addresses];
  const server = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.set(addresses[0] ?? '', server);
  await once(server.stdout, 'data');
}

/** Resolves when the bad servers have the weight, and the good ones have weight 1. */
function weightsBecome(weight: number): Promise<void> {
  return until(`weight ${weight} of the bad servers`, async () => {
    const table = await ipvsadm('-Sn');
    const has = (own: number) => (server: string) =>
      table.includes(`-r ${server}:8080 -m -w ${own}\n`);
    return BAD.every(has(weight)) && GOOD.every(has(1));
  });
}

async function counts(): Promise<[all: number, failed: number]> {
  const line = once(client.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  client.stdin?.write('\n');
  return JSON.parse(String((await line)[0]));
}

/** Expects that no request fails from now on. One that is under way may still be at the server. */
async function isServed(): Promise<void> {
  const [begun] = await counts();
  await until('the requests under way', async () => (await counts())[0] > begun + 2);
  const [first, before] = await counts();
  await until(`${REQUESTS} requests`, async () => (await counts())[0] >= first + REQUESTS);
  expect((await counts())[1] - before).toBe(0);
}

function lastReasonOf(server: string): unknown {
  const about = daemon.events('health').filter((line) => line.destination === `${server}:8080`);
  return about.findLast(({ healthy }) => healthy === false)?.reason;
}

it('takes servers out that stand still, die, answer 500 or are gone, and brings them back', async () => {
  const address = (verb: string): unknown =>
    execFileSync('ip', ['-n', 'servers', 'address', verb, `${GONE}/24`, 'dev', 'eth0']);
  servers.get(STOPPED)?.kill('SIGSTOP');
  servers.get(KILLED)?.kill('SIGKILL');
  servers.get(ILL)?.kill('SIGUSR2');
  address('delete');
  await weightsBecome(0);
  expect(BAD.map(lastReasonOf)).toEqual([
    'timeout after 2s',
    'connection refused',
    'HTTP 500',
    expect.stringMatching(/timeout after 2s|host unreachable/),
  ]);
  await isServed();

  servers.get(STOPPED)?.kill('SIGCONT');
  servers.get(ILL)?.kill('SIGUSR2');
  address('add');
  await serve(KILLED);
  await weightsBecome(1);
});
