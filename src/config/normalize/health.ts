import { type Address, addressFamily, parseAddress } from '../../model/address.ts';
import type { Destination, DestinationKey } from '../../model/destination.ts';
import type { DestinationHealth, ServiceHealth } from '../../model/health.ts';
import type { ServicePolicy } from '../../model/policy.ts';
import type { ChecksMapping, DurationText, HealthMapping } from '../config.ts';
import { atValue, type Path, type Place, type Report } from '../finding.ts';
import { readChecks } from './health-checks.ts';
import type { Picked } from './layers.ts';
import { readDuration } from './read-duration.ts';
import { readLimit } from './settings.ts';

/** The longest interval and time limit of a check, and the longest slow start. */
const LONGEST_SECONDS = 3600;

/**
 * Reads how a destination is checked. Returns undefined for `off`, and after reporting an error.
 */
export function readHealth(
  value: ChecksMapping | string,
  path: Path,
  report: Report,
): DestinationHealth | undefined {
  if (typeof value === 'string') {
    if (value !== 'off') refuse(report, atValue(...path), `${JSON.stringify(value)} is no check`);
    return undefined;
  }
  const at = (key: string): Place => atValue(...path, key);
  const checks = readChecks(value, path, report);
  const read = (key: 'interval' | 'timeout' | 'slow_start', text: DurationText) =>
    readDuration(text, `the ${key} of health`, LONGEST_SECONDS, at(key), report);
  const { slow_start: slowStart = 'off', from: source } = value;
  const intervalSeconds = read('interval', value.interval ?? 2);
  const timeoutSeconds = read('timeout', value.timeout ?? 1);
  const jitter = readJitter(value.jitter, at('jitter'), report);
  const slowStartSeconds = slowStart === 'off' ? 0 : read('slow_start', slowStart);
  const from = source === undefined ? undefined : parseAddress(source);
  if (source !== undefined && from === undefined) {
    const message = `${JSON.stringify(source)} is not an IP address`;
    report({ code: 'ADDRESS', severity: 'error', message, place: at('from') });
    return undefined;
  }
  if (
    checks === undefined ||
    intervalSeconds === undefined ||
    timeoutSeconds === undefined ||
    jitter === undefined ||
    slowStartSeconds === undefined
  )
    return undefined;
  if (checks.length === 0)
    refuse(report, atValue(...path), 'health needs a check: tcp, http, udp, dns or command');
  const { port, rise = 2, fall = 3, initial = 'healthy' } = value;
  const { on_failure: onFailure = 'weight' } = value;
  const times = { intervalSeconds, jitter, timeoutSeconds, slowStartSeconds };
  return { checks, port, from, ...times, rise, fall, initial, onFailure };
}

/** The most that an interval is longer or shorter, in percent of it. */
const MOST_JITTER = 50;

function readJitter(text = 'off', place: Place, report: Report): number | undefined {
  if (text === 'off') return 0;
  const [, percent = 'Infinity'] = /^(0|[1-9]\d?)%$/.exec(text) ?? [];
  if (Number(percent) <= MOST_JITTER) return Number(percent) / 100;
  const message = `${JSON.stringify(text)} is not a share of an interval`;
  const hint = `write 0% to ${MOST_JITTER}%, or off`;
  report({ code: 'BAD_VALUE', severity: 'error', message, place, hint });
  return undefined;
}

function refuse(report: Report, place: Place, message: string): void {
  const hint = 'write { tcp: {} }, or off for no checks';
  report({ code: 'HEALTH', severity: 'error', message, place, hint });
}

/** Checks whether a destination can be checked in this way. Reports what speaks against it. */
export function checkHealth(
  health: DestinationHealth,
  destination: Destination,
  preservesWeight: boolean,
  place: Place,
  report: Report,
): void {
  const { key, address } = destination;
  const fail = (message: string, hint: string): void =>
    report({ code: 'HEALTH', severity: 'error', message, place, hint });
  const needsPort = health.checks.some(({ kind }) => kind !== 'command');
  if (needsPort && health.port === undefined && destination.port === 0)
    fail(`a check of ${key} needs a port: the destination has none`, 'write port: 80');
  if (health.from !== undefined && isOtherFamily(health.from, address))
    fail(
      `${key} cannot be checked from ${health.from}: that is an address of the other family`,
      'write an address of the same family',
    );
  if (preservesWeight)
    fail(
      `health sets the weight of ${key}, and preserve: [weight] leaves it to another program`,
      'remove one of them',
    );
}

function isOtherFamily(one: Address, other: Address): boolean {
  return addressFamily(one) !== addressFamily(other);
}

/** Reads the part of `health` that is about the whole service. */
export function readServiceHealth(
  picked: Picked<HealthMapping | string> | undefined,
  destinations: ServiceHealth['destinations'],
  fallback: ReadonlyMap<DestinationKey, number>,
  report: Report,
): ServicePolicy['health'] {
  if (destinations.size === 0 && fallback.size === 0) return undefined;
  const limit = typeof picked?.value === 'object' ? picked.value.max_unhealthy : undefined;
  const path = typeof picked?.place === 'object' ? picked.place.path : [];
  const maxUnhealthy = readLimit(limit, atValue(...path, 'max_unhealthy'), report);
  return { maxUnhealthy, fallback, destinations };
}
