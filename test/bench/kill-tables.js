// The tables of kills.js: random services as a configuration and as the lines that `ipvsadm -Sn`
// prints for them, and canaries: services that the configuration is not responsible for.

const OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' };
/** By the number of a service: each kind is in every table. */
const KINDS = [
  { protocol: 'tcp' },
  { protocol: 'udp' },
  { protocol: 'sctp' },
  { protocol: 'tcp', persistenceSeconds: 600 },
  { protocol: 'udp', persistenceSeconds: 300 },
  { protocol: 'tcp', isIpv6: true },
  { protocol: 'sctp', persistenceSeconds: 60 },
  { fwmark: 100 },
];

function addressOf({ protocol, isIpv6, fwmark }, number) {
  if (fwmark !== undefined)
    return { url: `fwmark:${fwmark + number}`, option: `-f ${fwmark + number}` };
  const host = isIpv6 ? `[2001:db8::${number + 1}]:80` : `192.0.2.${number + 1}:80`;
  return { url: `${protocol}://${host}`, option: `${OPTIONS[protocol]} ${host}` };
}

function destinationOf(kind, number, index) {
  if (kind.isIpv6) return { host: `[2001:db8:1:${number}::${index + 1}]`, port: 80 };
  return { host: `10.1.${number}.${index + 1}`, port: kind.fwmark === undefined ? 80 : 0 };
}

/**
 * A random table. Of `size` possible services most are in it, each with some of 12 possible
 * destinations.
 */
export function randomTable({ below, pick }, size) {
  const yaml = [];
  const lines = [];
  for (let number = 0; number < size; number++) {
    if (below(6) === 0) continue;
    const kind = KINDS[number % KINDS.length];
    const { url, option } = addressOf(kind, number);
    const scheduler = pick(['rr', 'wrr', 'wlc', 'lc']);
    const persistence = kind.persistenceSeconds;
    lines.push(`-A ${option} -s ${scheduler}${persistence ? ` -p ${persistence}` : ''}`);
    const destinations = [];
    for (let index = 0; index < 12; index++) {
      if (below(3) === 0) continue;
      const { host, port } = destinationOf(kind, number, index);
      const weight = below(5);
      lines.push(`-a ${option} -r ${host}:${port} -m -w ${weight}`);
      const address = kind.isIpv6 ? `"${host}:${port}"` : host;
      destinations.push(`{ address: ${address}, weight: ${weight} }`);
    }
    const timeout = persistence ? `, persistence: ${persistence}s` : '';
    yaml.push(
      `  - { address: "${url}", scheduler: ${scheduler}${timeout}, destinations: [${destinations.join(', ')}] }\n`,
    );
  }
  return { yaml: `${HEAD}${yaml.join('')}`, lines: lines.sort() };
}

const HEAD = `version: 1
manage: { exclude: [{ cidr: 203.0.113.0/24 }, { fwmark: 7 }] }
defaults: { forward: masq, drain: off }
limits: { max_service_deletes: off, max_destination_deletes: off }
services:
`;

const CANARIES = [
  ['-t 203.0.113.1:80', '-s rr'],
  ['-t 203.0.113.2:80', '-s wlc -p 900'],
  ['-u 203.0.113.3:53', '-s wrr'],
  ['-u 203.0.113.4:53', '-s rr -p 120'],
  ['--sctp-service 203.0.113.5:80', '-s rr'],
  ['-f 7', '-s lc -p 300'],
];

export const CANARY_ADDRESSES = [1, 2, 3, 4, 5].map((index) => `203.0.113.${index}`);

/** The lines of the canaries, as `ipvsadm -R` reads and `ipvsadm -Sn` prints them. */
export const CANARY_LINES = CANARIES.flatMap(([option, rest], index) => [
  `-A ${option} ${rest}`,
  ...[1, 2].map((server) => {
    const port = /:(\d+)$/.exec(option)?.[1] ?? 0;
    return `-a ${option} -r 10.9.${index}.${server}:${port} -m -w ${server}`;
  }),
]);

export const isCanary = (line) => /^-[Aa] \S+ (203\.0\.113\.|7 )/.test(line);

/** The services among the lines that have a destination that takes new connections. */
export function servedServices(lines) {
  const served = new Set();
  for (const line of lines) {
    const [, service, weight] = /^-a (\S+ \S+) .* -w (\d+)$/.exec(line) ?? [];
    if (service !== undefined && weight !== '0') served.add(service);
  }
  return served;
}
