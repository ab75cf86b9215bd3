import type { Link, Network, Route } from '../../kernel/netlink/network.ts';
import { addressFamily } from '../../model/address.ts';
import type { Destination } from '../../model/destination.ts';
import { shellWord } from '../../model/shell-word.ts';
import {
  type DesiredDestination,
  desiredDestinations,
  ofClients,
  remoteDestinations,
} from '../desired-parts.ts';
import type { Check, Facts } from '../facts.ts';
import {
  advise,
  type Finding,
  type Fix,
  listOf,
  notKnown,
  ok,
  remark,
  run,
  warning,
} from '../finding.ts';

/** The most addresses that the kernel is asked for a route to. */
export const MAX_ROUTES = 1000;

/** The way from here to the destinations. */
export const ROUTES: Check = {
  name: 'routes',
  examine: ({ desired, kernel: { network } }) => {
    const all = [...desiredDestinations(desired, 'masq', 'route', 'tunnel')];
    if (all.length === 0) return [];
    if (!network.isKnown) return [notKnown('the routes to the destinations', network)];
    const { routes } = network.value;
    const lost = all.filter(
      ({ destination }) => typeof routes.get(destination.address) === 'string',
    );
    const behind = all.filter(({ destination }) => {
      const route = routes.get(destination.address);
      return destination.forward === 'route' && typeof route === 'object' && route.hasGateway;
    });
    const findings = [...noRoute(lost), ...behindGateway(behind)];
    if (findings.length > 0) return findings;
    const isPart = routes.size === MAX_ROUTES;
    return [ok(`${isPart ? `each of the first ${MAX_ROUTES} destinations` : 'each'} has a route`)];
  },
};

function noRoute(lost: readonly DesiredDestination[]): Finding[] {
  const addresses = addressesOf(lost);
  const [first] = addresses;
  if (first === undefined) return [];
  return [
    warning(
      `there is no route to ${listOf(addresses)}`,
      'The kernel takes such a destination, and drops what is for it.',
      advise(`Add a route. \`ip route get ${first}\` shows what the kernel finds.`),
    ),
  ];
}

function behindGateway(behind: readonly DesiredDestination[]): Finding[] {
  const addresses = addressesOf(behind);
  const [first] = addresses;
  if (first === undefined) return [];
  return [
    warning(
      `${listOf(addresses)} (route) is behind a gateway`,
      'With the method route, a packet keeps the address of the service. A gateway sends it back ' +
        'here, or drops it: the server has to be on a network of this machine.',
      advise(`Use forward: tunnel, or put the server on a network of this machine.`),
    ),
  ];
}

function addressesOf(destinations: readonly DesiredDestination[]): string[] {
  return [...new Set(destinations.map(({ destination }) => destination.address as string))];
}

/** Bytes of a packet of most clients, which come over Ethernet. */
const CLIENT_MTU = 1500;

/** Tunnels make packets longer. */
export const TUNNELS: Check = {
  name: 'tunnels',
  examine: (facts) => {
    const { network, settings } = facts.kernel;
    const tunnels = remoteDestinations(facts, 'tunnel');
    if (tunnels.length === 0) return [];
    if (!network.isKnown) return [notKnown('the MTU for tunnels', network)];
    const narrow = narrowLinks(tunnels, network.value);
    const [first] = narrow;
    if (first === undefined) return [ok('each interface has room for the headers of tunnels')];
    const fragments = settings.isKnown && settings.value.get('net/ipv4/vs/pmtu_disc') === '0';
    return narrow.map(({ link, header, addresses }) =>
      remark(
        `a packet of ${CLIENT_MTU} bytes and ${header} of the tunnel do not fit the MTU ` +
          `${link.mtu} of ${link.name}, to ${listOf([...addresses])}`,
        fragments
          ? 'Such packets of IPv4 are sent in fragments, because net.ipv4.vs.pmtu_disc is 0.'
          : 'The kernel asks the client for shorter packets by ICMP. Where a firewall drops ' +
              'that, long requests hang. A longer MTU is of use where the switches and the ' +
              'servers take such packets.',
        run(`ip link set dev ${shellWord(link.name)} mtu ${CLIENT_MTU + header}`),
      ),
    );
  },
};

interface NarrowLink {
  readonly link: Link;
  readonly header: number;
  readonly addresses: ReadonlySet<string>;
}

