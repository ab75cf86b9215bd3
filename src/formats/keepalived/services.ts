import { addressFamily, type Family } from '../../model/address.ts';
import { type Destination, type DestinationKey, destinationKey } from '../../model/destination.ts';
import type { Position } from '../../model/issue.ts';
import { nearest } from '../../model/nearest.ts';
import { allowsOnePacket, isIdlePortZero, keepsPort, reaches } from '../../model/rules.ts';
import {
  DEFAULT_PERSISTENCE_SECONDS,
  hostNetmask,
  type Service,
  type ServiceIdentity,
  type ServiceKey,
  type ServiceSettings,
  serviceFamily,
  serviceKey,
} from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import { findKernelRefusal } from '../ipvsadm/script-refusals.ts';
import type { Context } from './context.ts';
import { DEFAULT_FORWARDING } from './forwarding.ts';
import type { Group } from './groups.ts';
import type { RealServer } from './real-server.ts';
import type { Statement } from './tree.ts';
import type { VirtualServer } from './virtual-server.ts';

/** A service, with the statements that it comes from. */
export interface ReadService extends ServiceEntry {
  readonly destinations: Map<DestinationKey, Destination>;
  readonly virtualServer: VirtualServer;
  readonly group?: Group;
  /** The line of the group. */
  readonly member?: Statement;
  readonly realServers: Map<DestinationKey, RealServer>;
}

export type ReadServices = Map<ServiceKey, ReadService>;

/** Adds the services of a virtual server: one, or one for each member of its group. */
export function addServices(
  services: ReadServices,
  server: VirtualServer,
  groups: ReadonlyMap<string, Group>,
  context: Context,
): void {
  const { report } = context;
  const { statement, realServers } = server;
  const group = groupOf(server, groups, context);
  if (server.target.kind === 'group' && !group) return;
  if (realServers.length === 0) {
    const message = 'keepalived leaves out a virtual server without real servers';
    report('UNSERVED', message, statement.position, { severity: 'warning' });
    return;
  }
  const identities = identitiesOf(server, group);
  warnOfDefaults(server, identities, context);
  const reported = new Set<RealServer>();
  const shared = sharedSettings(server, identities);
  for (const { identity, member } of identities) {
    const key = serviceKey(identity);
    const existing = services.get(key);
    const place = member ?? statement;
    if (existing) {
      const first = existing.member ?? existing.virtualServer.statement;
      report('DUPLICATE', `${key} is there already`, place.position, {
        related: { message: 'the first one is here', position: first.position },
      });
      continue;
    }
    const service = serviceOf(key, identity, server, shared);
    const entry: ReadService = {
      ...{ service, destinations: new Map(), realServers: new Map(), virtualServer: server },
      ...(group && { group }),
      ...(member && { member }),
    };
    services.set(key, entry);
    for (const realServer of realServers)
      addDestination(entry, realServer, group !== undefined, reported, context);
  }
}

function groupOf(
  { target }: VirtualServer,
  groups: ReadonlyMap<string, Group>,
  { report }: Context,
): Group | undefined {
  if (target.kind !== 'group') return undefined;
  const { text, position } = target.name;
  const group = groups.get(text);
  if (group) {
    group.isUsed = true;
    return group;
  }
  const near = nearest(text, groups.keys())[0];
  const hint =
    near === undefined
      ? `define it: virtual_server_group ${text} { ... }`
      : `did you mean "${near}"?`;
  report('REFERENCE', `there is no virtual_server_group ${JSON.stringify(text)}`, position, {
    hint,
  });
  return undefined;
}

interface Identity {
  readonly identity: ServiceIdentity;
  readonly member?: Statement;
}

function identitiesOf(server: VirtualServer, group: Group | undefined): readonly Identity[] {
  const { target, protocol = 'udp' } = server;
  if (target.kind === 'address') return [{ identity: { ...target, protocol } }];
  if (target.kind === 'fwmark') return [{ identity: { ...target, family: familyOf(server) } }];
  return (group?.members ?? []).map(({ member, statement }) => ({
    identity:
      member.kind === 'address'
        ? { ...member, protocol }
        : { ...member, family: member.family ?? server.family ?? 'ipv4' },
    member: statement,
  }));
}

/** The family of a mark whose servers are all reached by tunnels is theirs, when they share it. */
function familyOf({ family, realServers }: VirtualServer): Family {
  if (family) return family;
  const families = new Set(realServers.map(({ address }) => addressFamily(address)));
  return families.size === 1 && families.has('ipv6') ? 'ipv6' : 'ipv4';
}

/** Warns of defaults of keepalived that are seldom meant, and of settings that it drops. */
function warnOfDefaults(
  server: VirtualServer,
  identities: readonly Identity[],
  { report }: Context,
): void {
  const severity = 'warning';
  const { statement, protocol, onePacket, persistenceTimeoutSeconds, granularity } = server;
  const hasAddress = identities.some(({ identity }) => identity.kind === 'address');
  if (hasAddress && protocol === undefined) {
    const hint = 'write protocol TCP when that is meant';
    report('MISSING_KEY', 'without a protocol, keepalived takes UDP', statement.position, {
      ...{ severity, hint },
    });
  }
  if (onePacket && isOnePacket(server, identities) === false) {
    const message = 'keepalived drops ops, because the protocol is not UDP';
    report('NO_EFFECT', message, onePacket.position, { severity });
  }
  if (persistenceTimeoutSeconds === 0 && hasPortZero(identities)) {
    const seconds = DEFAULT_PERSISTENCE_SECONDS;
    const message = `port 0 needs persistence: keepalived sets it, to ${seconds} seconds`;
    report('PERSISTENCE', message, statement.position, { severity });
  } else if (persistenceTimeoutSeconds === 0 && server.persistenceEngine !== '') {
    const message = 'the persistence engine has no effect without persistence';
    report('NO_EFFECT', message, statement.position, { severity });
  }
  if (granularity && server.target.kind === 'group') {
    const message = 'keepalived does not use persistence_granularity for a group';
    report('NO_EFFECT', message, granularity.statement.position, {
      ...{ severity, hint: 'set persistence.netmask in the new file when it is meant' },
    });
  }
}

