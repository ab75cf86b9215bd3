// Hosts on one bridge, each in a network namespace of its own.
import { execFileSync } from 'node:child_process';

const sh = (command) => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });
const NETWORK = '10.9.0';

export function addBridge() {
  sh(`ip link add br0 type bridge; ip link set br0 up; ip link set lo up
    ip address add ${NETWORK}.254/24 dev br0`);
}

/** Adds the host with this last number of its address. */
export function addHost(name, number) {
  const address = `${NETWORK}.${number}`;
  sh(`ip netns add ${name}; ip link add v-${name} type veth peer name eth0 netns ${name}
    ip link set v-${name} master br0 up; ip -n ${name} link set lo up
    ip -n ${name} address add ${address}/24 dev eth0; ip -n ${name} link set eth0 up`);
  return { netns: name, address };
}

/** Cuts a host off from all others: what is sent to it is lost. */
export function cutOff(name) {
  sh(`ip link set v-${name} down`);
}

export function reconnect(name) {
  sh(`ip link set v-${name} up`);
}
