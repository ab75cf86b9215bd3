import type { DestinationKey } from './destination.ts';
import type { DrainPolicy } from './drain.ts';
import type { ServiceHealth } from './health.ts';
import { type Cidr, cidrContains } from './networks.ts';
import { type Protocol, type ServiceIdentity, type ServiceKey, serviceKey } from './service.ts';

/**
 * Live values of destinations that win over those of the file, because another program, such as a
 * health checker, owns them.
 */
export interface Preserve {
  readonly weight: boolean;
  /** Both thresholds. */
  readonly thresholds: boolean;
}

/** The policy of one service. */
export interface ServicePolicy {
  /** No plan deletes the service, unless a flag allows it once. */
  readonly protect: boolean;
  /** How a removed destination is drained; undefined: it is deleted at once. */
  readonly drain: DrainPolicy | undefined;
  /** Only the destinations with a value to preserve. */
  readonly preserve: ReadonlyMap<DestinationKey, Preserve>;
  /** How the destinations are checked. Absent: none is. */
  readonly health?: ServiceHealth;
}

/** How the desired state is reached: which objects are managed, and what other programs own. */
export interface Policy {
  /** undefined means the whole table. */
  readonly manage: Manage | undefined;
  /** Only the services with a policy of their own. */
  readonly services: ReadonlyMap<ServiceKey, ServicePolicy>;
  readonly sysctls: SysctlPolicy | undefined;
}

/** Values of `net.ipv4.vs.*` by name. Other sysctls are never written. */
export interface SysctlPolicy {
  /** `check` only reports the differences. */
  readonly mode: 'enforce' | 'check';
  readonly values: ReadonlyMap<string, string>;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Conditions for services, all of which must hold. */
export interface ServiceSelector {
  readonly cidr?: Cidr;
  readonly protocol?: Protocol;
  readonly port?: Range;
  readonly fwmark?: Range;
  readonly service?: ServiceKey;
}

/** The live services that a configuration is responsible for. */
export interface Manage {
  /** undefined means every service. */
  readonly include: readonly ServiceSelector[] | undefined;
  /** Services that are excluded even when `include` has them. */
  readonly exclude: readonly ServiceSelector[];
}

export function isManaged({ include, exclude }: Manage, identity: ServiceIdentity): boolean {
  const matches = (selector: ServiceSelector): boolean => isSelected(selector, identity);
  return (include === undefined || include.some(matches)) && !exclude.some(matches);
}

/**
 * Tells whether a service meets a selector. An address, a protocol or a port never matches a mark,
 * and a mark never matches an address.
 */
function isSelected(selector: ServiceSelector, identity: ServiceIdentity): boolean {
  const { cidr, protocol, port, fwmark, service } = selector;
  if (service !== undefined && service !== serviceKey(identity)) return false;
  if (identity.kind === 'fwmark')
    return !cidr && !protocol && !port && (!fwmark || isWithin(fwmark, identity.fwmark));
  return (
    !fwmark &&
    (!cidr || cidrContains(cidr, identity.address)) &&
    (!protocol || protocol === identity.protocol) &&
    (!port || isWithin(port, identity.port))
  );
}

function isWithin({ min, max }: Range, value: number): boolean {
  return value >= min && value <= max;
}
