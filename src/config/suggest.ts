import { editDistance } from '../model/nearest.ts';

/**
 * Words of other programs, and our word for each. They are compared in lower case without `-` and
 * `_`.
 */
const SYNONYMS: Readonly<Record<string, string>> = {
  nat: 'masq',
  snat: 'masq',
  dnat: 'masq',
  masquerade: 'masq',
  masquerading: 'masq',
  dr: 'route',
  dsr: 'route',
  droute: 'route',
  directrouting: 'route',
  gateway: 'route',
  gatewaying: 'route',
  gate: 'route',
  direct: 'route',
  tun: 'tunnel',
  ipip: 'tunnel',
  encap: 'tunnel',
  method: 'forward',
  forwarding: 'forward',
  forwardingmethod: 'forward',
  fwdmethod: 'forward',
  lbkind: 'forward',
  lbmethod: 'forward',
  realserver: 'destinations',
  realservers: 'destinations',
  servers: 'destinations',
  server: 'destinations',
  backend: 'destinations',
  backends: 'destinations',
  members: 'destinations',
  upstreams: 'destinations',
  endpoints: 'destinations',
  dests: 'destinations',
  destination: 'destinations',
  sched: 'scheduler',
  lbalgo: 'scheduler',
  algorithm: 'scheduler',
  balance: 'scheduler',
  flags: 'scheduler_flags',
  schedflags: 'scheduler_flags',
  virtualserver: 'services',
  virtualservers: 'services',
  virtualservice: 'services',
  virtualservices: 'services',
  service: 'services',
  vip: 'address',
  ip: 'address',
  host: 'address',
  addr: 'address',
  port: 'address',
  protocol: 'address',
  proto: 'address',
  fwmark: 'address',
  mark: 'address',
  ops: 'one_packet',
  persistent: 'persistence',
  persistencetimeout: 'persistence',
  sticky: 'persistence',
  affinity: 'persistence',
  pe: 'engine',
  persistenceengine: 'engine',
  mask: 'netmask',
  granularity: 'netmask',
  persistencegranularity: 'netmask',
  uthreshold: 'upper_threshold',
  maxconnections: 'upper_threshold',
  lthreshold: 'lower_threshold',
  minconnections: 'lower_threshold',
  daemons: 'sync_daemons',
  syncdaemon: 'sync_daemons',
  lvssyncdaemon: 'sync_daemons',
  state: 'role',
  syncid: 'sync_id',
  id: 'sync_id',
  maxlen: 'max_length',
  syncmaxlen: 'max_length',
  mcastinterface: 'interface',
  device: 'interface',
  mcastgroup: 'group',
  mcastport: 'port',
  mcastttl: 'ttl',
  tcpfin: 'tcp_fin',
  fin: 'tcp_fin',
  scope: 'manage',
  managed: 'manage',
  only: 'include',
  ignore: 'exclude',
  network: 'cidr',
  subnet: 'cidr',
  prefix: 'cidr',
  ports: 'port',
  sysctl: 'sysctls',
  kernel: 'sysctls',
  draintimeout: 'drain',
  graceful: 'drain',
  gracefultimeout: 'drain',
  keep: 'preserve',
  preserveweight: 'preserve',
  threshold: 'thresholds',
  weights: 'weight',
  tuntype: 'type',
  tunport: 'port',
  csum: 'checksum',
  nocsum: 'none',
  roundrobin: 'rr',
  weightedroundrobin: 'wrr',
  leastconnection: 'lc',
  leastconnections: 'lc',
  weightedleastconnection: 'wlc',
  weightedleastconnections: 'wlc',
  sourcehash: 'sh',
  sourcehashing: 'sh',
  maglev: 'mh',
  primary: 'master',
  secondary: 'backup',
  slave: 'backup',
  inet: 'ipv4',
  inet6: 'ipv6',
  v4: 'ipv4',
  v6: 'ipv6',
};

/**
 * The allowed word that an unknown word probably means. Returns undefined when no allowed word is
 * similar.
 */
export function suggest(word: string, allowed: readonly string[]): string | undefined {
  const synonym = SYNONYMS[word.toLowerCase().replace(/[-_ ]/g, '')];
  if (synonym !== undefined && allowed.includes(synonym)) return synonym;
  let best: string | undefined;
  let bestDistance = word.length < 4 ? 1 : Math.min(3, Math.floor(word.length / 3) + 1);
  for (const candidate of allowed) {
    const distance = editDistance(
      word.toLowerCase().replaceAll('-', '_'),
      candidate.replaceAll('-', '_'),
      bestDistance,
    );
    if (distance <= bestDistance && (best === undefined || distance < bestDistance)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The hint for an unknown word: the word that was probably meant, or all allowed words. */
export function hintFor(word: string, allowed: readonly string[]): string {
  const near = suggest(word, allowed);
  if (near !== undefined) return `did you mean "${near}"?`;
  return allowed.length === 0 ? 'remove it' : `allowed: ${allowed.join(', ')}`;
}
