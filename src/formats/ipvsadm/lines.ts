import type { Operation } from '../../model/operation.ts';
import { allowsOnePacket } from '../../model/rules.ts';
import { hostNetmask, type Service, serviceFamily } from '../../model/service.ts';
import type { Daemon } from '../../model/settings.ts';
import { shellWord } from '../../model/shell-word.ts';
import {
  formatDestinationArguments,
  formatDestinationReference,
  formatServiceArguments,
  formatServiceReference,
  netmaskArguments,
} from './arguments.ts';

/**
 * The command line with the effect of the operation: of `sysctl` for a sysctl, else of `ipvsadm`.
 */
export function formatOperationAsIpvsadm(operation: Operation): string {
  if (operation.kind === 'set-sysctl')
    return `sysctl -w ${shellWord(`net.ipv4.vs.${operation.name}=${operation.value}`)}`;
  return `ipvsadm ${formatArguments(operation)}`;
}

function formatArguments(operation: Exclude<Operation, { kind: 'set-sysctl' }>): string {
  switch (operation.kind) {
    case 'add-service':
      return `-A ${formatCompleteService(operation.service)}`;
    case 'edit-service':
      return `-E ${formatCompleteService(operation.service)}`;
    case 'delete-service':
      return `-D ${formatServiceReference(operation.service)}`;
    case 'add-destination':
      return `-a ${formatDestinationArguments(operation.service, operation.destination)}`;
    case 'edit-destination':
      return `-e ${formatDestinationArguments(operation.service, operation.destination)}`;
    case 'delete-destination':
      return `-d ${formatDestinationReference(operation.service, operation.destination)}`;
    case 'set-timeouts': {
      const { tcp, tcpFin, udp } = operation.timeouts;
      return `--set ${tcp} ${tcpFin} ${udp}`;
    }
    case 'start-daemon':
      return `--start-daemon ${formatDaemonArguments(operation.daemon)}`;
    case 'stop-daemon':
      return `--stop-daemon ${operation.role}`;
    case 'zero':
      return operation.service ? `-Z ${formatServiceReference(operation.service)}` : '-Z';
    case 'flush':
      return '-C';
    default:
      return operation satisfies never;
  }
}

/**
 * Also writes the netmask of a service without persistence. That netmask has no effect, but an edit
 * without it would reset it. Leaves out one-packet scheduling where it has no effect, because
 * ipvsadm refuses it.
 */
function formatCompleteService(service: Service): string {
  const hidden =
    !service.persistent &&
    service.persistenceNetmask !== hostNetmask(serviceFamily(service.identity));
  const onePacket = service.onePacket && allowsOnePacket(service.identity);
  return [
    formatServiceArguments({ ...service, onePacket }),
    ...(hidden ? netmaskArguments(service) : []),
  ].join(' ');
}

function formatDaemonArguments(daemon: Daemon): string {
  const words = [
    daemon.role,
    '--mcast-interface',
    daemon.interface,
    '--syncid',
    `${daemon.syncId}`,
  ];
  if (daemon.maxLength !== 0) words.push('--sync-maxlen', `${daemon.maxLength}`);
  if (daemon.group !== undefined) words.push('--mcast-group', daemon.group);
  if (daemon.port !== 0) words.push('--mcast-port', `${daemon.port}`);
  if (daemon.ttl !== 0) words.push('--mcast-ttl', `${daemon.ttl}`);
  return words.join(' ');
}
