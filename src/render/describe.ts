import { writtenFields } from '../model/attributes.ts';
import { DESTINATION_ATTRIBUTES, type Destination } from '../model/destination.ts';
import { formatDuration } from '../model/duration.ts';
import { formatIPv4Mask, prefixOfMask } from '../model/networks.ts';
import { schedulerFlagNames } from '../model/scheduler.ts';
import { hostNetmask, type Service, serviceFamily } from '../model/service.ts';
import type { Change } from '../plan/change.ts';
import { changeFields, formatFieldValue } from '../plan/fields.ts';

/**
 * Describes the settings of an added or deleted object in a few words. Settings without a value are
 * left out.
 */
export function describeObject(change: Change): string {
  if (change.object === 'service') {
    const entry = change.after ?? change.before;
    return entry ? describeService(entry.service) : '';
  }
  if (change.object === 'destination') {
    const destination = change.after ?? change.before;
    return destination ? describeDestination(destination) : '';
  }
  const { before, after } = changeFields(change);
  return Object.entries(after ?? before ?? {})
    .filter(([, value]) => value !== null)
    .map(([field, value]) => `${field} ${formatFieldValue(field, value)}`)
    .join(', ');
}

/** Describes a service such as `mh (mh-port), persistent 10m per /24, one-packet`. */
function describeService(service: Service): string {
  const flags = schedulerFlagNames(service.scheduler, service.schedulerFlags);
  const parts = [
    flags.length === 0 ? service.scheduler : `${service.scheduler} (${flags.join(', ')})`,
  ];
  const persistence = describePersistence(service);
  const grouping = groupingOf(service);
  if (persistence !== undefined) parts.push(`persistent ${persistence}`);
  else if (grouping) parts.push(`not persistent,${grouping}`);
  if (service.persistenceEngine) parts.push(`engine ${service.persistenceEngine}`);
  if (service.onePacket) parts.push('one-packet');
  return parts.join(', ');
}

/** Describes persistence such as `10m per /24`. undefined when clients are not persistent. */
export function describePersistence(service: Service): string | undefined {
  if (!service.persistent) return undefined;
  return `${formatDuration(service.persistenceTimeoutSeconds)}${groupingOf(service)}`;
}

function groupingOf(service: Service): string {
  const isAlone = service.persistenceNetmask === hostNetmask(serviceFamily(service.identity));
  return isAlone ? '' : ` per ${netmask(service)}`;
}

/** Describes a destination such as `masq, weight 3` or `tunnel gue port 6080 remcsum, weight 1`. */
export function describeDestination(destination: Destination): string {
  const { forward } = destination;
  let text = forward === 'tunnel' ? describeTunnel(destination) : forward;
  for (const { key, value } of writtenFields(OTHERS, destination, 'json'))
    text += `, ${key} ${formatFieldValue(key, value)}`;
  return text;
}

/** The attributes of a destination besides its way of forwarding. */
const OTHERS = DESTINATION_ATTRIBUTES.filter(
  ({ block, name }) => block === '' && name !== 'forward',
);

function describeTunnel({ tunnelType, tunnelPort, tunnelChecksum }: Destination): string {
  const port = tunnelPort ? ` port ${tunnelPort}` : '';
  return `tunnel ${tunnelType}${port}${tunnelChecksum === 'none' ? '' : ` ${tunnelChecksum}`}`;
}

function netmask({ identity, persistenceNetmask }: Service): string {
  if (serviceFamily(identity) === 'ipv6') return `/${persistenceNetmask}`;
  const prefix = prefixOfMask(persistenceNetmask);
  return prefix === undefined ? formatIPv4Mask(persistenceNetmask) : `/${prefix}`;
}
