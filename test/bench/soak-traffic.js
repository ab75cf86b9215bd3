// The traffic of soak.js: a client in another network namespace, servers behind the balancer, and
// whether they can be reached.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const VIP = '10.99.0.10';
export const REALS = ['10.99.0.21', '10.99.0.22', '10.99.0.23'];
const sh = (command) => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });

/**
 * A client in a namespace of its own; the servers are addresses of this one, behind the balancer by
 * masquerading.
 */
export function network() {
  sh(`ip netns add client
    ip link add lb0 type veth peer name eth0 netns client
    ip address add 10.99.0.1/24 dev lb0; ip address add ${VIP}/32 dev lb0
    ${REALS.map((address) => `ip address add ${address}/32 dev lo`).join('; ')}
    ip link set lb0 up; ip link set lo up
    ip -n client address add 10.99.0.2/24 dev eth0; ip -n client link set eth0 up; ip -n client link set lo up
    sysctl -qw net.ipv4.vs.conntrack=0 net.ipv4.ip_forward=1 || true`);
}

/** Servers that answer "ok" and close. HTTP would take half of the guest's one processor. */
export const SERVER = `const net=require('node:net');for(const address of process.argv.slice(1))net.createServer((s)=>s.on('error',()=>{}).end('ok')).listen(8080,address)`;
/**
 * Makes eight requests at a time, each with a connection of its own. Says how many, and each
 * failure with its time. It chooses its ports in turn, where the kernel takes only every second
 * one: so it comes back to one only after the kernel has forgotten what it did with it (FIN_WAIT
 * and TIME_WAIT, 2 min). A connection from the port of an earlier one to a server that was deleted
 * since gets no answer, whoever deleted it.
 */
export const CLIENT = `const net=require('node:net');let done=0;let port=1024;const used=new Map();const go=()=>{const at=Date.now();let over=false;
  const localPort=port;port=port===65535?1024:port+1;const before=used.get(localPort);used.set(localPort,at);
  const end=(error)=>{if(over)return;over=true;if(error==='EADDRINUSE')return setTimeout(go,5);
    done++;if(error)process.stdout.write('FAILED '+at+' '+error+(before?', from a port last used '+Math.round((at-before)/1000)+' s before':'')+'\\n');setTimeout(go,error?50:5)};
  const q=net.connect({host:'${VIP}',port:80,localPort});q.setTimeout(5000,()=>{q.destroy();end('timeout')});
  q.on('data',()=>{}).on('error',(e)=>end(e.code??e.message)).on('close',()=>end(q.bytesRead===2?undefined:'no answer'))};
  for(let n=0;n<8;n++)go();process.on('SIGTERM',()=>{process.stdout.write('DONE '+done+'\\n');process.exit(0)})`;

/** The services of programs/flow-client.js and programs/sctp.py, by their ports. */
export const FLOWS = { 9000: 'udp', 9001: 'tcp', 9002: 'persistent', 9003: 'sctp' };
export const FLOW_KINDS = ['udp:20', 'tcp', 'persistent'];

/** Tells whether each service with traffic has a server that takes connections. */
export function isServed() {
  let text;
  try {
    text = readFileSync('/proc/net/ip_vs', 'utf8');
  } catch {
    // The module is not loaded.
    return false;
  }
  const services = text.split(/^(?=TCP|UDP|SCTP)/m);
  const hex = VIP.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return [80, ...Object.keys(FLOWS)].every((port) => {
    const endpoint = `${hex.join('')}:${Number(port).toString(16).padStart(4, '0')}`.toUpperCase();
    const service = services.find((each) => each.split(/\s+/)[1] === endpoint);
    return /^ {2}-> \S+ +\S+ +[1-9]/m.test(service ?? '');
  });
}
