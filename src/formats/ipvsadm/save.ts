import { allowsOnePacket, isIdlePortZero, keepsPort } from '../../model/rules.ts';
import { hostNetmask, serviceFamily } from '../../model/service.ts';
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
 * the result. It is empty for an empty table.
 */
export function formatSave(table: Pick<Table, 'services'>): string {
  const lines: string[] = [];
  for (const entry of sortedServices(table)) {
    lines.push(`-A ${formatServiceArguments(entry.service)}\n`);
    for (const destination of sortedDestinations(entry)) {
      lines.push(`-a ${formatDestinationArguments(entry.service.identity, destination)}\n`);
    }
  }
  return lines.join('');
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
  const { service, destinations } = entry;
  const { identity } = service;
  const losses: string[] = [];
  if (!service.persistent && service.persistenceNetmask !== hostNetmask(serviceFamily(identity))) {
    losses.push(`the netmask of ${service.key}, which is not persistent`);
  }
  if (identity.kind === 'fwmark') return losses;
  if (isIdlePortZero(service))
    losses.push(`${service.key}, which is not persistent: ipvsadm refuses its port 0`);
  if (service.onePacket && !allowsOnePacket(identity))
    losses.push(`${service.key}: ipvsadm refuses one-packet scheduling of ${identity.protocol}`);
  for (const { key, forward, port } of destinations.values()) {
    if (!keepsPort(identity, forward) || port === identity.port) continue;
    const reason = `ipvsadm gives '${forward}' the service's port`;
    losses.push(`the port of ${key} of ${service.key}: ${reason}`);
  }
  return losses;
}
