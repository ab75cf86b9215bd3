import type { Destination } from '../../model/destination.ts';
import { allowsOnePacket, isIdlePortZero, keepsPort } from '../../model/rules.ts';
import { hostNetmask, type ServiceIdentity, serviceFamily } from '../../model/service.ts';
import { KERNEL_TIMEOUTS } from '../../model/settings.ts';
import {
  type ServiceEntry,
  sortedDestinations,
  sortedServices,
  type Table,
} from '../../model/table.ts';
import { formatDestinationArguments, formatServiceArguments } from './arguments.ts';

/**
 * Formats the services as `ipvsadm -S -n` does, without its faults: thresholds are written, marks
 * are unsigned, every scheduler flag has a name, and addresses sort by value. `ipvsadm -R` reads
 * the result. It is empty for an empty table, and has nothing that `ipvsadm -R` refuses.
 */
export function formatSave(table: Pick<Table, 'services'>): string {
  const lines: string[] = [];
  for (const entry of sortedServices(table)) {
    const { service } = entry;
    const { identity } = service;
    if (isIdlePortZero(service)) continue;
    const onePacket = service.onePacket && allowsOnePacket(identity);
    lines.push(`-A ${formatServiceArguments({ ...service, onePacket })}\n`);
    for (const destination of destinationsWithPorts(entry).written)
      lines.push(`-a ${formatDestinationArguments(identity, destination)}\n`);
  }
  return lines.join('');
}

/** Tells whether ipvsadm gives a destination the port of its service in place of its own. */
function losesPort(service: ServiceIdentity, { forward, port }: Destination): boolean {
  return service.kind === 'address' && keepsPort(service, forward) && port !== service.port;
}

/**
 * The destinations to write. Those that lose their port can get the key of another one, and
 * `ipvsadm -R` refuses a key that is there already.
 */
function destinationsWithPorts(entry: ServiceEntry): {
  readonly written: readonly Destination[];
  readonly leftOut: ReadonlySet<Destination>;
} {
  const { identity } = entry.service;
  const sorted = sortedDestinations(entry);
  if (identity.kind === 'fwmark' || !sorted.some((destination) => losesPort(identity, destination)))
    return { written: sorted, leftOut: new Set() };
  const atPort = new Set(
    sorted.filter(({ port }) => port === identity.port).map(({ address }) => address),
  );
  const leftOut = new Set<Destination>();
  for (const destination of sorted) {
    if (!losesPort(identity, destination)) continue;
    if (atPort.has(destination.address)) leftOut.add(destination);
    atPort.add(destination.address);
  }
  return { written: sorted.filter((destination) => !leftOut.has(destination)), leftOut };
}

/**
 * Names the parts of a table that `formatSave` leaves out, and the parts that `ipvsadm -R` would
 * refuse or change. Each is a noun phrase.
 */
export function saveLosses(table: Table): string[] {
  const { timeouts, daemons } = table;
  const losses: string[] = [];
  if (
    timeouts.tcp !== KERNEL_TIMEOUTS.tcp ||
    timeouts.tcpFin !== KERNEL_TIMEOUTS.tcpFin ||
    timeouts.udp !== KERNEL_TIMEOUTS.udp
  ) {
    losses.push(
      `the timeouts ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp} (tcp, tcp_fin, udp)`,
    );
  }
  for (const daemon of daemons)
    losses.push(`the ${daemon.role} sync daemon on ${daemon.interface}`);
  for (const entry of sortedServices(table))
    for (const loss of serviceLosses(entry)) losses.push(loss);
  return losses;
}

function serviceLosses(entry: ServiceEntry): string[] {
  const { service } = entry;
  const { identity } = service;
  if (isIdlePortZero(service))
    return [`${service.key}, which is not persistent: ipvsadm refuses its port 0`];
  const losses: string[] = [];
  if (!service.persistent && service.persistenceNetmask !== hostNetmask(serviceFamily(identity))) {
    losses.push(`the netmask of ${service.key}, which is not persistent`);
  }
  if (identity.kind === 'fwmark') return losses;
  if (service.onePacket && !allowsOnePacket(identity))
    losses.push(
      `the flag of ${service.key}: ipvsadm refuses one-packet scheduling of ${identity.protocol}`,
    );
  const { written, leftOut } = destinationsWithPorts(entry);
  const reason = ({ forward }: Destination) => `ipvsadm gives '${forward}' the service's port`;
  for (const destination of written) {
    if (losesPort(identity, destination))
      losses.push(`the port of ${destination.key} of ${service.key}: ${reason(destination)}`);
  }
  for (const destination of leftOut) {
    const why = `${reason(destination)}, which another destination has`;
    losses.push(`${destination.key} of ${service.key}: ${why}`);
  }
  return losses;
}
