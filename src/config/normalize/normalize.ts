import type { Desired, Section } from '../../model/desired.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { Position } from '../../model/issue.ts';
import { isServiceName, SERVICE_NAME_LENGTH } from '../../model/names.ts';
import type { ServicePolicy } from '../../model/policy.ts';
import { findMixedFamily } from '../../model/rules.ts';
import { type ServiceKey, serviceKey } from '../../model/service.ts';
import { isServed, type ServiceEntry } from '../../model/table.ts';
import type { ServiceMapping } from '../config.ts';
import { atKey, atValue, type Path, type Place, shownName } from '../finding.ts';
import type { ConfigDocument } from '../read/document.ts';
import type { Context } from './context.ts';
import { normalizeDestinations } from './destinations.ts';
import { useNames } from './nodes.ts';
import { createOrigins, destinationLocator, type ItemOrigins, originPlace } from './origins.ts';
import { normalizePolicy, normalizeServicePolicy } from './policy.ts';
import { normalizeService, serviceLayers } from './service.ts';
import { readIdentity } from './service-address.ts';
import { normalizeDaemons, normalizeLimits, normalizeTimeouts } from './settings.ts';

interface Origin {
  readonly index: number;
  readonly destinations: ItemOrigins;
}

interface Services {
  readonly entries: Map<ServiceKey, ServiceEntry>;
  readonly names: Map<ServiceKey, string>;
  readonly origins: Map<ServiceKey, Origin>;
  readonly policies: Map<ServiceKey, ServicePolicy>;
}

/**
 * Turns a configuration into the desired state: every default filled in, every address canonical,
 * services and destinations by their keys. Reports errors, and leaves out the values with errors.
 */
export function normalize(
  context: Context,
  document: ConfigDocument,
  positionOf: (offset: number) => Position,
): Desired {
  const { config, invalid } = context;
  const services: Services = {
    entries: new Map(),
    names: new Map(),
    origins: new Map(),
    policies: new Map(),
  };
  // Without valid defaults, the settings of the services are unknown.
  if (
    !invalid.sections.has('services') &&
    !invalid.sections.has('defaults') &&
    Array.isArray(config.services)
  ) {
    for (const [index, service] of config.services.entries()) {
      if (invalid.services.has(index)) checkInvalidService(service, index, context);
      else if (!context.nodes.isFor(service.nodes)) useNames(service, context);
      else addService(service, index, services, context);
    }
  }
  const daemons = normalizeDaemons(context);
  if (daemons && daemons.length > 0) reportMixedFamily(services, context);
  reportUnused(context);
  const policy = normalizePolicy(
    services.entries,
    services.policies,
    (key) => services.origins.get(key)?.index,
    context,
  );
  const serviceOffsets = document.itemOffsets(config.services);
  const locators = new Map<ServiceKey, (key: DestinationKey) => Position | undefined>();
  return {
    services: services.entries,
    timeouts: normalizeTimeouts(context),
    daemons,
    limits: normalizeLimits(context),
    ...(policy ? { policy } : {}),
    names: services.names,
    sections: sections(context, document, positionOf),
    locate: (key, destination) => {
      const origin = services.origins.get(key);
      const entry = services.entries.get(key);
      if (!origin || !entry) return undefined;
      if (destination === undefined) {
        const offset = serviceOffsets()?.[origin.index];
        return offset === undefined ? undefined : positionOf(offset);
      }
      let locator = locators.get(key);
      if (!locator) {
        locator = destinationLocator(
          () => entry.destinations.keys(),
          origin.destinations,
          positionOf,
        );
        locators.set(key, locator);
      }
      return locator(destination);
    },
  };
}

function addService(
  service: ServiceMapping,
  index: number,
  services: Services,
  context: Context,
): void {
  const path = ['services', index] as const;
  const identity = readIdentity(service, path, context.report);
  const layers = serviceLayers(service, path, context);
  checkName(service.name, path, context);
  if (!identity || !layers) return;
  const key = serviceKey(identity);
  const trace = context.trace?.service === key ? context.trace : undefined;
  const normalized = normalizeService(key, identity, layers, context, trace?.places);
  const origins = createOrigins();
  const destinations = normalizeDestinations(identity, layers, context, origins, trace);
  const policy = normalizeServicePolicy(identity, layers, destinations, context, trace?.places);
  const first = services.origins.get(key);
  if (first) {
    const message = `the service ${key} is in this file twice`;
    const related = { message: 'first here', place: atValue('services', first.index) };
    context.report({
      code: 'DUPLICATE',
      severity: 'error',
      message,
      place: atValue(...path),
      hint: 'put their destinations together',
      related,
    });
    return;
  }
  services.origins.set(key, { index, destinations: origins });
  if (!normalized) return;
  const entry: ServiceEntry = { service: normalized, destinations: destinations.map };
  services.entries.set(key, entry);
  if (service.name !== undefined) services.names.set(key, service.name);
  if (policy) services.policies.set(key, policy);
  if (destinations.complete && !isServed(entry)) reportUnserved(entry, index, service, context);
}

