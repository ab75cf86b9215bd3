import { addressFamily } from '../model/address.ts';
import { DEFAULT_DESTINATION_SETTINGS, type Destination, destinationKey, type Forward } from '../model/destination.ts';
import { type ServiceIdentity, serviceFamily } from '../model/service.ts';
import { isLinkLocalIPv6, readEndpoint, refusedDestination } from './address-text.ts';
import type { DestinationKeys } from './config.ts';
import type { Place, Report } from './finding.ts';
import { NO_TUNNEL, normalizeTunnel } from './normalize-tunnel.ts';
import { placeOf, type WrittenDestination } from './written-destination.ts';

const NOTHING: DestinationKeys = {};

/** undefined when it has errors, which were reported. */
export function normalizeDestination(written: WrittenDestination, service: ServiceIdentity, report: Report): Destination | undefined {
  const { item, defaults } = written;
  const text = typeof item === 'string' ? item : item.address;
  const own = typeof item === 'string' ? NOTHING : item;
  const override = written.override ?? NOTHING;
  const endpoint = readEndpoint(text);
  if (!('address' in endpoint)) {
    report({ code: 'ADDRESS', severity: 'error', place: addressPlace(written), ...endpoint });
    return undefined;
  }
  const fallback = DEFAULT_DESTINATION_SETTINGS;
  const forward = override.forward ?? own.forward ?? defaults.forward ?? fallback.forward;
  const upperThreshold = override.upper_threshold ?? own.upper_threshold ?? defaults.upper_threshold ?? fallback.upperThreshold;
  const lowerThreshold = override.lower_threshold ?? own.lower_threshold ?? defaults.lower_threshold ?? fallback.lowerThreshold;
  const port = endpoint.port ?? (service.kind === 'address' ? service.port : 0);
  const tunnel =
    forward !== 'tunnel' && own.tunnel === undefined && override.tunnel === undefined
      ? NO_TUNNEL
      : normalizeTunnel(written, forward, report);
  const { address } = endpoint;
  let good = tunnel !== undefined;
  const fail = (finding: Parameters<Report>[0]) => {
    if (finding.severity === 'error') good = false;
    report(finding);
  };
  const refused = refusedDestination(address);
  if (refused !== undefined) {
    fail({ code: 'ADDRESS', severity: 'error', message: `${address} cannot be a destination: ${refused}`, place: addressPlace(written) });
  } else if (isLinkLocalIPv6(address)) {
    const message = `${address} is link-local: the kernel takes it only if it is an address of this host`;
    fail({ code: 'ADDRESS', severity: 'warning', message, place: addressPlace(written) });
  }
  const family = serviceFamily(service);
  if (addressFamily(address) !== family && forward !== 'tunnel') {
    const message = `an ${name(addressFamily(address))} destination of an ${name(family)} service must be reached by a tunnel, not by ${forward}`;
    fail({ code: 'FAMILY', severity: 'error', message, place: addressPlace(written), hint: 'write forward: tunnel' });
  }
  checkPort(port, forward, service, written, fail);
  if (lowerThreshold > upperThreshold) {
    const message = `lower_threshold ${lowerThreshold} is above upper_threshold ${upperThreshold}`;
    const place = placeOf(
      written,
      override.lower_threshold !== undefined ? 'override' : own.lower_threshold !== undefined ? 'own' : 'item',
      'lower_threshold',
    );
    fail({
      code: 'THRESHOLD',
      severity: 'error',
      message,
      place,
      hint: upperThreshold === 0 ? 'upper_threshold 0 means no limit: write one' : 'lower it',
    });
  }
  if (!good || tunnel === undefined) return undefined;
  return {
    key: destinationKey(address, port),
    address,
    port,
    forward,
    weight: override.weight ?? own.weight ?? defaults.weight ?? fallback.weight,
    upperThreshold,
    lowerThreshold,
    ...tunnel,
  };
}

/** ipvsadm silently writes the service's port for `-g` and `-i`; the kernel ignores any other when it forwards so. */
function checkPort(port: number, forward: Forward, service: ServiceIdentity, written: WrittenDestination, report: Report): void {
  if (service.kind !== 'address' || port === service.port) return;
  const place = addressPlace(written);
  if (forward !== 'masq') {
    const message = `${forward} cannot change the port: packets go to port ${service.port}, that of the service, and not to ${port}`;
    report({ code: 'PORT', severity: 'error', message, place, hint: 'leave the port out, or write forward: masq' });
  } else if (port === 0) {
    const message = `port 0 of a destination means the port of the request, which is always ${service.port} here`;
    report({ code: 'PORT', severity: 'warning', message, place, hint: 'leave the port out' });
  }
}

function addressPlace(written: WrittenDestination): Place {
  return typeof written.item === 'string' ? placeOf(written, 'item', '') : placeOf(written, 'own', 'address');
}

function name(family: 'ipv4' | 'ipv6'): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}
