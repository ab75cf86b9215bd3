import type { DestinationKey } from './destination.ts';
import type { Position } from './issue.ts';
import type { Policy } from './policy.ts';
import type { ServiceKey } from './service.ts';
import type { Daemon, Timeouts } from './settings.ts';
import type { ServiceEntry } from './table.ts';

/** A limit on deletions: a number of objects, a share of the live ones, or none. */
export type Limit =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'percent'; readonly value: number }
  | { readonly kind: 'off' };

/**
 * The limits of a file on the deletions of one plan. A missing limit is the built-in default
 * (plan/guard.ts).
 */
export interface Limits {
  readonly maxServiceDeletes?: Limit;
  readonly maxDestinationDeletes?: Limit;
}

/**
 * Returns where a desired object was written. Few objects are asked for, so it is computed when
 * asked.
 */
type Locate = (service: ServiceKey, destination?: DestinationKey) => Position | undefined;

/** The sections that a file has at most once. */
export type Section = 'limits' | 'timeouts' | 'sync_daemons' | 'manage' | 'sysctls';

/**
 * The desired state of some files: complete services. Whatever they do not mention stays as it is.
 */
export interface Desired {
  readonly services: ReadonlyMap<ServiceKey, ServiceEntry>;
  /** A missing timeout keeps its live value. */
  readonly timeouts: Partial<Timeouts>;
  /** undefined keeps the live daemons; an empty list means that none may run. */
  readonly daemons: readonly Daemon[] | undefined;
  readonly limits: Limits;
  /**
   * Without a policy, the whole table is managed, and nothing is preserved, drained or protected.
   */
  readonly policy?: Policy;
  /** The `name` of a service: a label for people, never its identity. */
  readonly names: ReadonlyMap<ServiceKey, string>;
  readonly locate: Locate;
  /** Where the sections of a file begin, for messages about two files that both have one. */
  readonly sections?: Readonly<Partial<Record<Section, Position>>>;
}