/** Checks the destinations of a service that violates the schema itself. */
function checkInvalidService(service: unknown, index: number, context: Context): void {
  if (service === null || typeof service !== 'object') return;
  const { address, family, profile, destinations } = service as Partial<
    Record<keyof ServiceMapping, unknown>
  >;
  const readable =
    typeof address === 'string' &&
    (family === undefined || family === 'ipv4' || family === 'ipv6') &&
    (profile === undefined || typeof profile === 'string') &&
    (destinations === undefined || Array.isArray(destinations));
  if (!readable) return;
  const path = ['services', index] as const;
  const checked = {
    ...service,
    ...(context.invalid.checks.has(index) && { health: undefined }),
  } as unknown as ServiceMapping;
  const identity = readIdentity(checked, path, context.report);
  const layers = serviceLayers(checked, path, context);
  if (identity && layers)
    normalizeDestinations(identity, layers, context, createOrigins(), undefined);
}

function checkName(name: string | undefined, path: Path, context: Context): void {
  if (name === undefined || isServiceName(name)) return;
  const message = `the name of a service has 1 to ${SERVICE_NAME_LENGTH} characters, and none that is not seen`;
  context.report({
    code: 'BAD_VALUE',
    severity: 'error',
    message,
    place: atValue(...path, 'name'),
  });
}

function reportUnserved(
  entry: ServiceEntry,
  index: number,
  service: ServiceMapping,
  context: Context,
): void {
  const { scheduler } = entry.service;
  const reason =
    entry.destinations.size === 0
      ? 'it has no destinations'
      : scheduler === 'none'
        ? 'its scheduler is none'
        : 'all its destinations have weight 0';
  const place =
    service.destinations === undefined
      ? atValue('services', index)
      : atKey('services', index, 'destinations');
  context.report({
    code: 'UNSERVED',
    severity: 'warning',
    message: `${entry.service.key} takes no new connections: ${reason}`,
    place,
  });
}

function reportMixedFamily(services: Services, context: Context): void {
  const mixed = findMixedFamily(services.entries);
  if (!mixed) return;
  const { key } = mixed.service;
  const keys = [...(services.entries.get(key)?.destinations.keys() ?? [])];
  const ordinal = keys.indexOf(mixed.destination.key);
  const origin = services.origins.get(key);
  context.report({
    code: 'CONFLICT',
    severity: 'error',
    message: mixed.message,
    place: origin ? originPlace(origin.destinations, ordinal) : 0,
    related: { message: 'the sync daemons are here', place: atKey('sync_daemons') },
  });
}

function reportUnused({ config, invalid, report, usedPools, usedProfiles }: Context): void {
  // The pools and the profile of an invalid service are unknown.
  if (invalid.services.size > 0 || invalid.items.size > 0 || invalid.sections.size > 0) return;
  for (const [section, used] of [
    ['pools', usedPools],
    ['profiles', usedProfiles],
  ] as const) {
    for (const name of Object.keys(config[section] ?? {})) {
      if (used.has(name)) continue;
      const kind = section === 'pools' ? 'pool' : 'profile';
      const message = `no service of this file uses the ${kind} "${shownName(name)}"`;
      report({
        code: 'NO_EFFECT',
        severity: 'warning',
        message,
        place: atKey(section, name),
        hint: 'remove it, or use it',
      });
    }
  }
}

function sections(
  { config }: Context,
  document: ConfigDocument,
  positionOf: (offset: number) => Position,
): Desired['sections'] & {} {
  const found: Partial<Record<Section, Position>> = {};
  for (const section of ['manage', 'limits', 'timeouts', 'sync_daemons', 'sysctls'] as const) {
    const place: Place = atKey(section);
    if (config[section] !== undefined) found[section] = positionOf(document.offsetOf(place));
  }
  return found;
}
