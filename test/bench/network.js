// Three hosts in network namespaces: a client, this one as the director, and servers behind it by
// masquerading.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

export const VIP = '10.99.0.10';
export const SERVERS = [1, 2, 3, 4, 5, 6].map((index) => `10.98.0.2${index}`);

const sh = (command) => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });

/** Lays the network around this namespace, or around the namespace `director`. */
export function layNetwork(director) {
  const ip = director === undefined ? 'ip' : `ip -n ${director}`;
  const run = director === undefined ? 'sh -c' : `ip netns exec ${director} sh -c`;
  sh(`ip netns add client; ip netns add servers
    ${ip} link add lb0 type veth peer name eth0 netns client
    ${ip} link add lb1 type veth peer name eth0 netns servers
    ${ip} address add 10.99.0.1/24 dev lb0; ${ip} address add ${VIP}/32 dev lb0
    ${ip} address add 10.98.0.1/24 dev lb1
    ${ip} link set lb0 up; ${ip} link set lb1 up; ${ip} link set lo up
    ip -n client address add 10.99.0.2/24 dev eth0; ip -n client link set eth0 up; ip -n client link set lo up
    ${SERVERS.map((address) => `ip -n servers address add ${address}/24 dev eth0`).join('; ')}
    ip -n servers link set eth0 up; ip -n servers link set lo up; ip -n servers route add default via 10.98.0.1
    ${run} 'echo 1 > /proc/sys/net/ipv4/ip_forward'`);
}

/** Ends the namespaces, and with them their interfaces. */
export function takeNetworkAway() {
  sh('ip netns delete client; ip netns delete servers');
}

/** Says so once all servers listen. */
const SERVER = `const http=require('node:http');const {once}=require('node:events');
Promise.all(process.argv.slice(1).map((address)=>once(http.createServer({keepAliveTimeout:60000},(request,response)=>response.end(address)).listen(8080,address),'listening')))
  .then(()=>console.log('listening'))`;

/**
 * Half of the loops open a connection for each request, half keep one for 20 requests. Says, for
 * each kind, how many and how many failed.
 */
const CLIENT = `const http=require('node:http');const counts={fresh:[0,0],kept:[0,0]};
const fetch=(kind,agent)=>new Promise((resolve)=>{let over=false;const end=(error)=>{if(over)return;over=true;counts[kind][0]++;
  if(error){counts[kind][1]++;process.stderr.write(kind+' '+error+'\\n')}resolve(!error)};
  const request=http.get({host:'${VIP}',port:80,agent,timeout:Number(process.argv[3])},(response)=>{response.resume();response.on('end',()=>end());response.on('error',(e)=>end(e.code))});
  request.on('timeout',()=>{request.destroy();end('timeout')});request.on('error',(e)=>end(e.code??e.message))});
const pause=(ms)=>new Promise((resolve)=>setTimeout(resolve,ms));
const fresh=async()=>{for(;;){await fetch('fresh',false);await pause(Number(process.argv[2]))}};
const kept=async()=>{for(;;){const agent=new http.Agent({keepAlive:true,maxSockets:1});
  for(let n=0;n<20;n++){if(!(await fetch('kept',agent)))break;await pause(4*Number(process.argv[2]))}agent.destroy()}};
const loops=Number(process.argv[1]);for(let n=0;n<loops;n++){fresh();kept()}
process.on('message',()=>{});process.stdin.on('data',()=>process.stdout.write(JSON.stringify(counts)+'\\n'))`;

/**
 * Starts the servers, and then the client, with so many loops of each kind and a pause between. A
 * request that takes longer than the patience has failed.
 */
export async function startTraffic({
  loops = 4,
  pauseMilliseconds = 4,
  patienceMilliseconds = 3000,
} = {}) {
  const inside = (netns, ...args) => ['netns', 'exec', netns, process.execPath, '-e', ...args];
  const servers = spawn('ip', inside('servers', SERVER, ...SERVERS), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(servers.stdout, 'data');
  const paces = [loops, pauseMilliseconds, patienceMilliseconds].map(String);
  const client = spawn('ip', inside('client', CLIENT, ...paces), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  client.stdout.setEncoding('utf8');
  return {
    /** Requests and failures so far, by kind. */
    counts: () =>
      new Promise((resolve) => {
        client.stdout.once('data', (line) => resolve(JSON.parse(line)));
        client.stdin.write('\n');
      }),
    stop: () => {
      client.kill();
      servers.kill();
    },
  };
}
