import { type WrittenField, writtenFields } from '../../model/attributes.ts';
import { DESTINATION_ATTRIBUTES, type Destination } from '../../model/destination.ts';
import { formatEndpoint } from '../../model/endpoint.ts';
import {
  DAEMON_ATTRIBUTES,
  type Daemon,
  TIMEOUT_ATTRIBUTES,
  type Timeouts,
} from '../../model/settings.ts';
import { type ServiceEntry, sortedDestinations, sortedServices } from '../../model/table.ts';
import type { Config, DestinationMapping, ServiceMapping, SyncDaemon } from '../config.ts';
import { manageOf } from './manage.ts';
import { persistenceOf } from './persistence.ts';
import { writableSettings } from './settings.ts';
import type { Exportable, FormatOptions } from './yaml.ts';
import { plainServiceFields } from './yaml-services.ts';

/**
 * Formats a table as JSON, as `formatConfig` does as YAML. JSON has no comments: there are no
 * warnings about entries that a file cannot express.
 */
export function formatConfigJson(table: Exportable, options: FormatOptions = {}): string {
  const settings = writableSettings(table);
  const timeouts = timeoutsOf(settings.timeouts);
  const { daemons } = settings;
  const services = sortedServices(table);
  const manage = manageOf(
    options.scope,
    services.map(({ service }) => service.key),
  );
  const config: Config = {
    version: 1,
    ...(manage && { manage }),
    ...(timeouts === undefined ? {} : { timeouts }),
    ...(daemons === undefined ? {} : { sync_daemons: daemons.map(daemonOf) }),
    services: services.map((entry) => serviceOf(entry, options)),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Names the settings that `formatConfigJson` leaves out. YAML has a comment for each. */
export function settingsLeftOut(table: Exportable): readonly string[] {
  return writableSettings(table).leftOut;
}

function timeoutsOf(timeouts: Partial<Timeouts>): Config['timeouts'] {
  const written = TIMEOUT_ATTRIBUTES.flatMap(({ key, name }) => {
    const seconds = timeouts[key];
    return seconds === undefined ? [] : [[name, seconds] as const];
  });
  return written.length === 0 ? undefined : Object.fromEntries(written);
}

function daemonOf(daemon: Daemon): SyncDaemon {
  const { role, interface: name } = daemon;
  return { role, interface: name, ...mappingOf(writtenFields(DAEMON_ATTRIBUTES, daemon, 'json')) };
}

function serviceOf(entry: ServiceEntry, options: FormatOptions): ServiceMapping {
  const { service } = entry;
  const { identity } = service;
  const name = options.names?.get(service.key);
  const drain = options.drainPolicies?.get(service.key);
  const persistence = persistenceOf(service);
  const health = options.health?.get(service.key);
  const address = identity.kind === 'fwmark' ? `fwmark:${identity.fwmark}` : service.key;
  return {
    ...(name === undefined ? {} : { name }),
    address,
    ...(identity.kind === 'fwmark' ? { family: identity.family } : {}),
    ...mappingOf(plainServiceFields(service, 'json')),
    ...(persistence === undefined ? {} : { persistence }),
    ...(drain && {
      drain: { timeout: drain.timeoutSeconds, linger: drain.lingerSeconds || 'off' },
    }),
    ...(health && {
      health: {
        ...health.service,
        ...(health.fallback && { fallback: [destinationOf(health.fallback)] }),
      },
    }),
    destinations: sortedDestinations(entry)
      .filter(({ key }) => key !== health?.fallback?.key)
      .map((destination) => {
        const checks = health?.destinations.get(destination.key);
        return { ...destinationOf(destination), ...(checks !== undefined && { health: checks }) };
      }),
  };
}

function destinationOf(destination: Destination): DestinationMapping {
  const address = formatEndpoint(destination.address, destination.port);
  return { address, ...mappingOf(writtenFields(DESTINATION_ATTRIBUTES, destination, 'json')) };
}

function mappingOf(fields: readonly WrittenField[]): { readonly [key: string]: unknown } {
  const mapping: Record<string, unknown> = {};
  const blocks: Record<string, Record<string, unknown>> = {};
  for (const { block, key, value } of fields) {
    if (block === '') mapping[key] = value;
    else {
      blocks[block] ??= {};
      blocks[block][key] = value;
      mapping[block] = blocks[block];
    }
  }
  return mapping;
}
