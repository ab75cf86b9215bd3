import { type Family, parseAddress, writeAddress } from '../../model/address.ts';
import { isEngineName } from '../../model/names.ts';
import {
  DEFAULT_PERSISTENCE_SECONDS,
  hostNetmask,
  MAX_PERSISTENCE_SECONDS,
  type ServiceIdentity,
  type ServiceSettings,
  serviceFamily,
} from '../../model/service.ts';
import type { DurationText, PersistenceMapping } from '../config.ts';
import type { Place, Report } from '../finding.ts';
import { type Picked, placeInside } from './layers.ts';
import { readDuration } from './read-duration.ts';
import type { Places } from './trace.ts';

type PersistenceSettings = Pick<
  ServiceSettings,
  'persistent' | 'persistenceTimeoutSeconds' | 'persistenceNetmask' | 'persistenceEngine'
>;

/** Returns undefined after reporting an error. */
export function normalizePersistence(
  picked: Picked<DurationText | PersistenceMapping> | undefined,
  service: ServiceIdentity,
  report: Report,
  places: Places | undefined,
): PersistenceSettings | undefined {
  const family = serviceFamily(service);
  if (!picked)
    return {
      persistent: false,
      persistenceTimeoutSeconds: 0,
      persistenceNetmask: hostNetmask(family),
      persistenceEngine: '',
    };
  const block = blockOf(picked.value);
  const at = (key: string): Place => placeInside(picked, key);
  const persistent = block.enabled ?? true;
  const written = block.timeout ?? DEFAULT_PERSISTENCE_SECONDS;
  const timeout = readDuration(
    written,
    'a persistence timeout',
    MAX_PERSISTENCE_SECONDS,
    at('timeout'),
    report,
  );
  const netmask = readNetmask(block.netmask, family, at('netmask'), report);
  const engine = readEngine(block.engine, service, at('engine'), report);
  if (!persistent) reportIdle(block, at, report);
  if (timeout === undefined || netmask === undefined || engine === undefined) return undefined;
  if (places) tracePersistence(block, picked.place, at, places);
  return {
    persistent,
    persistenceTimeoutSeconds: persistent ? timeout : 0,
    persistenceNetmask: netmask,
    persistenceEngine: engine,
  };
}

function tracePersistence(
  block: PersistenceMapping,
  whole: Place,
  at: (key: string) => Place,
  places: Places,
): void {
  for (const key of ['netmask', 'engine'] as const)
    if (block[key] !== undefined) places.set(`persistence.${key}`, at(key));
  const isOff = block.enabled === false;
  const isWritten = isOff || block.timeout !== undefined;
  // A mapping without a timeout makes the service persistent, too.
  places.set('persistence.timeout', isWritten ? at(isOff ? 'enabled' : 'timeout') : whole);
}

function blockOf(value: DurationText | PersistenceMapping): PersistenceMapping {
  if (typeof value === 'object') return value;
  return value === 'off' ? { enabled: false } : { timeout: value };
}

function reportIdle(block: PersistenceMapping, at: (key: string) => Place, report: Report): void {
  for (const key of ['timeout', 'netmask', 'engine'] as const) {
    if (block[key] === undefined) continue;
    const message = `${key} has no effect while persistence is not enabled`;
    report({
      code: 'NO_EFFECT',
      severity: 'warning',
      message,
      place: at(key),
      hint: `remove it, or write enabled: true`,
    });
  }
}

/** Reads the netmask, ipvsadm's `-M`. The kernel stores any 32-bit mask. */
function readNetmask(
  value: number | string | undefined,
  family: Family,
  place: Place,
  report: Report,
): number | undefined {
  if (value === undefined) return hostNetmask(family);
  if (typeof value === 'number') {
    if (family === 'ipv6') return value;
    if (value <= 32) return (0xffff_ffff << (32 - value)) >>> 0;
    report({
      code: 'NETMASK',
      severity: 'error',
      message: `an IPv4 prefix length is at most 32, not ${value}`,
      place,
    });
    return undefined;
  }
  const address = parseAddress(value);
  if (family === 'ipv6' || address === undefined || address.includes(':')) {
    const bare = value.replace(/^\//, '');
    const hint = /^[0-9]+$/.test(bare)
      ? `write ${bare} without quotes${bare === value ? '' : ' and "/"'}`
      : undefined;
    const wanted =
      family === 'ipv6'
        ? 'a prefix length from 1 to 128'
        : 'a prefix length from 1 to 32 or a mask such as 255.255.255.0';
    const kind = family === 'ipv6' ? 'IPv6' : 'IPv4';
    const quoted = JSON.stringify(value);
    const message = `${quoted} is no netmask of an ${kind} service: it must be ${wanted}`;
    report({
      code: 'NETMASK',
      severity: 'error',
      message,
      place,
      ...(hint === undefined ? {} : { hint }),
    });
    return undefined;
  }
  const bytes = new Uint8Array(16);
  writeAddress(address, bytes, 0);
  const mask = new DataView(bytes.buffer).getUint32(0);
  if (mask === 0) {
    report({
      code: 'NETMASK',
      severity: 'warning',
      message: 'with the netmask 0.0.0.0 all clients count as one',
      place,
    });
  } else if ((~mask & (~mask + 1)) >>> 0 !== 0) {
    report({
      code: 'NETMASK',
      severity: 'warning',
      message: `the netmask ${value} has holes`,
      place,
      hint: 'is it a wildcard mask, the wrong way round?',
    });
  }
  return mask;
}

function readEngine(
  value: string | undefined,
  service: ServiceIdentity,
  place: Place,
  report: Report,
): string | undefined {
  if (value === undefined) return '';
  if (!isEngineName(value)) {
    const quoted = JSON.stringify(value);
    const message = `${quoted} is not the name of an engine: 1 to 16 characters without blanks`;
    report({ code: 'PERSISTENCE', severity: 'error', message, place });
    return undefined;
  }
  if (value !== 'sip') {
    const reason = `it needs a module ip_vs_pe_${value}`;
    const message = `the persistence engine "${value}" is not one of the Linux kernel's: ${reason}`;
    report({
      code: 'PERSISTENCE',
      severity: 'warning',
      message,
      place,
      hint: 'the kernel has sip',
    });
  } else if (service.kind === 'address' && service.protocol !== 'udp') {
    report({
      code: 'PERSISTENCE',
      severity: 'warning',
      message: `the engine sip works for udp only, not for ${service.protocol}`,
      place,
    });
  }
  return value;
}
