import { type Address, addressFamily } from '../../model/address.ts';
import {
  DEFAULT_DESTINATION_SETTINGS,
  type Destination,
  type DestinationKey,
  destinationKey,
  type Forward,
} from '../../model/destination.ts';
import {
  isLinkLocalIPv6,
  keepsPort,
  reaches,
  refuseDestinationAddress,
  refuseThresholds,
} from '../../model/rules.ts';
import { type ServiceIdentity, serviceFamily } from '../../model/service.ts';
import type { Place, Report } from '../finding.ts';
import { readEndpoint } from './address-text.ts';
import { NO_TUNNEL, normalizeTunnel } from './tunnel.ts';
import { placeOf, type WrittenDestination } from './written-destination.ts';

/** Returns undefined after reporting an error. */
export function normalizeDestination(
  written: WrittenDestination,
  service: ServiceIdentity,
  report: Report,
): Destination | undefined {
  const { item, keys } = written;
  const text = typeof item === 'string' ? item : item.address;
  const endpoint = readEndpoint(text);
  if (!('address' in endpoint)) {
    report({ code: 'ADDRESS', severity: 'error', place: addressPlace(written), ...endpoint });
    return undefined;
  }
  const fallback = DEFAULT_DESTINATION_SETTINGS;
  const forward = keys.forward ?? fallback.forward;
  const upperThreshold = keys.upper_threshold ?? fallback.upperThreshold;
  const lowerThreshold = keys.lower_threshold ?? fallback.lowerThreshold;
  const port = endpoint.port ?? (service.kind === 'address' ? service.port : 0);
  const tunnel =
    forward !== 'tunnel' && !hasOwnTunnel(written)
      ? NO_TUNNEL
      : normalizeTunnel(written, forward, report);
  const { address } = endpoint;
  const checks =
    Number(checkAddress(address, written, report)) &
    Number(checkFamily(address, forward, service, written, report)) &
    Number(checkThresholds(lowerThreshold, upperThreshold, written, report));
  checkPort(port, forward, service, written, report);
  if (checks === 0 || tunnel === undefined) return undefined;
  const isKey = endpoint.port !== undefined && addressFamily(address) === 'ipv4';
  return {
    key: isKey ? (text as DestinationKey) : destinationKey(address, port),
    address,
    port,
    forward,
    weight: keys.weight ?? fallback.weight,
    upperThreshold,
    lowerThreshold,
    tunnelType: tunnel.tunnelType,
    tunnelPort: tunnel.tunnelPort,
    tunnelChecksum: tunnel.tunnelChecksum,
  };
}

/** Tells whether the item or the reference to the pool has a tunnel: it needs `forward: tunnel`. */
function hasOwnTunnel({ item, override }: WrittenDestination): boolean {
  return override?.tunnel !== undefined || (typeof item !== 'string' && item.tunnel !== undefined);
}

// Each check reports its problems, and returns false for an error.

function checkAddress(address: Address, written: WrittenDestination, report: Report): boolean {
  const message = refuseDestinationAddress(address);
  if (message !== undefined) {
    report({ code: 'ADDRESS', severity: 'error', message, place: addressPlace(written) });
    return false;
  }
  if (isLinkLocalIPv6(address)) {
    const reason = 'the kernel takes it only if it is an address of this host';
    const message = `${address} is link-local: ${reason}`;
    report({ code: 'ADDRESS', severity: 'warning', message, place: addressPlace(written) });
  }
  return true;
}

function checkFamily(
  address: Address,
  forward: Forward,
  service: ServiceIdentity,
  written: WrittenDestination,
  report: Report,
): boolean {
  if (reaches(forward, service, address)) return true;
  const [own, family] = [addressFamily(address), serviceFamily(service)].map(name);
  const object = `an ${own} destination of an ${family} service`;
  const message = `${object} must be reached by a tunnel, not by ${forward}`;
  report({
    code: 'FAMILY',
    severity: 'error',
    message,
    place: addressPlace(written),
    hint: 'write forward: tunnel',
  });
  return false;
}

function checkThresholds(
  lower: number,
  upper: number,
  written: WrittenDestination,
  report: Report,
): boolean {
  const message = refuseThresholds({ lowerThreshold: lower, upperThreshold: upper });
  if (message === undefined) return true;
  const own = typeof written.item === 'string' ? undefined : written.item.lower_threshold;
  const where =
    written.override?.lower_threshold !== undefined
      ? 'override'
      : own !== undefined
        ? 'item'
        : 'inherited';
  report({
    code: 'THRESHOLD',
    severity: 'error',
    message,
    place: placeOf(written, where, 'lower_threshold'),
    hint: upper === 0 ? 'upper_threshold 0 means no limit: write one' : 'lower it',
  });
  return false;
}

/** The kernel accepts any port, so that what is useless is a warning. */
function checkPort(
  port: number,
  forward: Forward,
  service: ServiceIdentity,
  written: WrittenDestination,
  report: Report,
): void {
  if (service.kind !== 'address' || port === service.port) return;
  if (keepsPort(service, forward)) {
    const reason = `packets go to port ${service.port}, that of the service, and not to ${port}`;
    const message = `${forward} cannot change the port: ${reason}`;
    const hint = 'leave the port out, or write forward: masq';
    report({ code: 'PORT', severity: 'warning', message, place: addressPlace(written), hint });
  } else if (port === 0) {
    const meaning = `the port of the request, which is always ${service.port} here`;
    const message = `port 0 of a destination means ${meaning}`;
    report({
      code: 'PORT',
      severity: 'warning',
      message,
      place: addressPlace(written),
      hint: 'leave the port out',
    });
  }
}

function addressPlace(written: WrittenDestination): Place {
  return typeof written.item === 'string'
    ? placeOf(written, 'inherited', '')
    : placeOf(written, 'item', 'address');
}

function name(family: 'ipv4' | 'ipv6'): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}
