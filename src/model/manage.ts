import { type Cidr, cidrContains } from './cidr.ts';
import { type Protocol, type ServiceIdentity, type ServiceKey, serviceKey } from './service.ts';

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
