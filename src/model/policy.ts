import type { DestinationKey } from './destination.ts';
import { type Cidr, cidrContains } from './networks.ts';
import { type Protocol, type ServiceIdentity, type ServiceKey, serviceKey } from './service.ts';

/** Live values that win over the file's, for destinations that exist: somebody else, such as a health checker, owns them. */
export interface Preserve {
  readonly weight: boolean;
  /** Both of them. */
  readonly thresholds: boolean;
}

/** How one service wants to be treated. */
export interface ServicePolicy {
  /** Never deleted by a plan, unless that is allowed for once. */
  readonly protect: boolean;
  /** How long a removed destination may keep its connections; undefined: it goes at once. */
  readonly drainSeconds: number | undefined;
  /** Only the destinations with something to preserve. */
  readonly preserve: ReadonlyMap<DestinationKey, Preserve>;
}

/** How the desired state is to be reached: who owns what, and what may not be hurried. */
export interface Policy {
  /** undefined: the whole table. */
  readonly manage: Manage | undefined;
  /** Only the services that want something special. */
  readonly services: ReadonlyMap<ServiceKey, ServicePolicy>;
  readonly sysctls: SysctlPolicy | undefined;
}

/** Values of `net.ipv4.vs.*` by name. Undeclared ones are never touched. */
export interface SysctlPolicy {
  /** `check` only reports what differs. */
  readonly mode: 'enforce' | 'check';
  readonly values: ReadonlyMap<string, string>;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Services by what they have in common; every condition that is there must hold. */
export interface ServiceSelector {
  readonly cidr?: Cidr;
  readonly protocol?: Protocol;
  readonly port?: Range;
  readonly fwmark?: Range;
  readonly service?: ServiceKey;
}

/** Which live services a configuration is responsible for. */
export interface Manage {
  /** undefined: every service. */
  readonly include: readonly ServiceSelector[] | undefined;
  /** Wins over `include`. */
  readonly exclude: readonly ServiceSelector[];
}

export function isManaged({ include, exclude }: Manage, identity: ServiceIdentity): boolean {
  const matches = (selector: ServiceSelector): boolean => isSelected(selector, identity);
  return (include === undefined || include.some(matches)) && !exclude.some(matches);
}

/** Addresses, protocols and ports never match a mark, nor marks an address. */
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
