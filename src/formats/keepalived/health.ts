import type { ChecksMapping } from '../../config/config.ts';
import type { WrittenHealth, WrittenHealths } from '../../config/write/health.ts';
import type { Destination, DestinationKey } from '../../model/destination.ts';
import { reaches } from '../../model/rules.ts';
import type { ServiceKey } from '../../model/service.ts';
import { findKernelRefusal } from '../ipvsadm/script-refusals.ts';
import { serviceHealth } from '../service-health.ts';
import { type Differ, readServerChecks, reportDifferences, type ServerChecks } from './checks.ts';
import type { Context, Kinds } from './context.ts';
import { CHECK, CHECKS, IN_REAL_SERVER, IN_VIRTUAL_SERVER } from './keywords.ts';
import type { RealServer } from './real-server.ts';
import { destinationOf, type ReadService, type ReadServices } from './services.ts';
import type { Statement } from './tree.ts';
import type { VirtualServer } from './virtual-server.ts';

/** Finds how the services are checked, and lists the parts of the checks that are not carried. */
export function healthOf(
  servers: readonly VirtualServer[],
  services: ReadServices,
  context: Context,
): WrittenHealths {
  const differences = new Set<string>();
  const differ: Differ = (message, { position }, hint) => {
    if (differences.has(message)) return;
    differences.add(message);
    context.report('TRANSLATE', message, position, { severity: 'warning', hint });
  };
  const left = new Set<Statement>();
  const leaveOut = (statement: Statement, hint: string, kind = statement.keyword): void => {
    if (!left.has(statement)) context.notCarried.add(kind, statement.position, hint);
    left.add(statement);
  };
  const health = new Map<ServiceKey, WrittenHealth>();
  const entries = new Map<VirtualServer, [ServiceKey, ReadService][]>();
  for (const [key, entry] of services) {
    const own = entries.get(entry.virtualServer);
    if (own) own.push([key, entry]);
    else entries.set(entry.virtualServer, [[key, entry]]);
  }
  for (const virtual of servers) {
    const checks = readChecks(virtual, context);
    const written = (entries.get(virtual) ?? []).flatMap(([key, entry]) => {
      const found = writtenHealth(entry, checks, (checker) =>
        leaveOut(checker, CHECK, `${checker.keyword} of a server without a port`),
      );
      return found ? [[key, found] as const] : [];
    });
    for (const [key, found] of written) health.set(key, found);
    if (written.length === 0) listLeftOut(virtual.statement, IN_VIRTUAL_SERVER, context);
    else
      for (const [server, each] of checks)
        reportDifferences(each, [server.statement, virtual.statement], leaveOut, differ);
    reportSorry(
      virtual,
      written.map(([, found]) => found),
      context,
      differ,
    );
  }
  return health;
}

/** Reads the checks of the real servers that have a counterpart. The others are listed. */
function readChecks(
  { realServers, statement: virtual }: VirtualServer,
  context: Context,
): ReadonlyMap<RealServer, ServerChecks> {
  const checks = new Map<RealServer, ServerChecks>();
  for (const server of realServers) {
    if (server.isSorry) continue;
    const read = readServerChecks(server, virtual);
    if ('what' in read) {
      checks.set(server, read);
      continue;
    }
    listLeftOut(server.statement, IN_REAL_SERVER, context);
    for (const [{ keyword, position }, reason] of read)
      context.notCarried.add(`${keyword} ${reason}`.trim(), position, CHECK);
  }
  return checks;
}

/** Lists the settings of health checks in a block without checks that are carried over. */
function listLeftOut({ block }: Statement, kinds: Kinds, { notCarried }: Context): void {
  for (const { keyword, position } of block?.statements ?? []) {
    const known = Object.hasOwn(kinds, keyword) ? kinds[keyword] : undefined;
    if (known?.isOfChecks && !CHECKS.includes(keyword))
      notCarried.add(known.kind, position, known.hint);
  }
}

function writtenHealth(
  entry: ReadService,
  checks: ReadonlyMap<RealServer, ServerChecks>,
  withoutPort: (checker: Statement) => void,
): WrittenHealth | undefined {
  const mappings = new Map<DestinationKey, ChecksMapping | 'off'>();
  for (const [key, server] of entry.realServers) {
    const destination = entry.destinations.get(key);
    if (!server.isSorry && destination)
      mappings.set(key, mappingOf(checks.get(server), server, destination, withoutPort));
  }
  return serviceHealth(mappings, () => fallbackOf(entry));
}

function mappingOf(
  checks: ServerChecks | undefined,
  server: RealServer,
  destination: Destination,
  withoutPort: (checker: Statement) => void,
): ChecksMapping | 'off' {
  if (!checks) return 'off';
  const port = checks.port ?? (server.port || destination.port);
  if (port === 0 && !checks.what.command) {
    withoutPort(checks.checker);
    return 'off';
  }
  return { ...checks.what, ...(port !== destination.port && { port }), ...checks.how };
}

/** The sorry server of a service, unless the service cannot have it. */
function fallbackOf(entry: ReadService): Destination | undefined {
  const { service, destinations, realServers, group, virtualServer } = entry;
  const { sorry } = virtualServer;
  if (!sorry) return undefined;
  const { forwarding = sorry.server.forwarding } = sorry;
  const server = { ...sorry.server, weight: 1, ...(forwarding && { forwarding }) };
  const destination = destinationOf(entry, server, group !== undefined);
  const isReal = destinations.has(destination.key) && !realServers.get(destination.key)?.isSorry;
  if (isReal || !reaches(destination.forward, service.identity, destination.address))
    return undefined;
  const kind = 'add-destination';
  return findKernelRefusal({ kind, service: service.identity, destination })
    ? undefined
    : destination;
}

function reportSorry(
  { sorry }: VirtualServer,
  written: readonly WrittenHealth[],
  { notCarried }: Context,
  differ: Differ,
): void {
  if (!sorry) return;
  const { statement } = sorry.server;
  if (!written.some(({ fallback }) => fallback)) {
    const hint = 'write it as fallback in health: `ipvstate help health-checks`';
    notCarried.add('sorry server', statement.position, hint);
  } else if (!sorry.isInhibited) {
    differ(
      'a fallback waits with weight 0, keepalived adds a sorry server',
      statement,
      'it takes no connections while another server is usable',
    );
  }
}
