import type { Destination } from '../../model/destination.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import { isTimeout } from '../../model/rules.ts';
import { schedulerFlagNames } from '../../model/scheduler.ts';
import type { Daemon, Timeouts } from '../../model/settings.ts';
import { type ServiceEntry, sortedDestinations, sortedServices } from '../../model/table.ts';
import type { Config, DestinationMapping, ServiceMapping, SyncDaemon } from '../config.ts';
import { type Exportable, type FormatOptions, persistenceOf } from './yaml.ts';

/** The same as `formatConfig` in JSON, which has no place for comments: what no file can express is left out. */
export function formatConfigJson(table: Exportable, options: FormatOptions = {}): string {
  const timeouts = timeoutsOf(table.timeouts ?? {});
  const config: Config = {
    version: 1,
    ...(timeouts === undefined ? {} : { timeouts }),
    ...(table.daemons === undefined ? {} : { sync_daemons: table.daemons.map(daemonOf) }),
    services: sortedServices(table).map((entry) => serviceOf(entry, options)),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function timeoutsOf(timeouts: Partial<Timeouts>): Config['timeouts'] {
  const valid = (seconds: number | undefined) => seconds !== undefined && isTimeout(seconds);
  const { tcp, tcpFin, udp } = timeouts;
  const written = {
    ...(valid(tcp) ? { tcp } : {}),
    ...(valid(tcpFin) ? { tcp_fin: tcpFin } : {}),
    ...(valid(udp) ? { udp } : {}),
  } as NonNullable<Config['timeouts']>;
  return Object.keys(written).length === 0 ? undefined : written;
}

function daemonOf(daemon: Daemon): SyncDaemon {
  return {
    role: daemon.role,
    interface: daemon.interface,
    sync_id: daemon.syncId,
    ...(daemon.maxLength === 0 ? {} : { max_length: daemon.maxLength }),
    ...(daemon.group === undefined ? {} : { group: daemon.group }),
    ...(daemon.port === 0 ? {} : { port: daemon.port }),
    ...(daemon.ttl === 0 ? {} : { ttl: daemon.ttl }),
  };
}

function serviceOf(entry: ServiceEntry, options: FormatOptions): ServiceMapping {
  const { service } = entry;
  const { identity } = service;
  const name = options.names?.get(service.key);
  const flags = schedulerFlagNames(service.scheduler, service.schedulerFlags);
  const persistence = persistenceOf(service);
  const address = identity.kind === 'fwmark' ? `fwmark:${identity.fwmark}` : service.key;
  return {
    ...(name === undefined ? {} : { name }),
    address,
    ...(identity.kind === 'fwmark' ? { family: identity.family } : {}),
    scheduler: service.scheduler,
    ...(flags.length === 0 ? {} : { scheduler_flags: flags }),
    ...(service.onePacket ? { one_packet: true } : {}),
    ...(persistence === undefined ? {} : { persistence }),
    destinations: sortedDestinations(entry).map(destinationOf),
  };
}

function destinationOf(destination: Destination): DestinationMapping {
  const {
    forward,
    weight,
    upperThreshold,
    lowerThreshold,
    tunnelType,
    tunnelPort,
    tunnelChecksum,
  } = destination;
  return {
    address: formatEndpoint(destination.address, destination.port),
    forward,
    weight,
    ...(upperThreshold === 0 ? {} : { upper_threshold: upperThreshold }),
    ...(lowerThreshold === 0 ? {} : { lower_threshold: lowerThreshold }),
    ...(forward !== 'tunnel'
      ? {}
      : {
          tunnel: {
            type: tunnelType,
            ...(tunnelPort === 0 ? {} : { port: tunnelPort }),
            checksum: tunnelChecksum,
          },
        }),
  };
}
