import type { Family } from '../../model/address.ts';
import { formatDuration } from '../../model/duration.ts';
import {
  DEFAULT_PERSISTENCE_SECONDS,
  hostNetmask,
  type Service,
  serviceFamily,
} from '../../model/service.ts';
import type { PersistenceMapping } from '../config.ts';
import { yamlQuoted, yamlText } from './yaml-scalar.ts';

/** Returns undefined for a service with default persistence. */
export function persistenceOf(service: Service): PersistenceMapping | undefined {
  const family = serviceFamily(service.identity);
  const netmask =
    service.persistenceNetmask === hostNetmask(family)
      ? undefined
      : formatNetmask(service.persistenceNetmask, family);
  const rest = {
    ...(netmask === undefined ? {} : { netmask }),
    ...(service.persistenceEngine === '' ? {} : { engine: service.persistenceEngine }),
  };
  if (service.persistent)
    return { timeout: service.persistenceTimeoutSeconds || DEFAULT_PERSISTENCE_SECONDS, ...rest };
  return Object.keys(rest).length === 0 ? undefined : { enabled: false, ...rest };
}

/** Formats a netmask for a configuration: a prefix length from 1 to 32, or else a dotted mask. */
function formatNetmask(mask: number, family: Family): number | string {
  if (family === 'ipv6') return mask;
  const length = Math.clz32(~mask >>> 0);
  const contiguous = mask !== 0 && (0xffff_ffff << (32 - length)) >>> 0 === mask;
  return contiguous
    ? length
    : [mask >>> 24, (mask >>> 16) & 255, (mask >>> 8) & 255, mask & 255].join('.');
}

/** Formats the persistence of a service as YAML. */
export function formatPersistence(persistence: PersistenceMapping): string {
  const { timeout, netmask, engine, enabled } = persistence;
  const time = timeout === undefined ? undefined : formatDuration(Number(timeout));
  if (netmask === undefined && engine === undefined && enabled === undefined) return time ?? '{}';
  const pairs: string[] = [];
  if (enabled !== undefined) pairs.push(`enabled: ${enabled}`);
  if (time !== undefined) pairs.push(`timeout: ${time}`);
  if (netmask !== undefined)
    pairs.push(`netmask: ${typeof netmask === 'number' ? netmask : yamlQuoted(netmask)}`);
  if (engine !== undefined) pairs.push(`engine: ${yamlText(engine)}`);
  return `{ ${pairs.join(', ')} }`;
}
