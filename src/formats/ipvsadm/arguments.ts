import { DESTINATION_NUMBERS, type Destination } from '../../model/destination.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import { formatIPv4Mask } from '../../model/networks.ts';
import { schedulerFlagNames } from '../../model/scheduler.ts';
import {
  hostNetmask,
  type Service,
  type ServiceIdentity,
  serviceFamily,
} from '../../model/service.ts';

import { OPTIONS } from './grammar/options.ts';

const PROTOCOL_OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;

/** Formats the options that name a service: `-t 10.0.0.1:80`, `-f 7` or `-f 7 -6`. */
export function formatServiceReference(identity: ServiceIdentity): string {
  if (identity.kind === 'fwmark')
    return `-f ${identity.fwmark}${identity.family === 'ipv6' ? ' -6' : ''}`;
  const { protocol, address, port } = identity;
  return `${PROTOCOL_OPTIONS[protocol]} ${formatEndpoint(address, port)}`;
}

/** Formats the name of a service and all its settings, as after `-A` in a save file. */
export function formatServiceArguments(service: Service): string {
  const words = [formatServiceReference(service.identity), '-s', service.scheduler];
  if (service.persistent)
    words.push('-p', `${service.persistenceTimeoutSeconds}`, ...netmaskArguments(service));
  if (service.persistenceEngine !== '') words.push('--pe', service.persistenceEngine);
  if (service.onePacket) words.push('-o');
  const flags = schedulerFlagNames(service.scheduler, service.schedulerFlags);
  if (flags.length > 0) words.push('-b', flags.join(','));
  return words.join(' ');
}

/** `-M` and its value; no words for /32 and /128. */
export function netmaskArguments(service: Service): string[] {
  const family = serviceFamily(service.identity);
  if (service.persistenceNetmask === hostNetmask(family)) return [];
  return ['-M', formatNetmask(service)];
}

/** An IPv4 mask as a dotted quad, an IPv6 prefix length as a number. */
export function formatNetmask(service: Service): string {
  const mask = service.persistenceNetmask;
  if (serviceFamily(service.identity) === 'ipv6') return `${mask}`;
  return formatIPv4Mask(mask);
}

const FORWARD_OPTIONS = { masq: '-m', tunnel: '-i', route: '-g' } as const;

/** Every number of a destination with the shortest spelling of its option. */
const NUMBER_OPTIONS = DESTINATION_NUMBERS.flatMap((row) => {
  const option = OPTIONS.find(({ name }) => name !== undefined && name === row.option);
  return option ? [{ row, spelling: option.short ? `-${option.short}` : `--${option.long}` }] : [];
});

const CHECKSUM_OPTIONS = {
  none: '--tun-nocsum',
  csum: '--tun-csum',
  remcsum: '--tun-remcsum',
} as const;

/**
 * Formats the names of a service and a destination and all settings of the destination, as after
 * `-a` in a save file. Thresholds other than 0 are written; `ipvsadm -S` leaves them out.
 */
export function formatDestinationArguments(
  service: ServiceIdentity,
  destination: Destination,
): string {
  const words = [
    formatDestinationReference(service, destination),
    FORWARD_OPTIONS[destination.forward],
  ];
  for (const { row, spelling } of NUMBER_OPTIONS) {
    const value = destination[row.key];
    if (row.omitsDefault === 'in YAML' || value !== row.default) words.push(spelling, `${value}`);
  }
  if (destination.forward === 'tunnel') words.push(...tunnelArguments(destination));
  return words.join(' ');
}

/** Formats the options that name a destination: `-t 10.0.0.1:80 -r 10.0.0.2:80`. */
export function formatDestinationReference(
  service: ServiceIdentity,
  destination: Destination,
): string {
  const { address, port } = destination;
  return `${formatServiceReference(service)} -r ${formatEndpoint(address, port)}`;
}

function tunnelArguments(destination: Destination): string[] {
  const words = ['--tun-type', destination.tunnelType];
  if (destination.tunnelType === 'ipip') return words;
  if (destination.tunnelType === 'gue') words.push('--tun-port', `${destination.tunnelPort}`);
  return [...words, CHECKSUM_OPTIONS[destination.tunnelChecksum]];
}
