import { hostNetmask, serviceFamily } from '../model/service.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import { type ServiceEntry, sortedDestinations, sortedServices, type Table } from '../model/table.ts';
import { formatDestinationArguments, formatServiceArguments } from './ipvsadm-arguments.ts';

/**
 * The services as `ipvsadm -S -n` prints them, which `ipvsadm -R` reads, but for its losses: thresholds are written, marks are
 * unsigned, every scheduler flag has a name, and addresses sort by value. Empty for an empty table.
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

/** What of a table `formatSave` cannot hold or `ipvsadm -R` would not take, one sentence each. */
export function findSaveLosses(table: Table): string[] {
  const { timeouts, daemons } = table;
  const losses: string[] = [];
  if (timeouts.tcp !== KERNEL_TIMEOUTS.tcp || timeouts.tcpFin !== KERNEL_TIMEOUTS.tcpFin || timeouts.udp !== KERNEL_TIMEOUTS.udp) {
    losses.push(`the timeouts ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp} (tcp tcpfin udp) are not saved`);
  }
  for (const daemon of daemons) losses.push(`the ${daemon.role} sync daemon on ${daemon.interface} is not saved`);
  for (const entry of sortedServices(table)) losses.push(...findServiceLosses(entry));
  return losses;
}

function findServiceLosses(entry: ServiceEntry): string[] {
  const { service, destinations } = entry;
  const { identity } = service;
  const losses: string[] = [];
  if (!service.persistent && service.persistenceNetmask !== hostNetmask(serviceFamily(identity))) {
    losses.push(`${service.key}: a netmask without persistence is not saved`);
  }
  if (identity.kind === 'fwmark') return losses;
  if (identity.port === 0 && !service.persistent) losses.push(`${service.key}: ipvsadm refuses port 0 without persistence`);
  if (service.onePacket && identity.protocol !== 'udp') losses.push(`${service.key}: ipvsadm refuses one-packet scheduling but for UDP`);
  for (const destination of destinations.values()) {
    if (destination.forward === 'masq' || destination.port === identity.port) continue;
    losses.push(`${service.key} ${destination.key}: ipvsadm replaces the port by the service's, forwarding is '${destination.forward}'`);
  }
  return losses;
}