const hasPortZero = (identities: readonly Identity[]): boolean =>
  identities.some(({ identity }) => isIdlePortZero({ identity, persistent: false }));

/** One service whose protocol does not allow it takes the flag from its whole group. */
function isOnePacket({ onePacket }: VirtualServer, identities: readonly Identity[]): boolean {
  return onePacket !== undefined && identities.every(({ identity }) => allowsOnePacket(identity));
}

/** Settings that all members of a group decide together. */
interface SharedSettings {
  readonly onePacket: boolean;
  /** The persistence timeout. */
  readonly seconds: number;
}

function sharedSettings(server: VirtualServer, identities: readonly Identity[]): SharedSettings {
  const fallback = hasPortZero(identities) ? DEFAULT_PERSISTENCE_SECONDS : 0;
  return {
    onePacket: isOnePacket(server, identities),
    seconds: server.persistenceTimeoutSeconds || fallback,
  };
}

function serviceOf(
  key: ServiceKey,
  identity: ServiceIdentity,
  server: VirtualServer,
  { onePacket, seconds }: SharedSettings,
): Service {
  const { scheduler, schedulerFlags, granularity, target } = server;
  const host = hostNetmask(serviceFamily(identity));
  const settings: ServiceSettings = {
    scheduler,
    schedulerFlags,
    onePacket,
    persistent: seconds > 0,
    persistenceTimeoutSeconds: seconds,
    persistenceNetmask: target.kind === 'group' ? host : (granularity?.netmask ?? host),
    persistenceEngine: seconds > 0 ? server.persistenceEngine : '',
  };
  return { key, identity, ...settings };
}

/** @param reported the servers that an issue was reported about, for another member of the group */
function addDestination(
  entry: ReadService,
  server: RealServer,
  isGroup: boolean,
  reported: Set<RealServer>,
  context: Context,
): void {
  const { service, destinations, realServers } = entry;
  const { identity } = service;
  const destination = destinationOf(entry, server, isGroup);
  const first = realServers.get(destination.key);
  if (first && server.isSorry) return;
  if (!reported.has(server)) {
    const isReported = reportDestination(
      identity,
      destination,
      server,
      first?.statement.position,
      context,
    );
    if (isReported) reported.add(server);
  }
  if (first) return;
  destinations.set(destination.key, destination);
  realServers.set(destination.key, server);
}

/** The destination that a real server, or a sorry server, is for a service. */
export function destinationOf(
  { service, virtualServer }: Pick<ReadService, 'service' | 'virtualServer'>,
  server: RealServer,
  isGroup: boolean,
): Destination {
  const { address, upperThreshold, lowerThreshold } = server;
  const forwarding = server.forwarding ?? virtualServer.forwarding ?? DEFAULT_FORWARDING;
  const port = portOf(service.identity, server, forwarding.forward, isGroup);
  return {
    key: destinationKey(address, port),
    ...{ address, port, ...forwarding, upperThreshold, lowerThreshold },
    weight: server.weight ?? virtualServer.weight,
  };
}

/** A server that is routed or tunnelled to has the port of its service; that of a mark is 0. */
function portOf(
  identity: ServiceIdentity,
  { port, isSorry }: RealServer,
  forward: Destination['forward'],
  isGroup: boolean,
): number {
  const own = identity.kind === 'address' ? identity.port : 0;
  if (forward !== 'masq') return own;
  // keepalived takes the port of the service only here.
  return port === 0 && !isGroup && !isSorry ? own : port;
}

/** Reports the problems of a destination. Returns true when there are some. */
function reportDestination(
  identity: ServiceIdentity,
  destination: Destination,
  { statement, port }: RealServer,
  first: Position | undefined,
  { report }: Context,
): boolean {
  const { address, forward } = destination;
  const { position } = statement;
  if (first) {
    report('DUPLICATE', `${destination.key} is there already`, position, {
      related: { message: 'the first one is here', position: first },
    });
    return true;
  }
  if (!reaches(forward, identity, address)) {
    const message = `${address} is of another family than ${serviceKey(identity)}`;
    report('FAMILY', message, position, { hint: 'only a tunnel reaches it: lvs_method TUN' });
    return true;
  }
  const kind = 'add-destination';
  const refusal = findKernelRefusal({ kind, service: identity, destination });
  if (refusal) {
    report(refusal.code, refusal.message, position);
    return true;
  }
  const isKept = identity.kind === 'fwmark' ? forward !== 'masq' : keepsPort(identity, forward);
  if (port === 0 || port === destination.port || !isKept) return false;
  const word = statement.words[1];
  const message = `keepalived takes port ${destination.port} in place of ${port}`;
  report('PORT', message, word?.position ?? position, {
    ...{ severity: 'warning', hint: 'only NAT changes the port of a packet' },
  });
  return true;
}
