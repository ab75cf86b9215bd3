import type { Destination } from './destination.ts';
import type { Service } from './service.ts';
import type { Daemon, Timeouts } from './settings.ts';
import type { ServiceEntry } from './table.ts';

/** Equal settings; the identities are equal already, because both came from the same key. */
export function sameService(a: Service, b: Service): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedulerFlags === b.schedulerFlags &&
    a.onePacket === b.onePacket &&
    a.persistent === b.persistent &&
    a.persistenceTimeoutSeconds === b.persistenceTimeoutSeconds &&
    a.persistenceNetmask === b.persistenceNetmask &&
    a.persistenceEngine === b.persistenceEngine
  );
}

export function sameDestination(a: Destination, b: Destination): boolean {
  return (
    a.weight === b.weight &&
    a.forward === b.forward &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold &&
    a.tunnelType === b.tunnelType &&
    a.tunnelPort === b.tunnelPort &&
    a.tunnelChecksum === b.tunnelChecksum
  );
}

/** Equal settings and equal destinations. */
export function sameEntry(a: ServiceEntry, b: ServiceEntry): boolean {
  if (a.destinations.size !== b.destinations.size || !sameService(a.service, b.service))
    return false;
  for (const [key, destination] of a.destinations) {
    const other = b.destinations.get(key);
    if (other === undefined || !sameDestination(destination, other)) return false;
  }
  return true;
}

export function sameTimeouts(a: Timeouts, b: Timeouts): boolean {
  return a.tcp === b.tcp && a.tcpFin === b.tcpFin && a.udp === b.udp;
}

export function sameDaemon(a: Daemon, b: Daemon): boolean {
  return (
    a.role === b.role &&
    a.interface === b.interface &&
    a.syncId === b.syncId &&
    a.maxLength === b.maxLength &&
    a.group === b.group &&
    a.port === b.port &&
    a.ttl === b.ttl
  );
}
