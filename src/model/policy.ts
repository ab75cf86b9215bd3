import type { DestinationKey } from './destination.ts';
import type { Manage } from './manage.ts';
import type { ServiceKey } from './service.ts';

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