function narrowLinks(tunnels: readonly DesiredDestination[], network: Network): NarrowLink[] {
  const links = new Map(network.links.map((link) => [link.index, link]));
  const found = new Map<string, NarrowLink & { readonly addresses: Set<string> }>();
  for (const { destination } of tunnels) {
    const route = network.routes.get(destination.address);
    const link = isRoute(route) ? links.get(route.link) : undefined;
    const header = headerLength(destination);
    if (!link || link.mtu >= CLIENT_MTU + header) continue;
    const widest = found.get(link.name);
    const addresses = (widest?.addresses ?? new Set<string>()).add(destination.address);
    found.set(link.name, { link, header: Math.max(header, widest?.header ?? 0), addresses });
  }
  return [...found.values()];
}

function isRoute(route: Route | string | undefined): route is Route {
  return typeof route === 'object';
}

/**
 * Bytes that a tunnel puts before a packet: an IP header, and those of GRE or of UDP and GUE
 * (kernel: ip_vs_xmit.c).
 */
function headerLength({ address, tunnelType, tunnelChecksum }: Destination): number {
  const ip = addressFamily(address) === 'ipv4' ? 20 : 40;
  if (tunnelType === 'ipip') return ip;
  if (tunnelType === 'gre') return ip + (tunnelChecksum === 'csum' ? 8 : 4);
  return ip + 12 + (tunnelChecksum === 'remcsum' ? 8 : 0);
}

/** A strict filter drops a client's packet when the answer would leave by another interface. */
export const REVERSE_PATH: Check = {
  name: 'reverse path',
  examine: (facts) => {
    const { kernel } = facts;
    const { settings, network, reversePathDrops } = kernel;
    // The filter is for IPv4 only.
    if (ofClients(remoteDestinations(facts, 'route', 'tunnel'), 'ipv4').length === 0) return [];
    if (!settings.isKnown) return [notKnown('rp_filter', settings)];
    if (!network.isKnown) return [notKnown('the interfaces', network)];
    const up = network.value.links.filter(({ isUp, isLoopback }) => isUp && !isLoopback);
    const filterOf = (entry: string): number =>
      Number(settings.value.get(`net/ipv4/conf/${entry}/rp_filter`) ?? 0);
    const strict = up
      .map(({ name }) => name)
      .filter((name) => Math.max(filterOf('all'), filterOf(name)) === 1);
    // With one interface, every answer leaves by the one that the request came in by.
    if (strict.length === 0 || up.length < 2) return [ok('rp_filter drops no packet of a client')];
    const seen = `rp_filter is strict (1) on ${listOf(strict)}`;
    const why =
      'With route and tunnel, servers answer clients past this machine. A strict filter drops a ' +
      "client's packet when this machine itself would answer by another interface.";
    const drops = reversePathDrops.isKnown ? (reversePathDrops.value ?? 0) : 0;
    return [
      drops > 0
        ? warning(`${seen}, and has dropped ${drops} packets`, why, loosen(strict))
        : remark(seen, why, loosen(strict)),
    ];
  },
};

/** More commands than these would fill the screen; one for all interfaces does the same. */
const MANY = 4;

function loosen(names: readonly string[]): Fix {
  if (names.length > MANY) return run('sysctl -w net.ipv4.conf.all.rp_filter=2');
  return run(...names.map((name) => `sysctl -w ${shellWord(`net/ipv4/conf/${name}/rp_filter=2`)}`));
}

/** The addresses of services on the servers, which no check here can see. */
export const SERVERS: Check = {
  name: 'servers',
  examine: (facts) => {
    const servers = remoteDestinations(facts, 'route', 'tunnel');
    const [first] = servers;
    if (!first) return [];
    // Linux answers neighbour solicitations only for addresses of the interface that got them.
    if (ofClients(servers, 'ipv4').length === 0)
      return [
        remark(
          'servers with route or tunnel need the address of the service on lo',
          'Nothing here can see that. A server without the address drops the packets.',
          advise('On each server: `ip -6 address add ADDRESS/128 dev lo`.'),
        ),
      ];
    return [
      remark(
        'servers with route or tunnel need the address of the service, and must not answer ARP',
        'Nothing here can see that. A server that answers ARP takes clients away from this ' +
          'machine. Run this on each server:',
        run(
          'sysctl -w net.ipv4.conf.all.arp_ignore=1',
          'sysctl -w net.ipv4.conf.all.arp_announce=2',
        ),
      ),
    ];
  },
};

export function routedAddresses({ desired }: Pick<Facts, 'desired'>) {
  const all = desiredDestinations(desired, 'masq', 'route', 'tunnel');
  return [...new Set([...all].map(({ destination }) => destination.address))].slice(0, MAX_ROUTES);
}
