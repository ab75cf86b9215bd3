import type { Destination } from '../model/destination.ts';
import { formatDuration } from '../model/duration.ts';
import { formatIPv4Mask } from '../model/netmask.ts';
import { schedulerFlagNames } from '../model/scheduler.ts';
import { type Service, serviceFamily } from '../model/service.ts';
import type { Daemon, Timeouts } from '../model/settings.ts';
import type { Change } from './change.ts';

export type FieldValue = string | number | boolean | null | readonly string[];

/** The settings of an object by their names in the configuration file, in a fixed order. Times are seconds. */
export type Fields = { readonly [name: string]: FieldValue };

export interface FieldChange {
  readonly field: string;
  readonly before: FieldValue;
  readonly after: FieldValue;
}

export function serviceFields(service: Service): Fields {
  const mask = service.persistenceNetmask;
  return {
    scheduler: service.scheduler,
    scheduler_flags: schedulerFlagNames(service.scheduler, service.schedulerFlags),
    one_packet: service.onePacket,
    'persistence.timeout': service.persistent ? service.persistenceTimeoutSeconds : null,
    'persistence.netmask': serviceFamily(service.identity) === 'ipv4' ? formatIPv4Mask(mask) : mask,
    'persistence.engine': service.persistenceEngine || null,
  };
}

export function destinationFields(destination: Destination): Fields {
  return {
    forward: destination.forward,
    weight: destination.weight,
    upper_threshold: destination.upperThreshold,
    lower_threshold: destination.lowerThreshold,
    'tunnel.type': destination.forward === 'tunnel' ? destination.tunnelType : null,
    'tunnel.port': destination.tunnelPort || null,
    'tunnel.checksum': destination.forward === 'tunnel' ? destination.tunnelChecksum : null,
  };
}

export function timeoutFields(timeouts: Timeouts): Fields {
  return { tcp: timeouts.tcp, tcp_fin: timeouts.tcpFin, udp: timeouts.udp };
}

export function daemonFields(daemon: Daemon): Fields {
  return {
    interface: daemon.interface,
    sync_id: daemon.syncId,
    max_length: daemon.maxLength || null,
    group: daemon.group ?? null,
    port: daemon.port || null,
    ttl: daemon.ttl || null,
  };
}

/** The settings on both sides of a change; null for a side that does not exist. */
export function changeFields(change: Change): {
  readonly before: Fields | null;
  readonly after: Fields | null;
} {
  switch (change.object) {
    case 'service':
      return {
        before: change.before ? serviceFields(change.before.service) : null,
        after: change.after ? serviceFields(change.after.service) : null,
      };
    case 'destination':
      return {
        before: change.before ? destinationFields(change.before) : null,
        after: change.after ? destinationFields(change.after) : null,
      };
    case 'sysctl':
      return { before: { value: change.before }, after: { value: change.after } };
    case 'timeouts':
      return { before: timeoutFields(change.before), after: timeoutFields(change.after) };
    case 'daemon':
      return {
        before: change.before ? daemonFields(change.before) : null,
        after: change.after ? daemonFields(change.after) : null,
      };
    default:
      return change satisfies never;
  }
}

/** The settings that differ, of an object that exists on both sides. */
export function fieldChanges(before: Fields, after: Fields): FieldChange[] {
  return Object.entries(after).flatMap(([field, value]) => {
    const old = before[field] ?? null;
    return String(old) === String(value) ? [] : [{ field, before: old, after: value }];
  });
}

const DURATIONS: ReadonlySet<string> = new Set(['persistence.timeout', 'tcp', 'tcp_fin', 'udp']);

/** A setting for people: `15m`, `mh-port,mh-fallback`, `none`. */
export function formatFieldValue(field: string, value: FieldValue): string {
  if (value === null || (Array.isArray(value) && value.length === 0))
    return field === 'persistence.timeout' ? 'off' : 'none';
  return typeof value === 'number' && DURATIONS.has(field) ? formatDuration(value) : String(value);
}
