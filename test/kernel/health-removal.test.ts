import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { layNetwork, SERVERS, takeNetworkAway, VIP } from '../bench/network.js';
import { DaemonInProcess } from '../support/daemon.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

/** Answers on each address with that address. */
const SERVER = `const {createSocket}=require('node:dgram');
for(const address of process.argv.slice(1)){const socket=createSocket('udp4');
  socket.on('message',(_,{port,address:to})=>socket.send(address,port,to,()=>{}));socket.bind(5300,address)}
process.stdout.write('listening')`;

/**
 * Sends from one port for ever. Says, for each line on stdin, how many datagrams it has sent, how
 * many were answered, and who answered last.
 */
const CLIENT = `const socket=require('node:dgram').createSocket('udp4');let sent=0,answered=0,last=null;
socket.on('message',(message)=>{answered++;last=String(message)});
socket.bind(4444,()=>setInterval(()=>{sent++;socket.send('x',53,'${VIP}',()=>{})},20));
process.stdin.on('data',()=>process.stdout.write(JSON.stringify([sent,answered,last])+'\\n'))`;

/** With 1, the kernel forgets connections to a deleted server at their next packet. */
const EXPIRES = '/proc/sys/net/ipv4/vs/expire_nodest_conn';
const [ONE = '', OTHER = ''] = SERVERS;

let folder: string;
let daemon: DaemonInProcess;
let server: ChildProcess;
let client: ChildProcess;

const inside = (namespace: string, script: string, ...args: readonly string[]): ChildProcess =>
  spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });

function writeFile(onFailure: string): void {
  const check = 'udp: { send: x, expect: "10." }, interval: 1s, rise: 1, fall: 2';
  writeFileSync(
    join(folder, 'names.yaml'),
    [
      ...['version: 1', 'defaults: { forward: masq }'],
      ...['services:', '  - name: names', `    address: udp://${VIP}:53`, '    scheduler: rr'],
      `    health: { ${check}, on_failure: ${onFailure} }`,
      `    destinations: ["${ONE}:5300", "${OTHER}:5300"]`,
    ].join('\n'),
  );
}

beforeAll(async () => {
  await ipvsadm('-C');
  writeFileSync(EXPIRES, '1\n');
  layNetwork();
  server = inside('servers', SERVER, ONE, OTHER);
  await once(server.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  folder = mkdtempSync('/run/health-removal');
  writeFile('weight');
  const args = ['-f', join(folder, 'names.yaml'), '--interval', '1s', '--debounce', '50ms'];
  daemon = await new DaemonInProcess(join(folder, 'daemon'), args, openKernel).start();
  client = inside('client', CLIENT);
});

afterAll(async () => {
  client.kill('SIGKILL');
  server.kill('SIGKILL');
  await daemon.stop();
  takeNetworkAway();
  await ipvsadm('-C');
  writeFileSync(EXPIRES, '0\n');
  rmSync(folder, { recursive: true, force: true });
});

async function counts(): Promise<[sent: number, answered: number, last: string | null]> {
  const line = once(client.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  client.stdin?.write('\n');
  return JSON.parse(String((await line)[0]));
}

const tableHas = async (text: string): Promise<boolean> => (await ipvsadm('-Sn')).includes(text);

it('a flow of UDP stays with a dead server of weight 0, and leaves one that is removed', async () => {
  await until('an answer', async () => (await counts())[1] > 0);
  const [, , dead] = await counts();
  const alive = dead === ONE ? OTHER : ONE;
  const address = (verb: string): unknown =>
    execFileSync('ip', ['-n', 'servers', 'address', verb, `${dead}/24`, 'dev', 'eth0']);
  address('delete');
  await until('weight 0', () => tableHas(`-r ${dead}:5300 -m -w 0\n`));
  const [sent, answered] = await counts();
  await until('50 datagrams', async () => (await counts())[0] >= sent + 50);
  expect((await counts())[1]).toBe(answered);

  writeFile('remove');
  await until('an answer of the other server', async () => (await counts())[2] === alive);
  expect(await tableHas(`-r ${dead}:5300`)).toBe(false);
  address('add');
  await until('both servers', () => tableHas(`-r ${dead}:5300 -m -w 1\n`));
});
