import type { DestinationKey } from './destination.ts';
import type { Position } from './issue.ts';
import type { Policy } from './policy.ts';
import type { ServiceKey } from './service.ts';
import type { Daemon, Timeouts } from './settings.ts';
import type { ServiceEntry } from './table.ts';

/** A bound on deletions: a number of objects, a share of the live ones, or none. */
export type Limit =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'percent'; readonly value: number }
  | { readonly kind: 'off' };

/** Bounds of the file on what one plan may delete; an absent one means the built-in default (plan/guard.ts). */
export interface Limits {
  readonly maxServiceDeletes?: Limit;
  readonly maxDestinationDeletes?: Limit;
}

/** Where a desired object was written. Asked for few objects, so it is computed when asked. */
export type Locate = (service: ServiceKey, destination?: DestinationKey) => Position | undefined;

/** The parts of a file that are there once, and where they begin. */
export type Section = 'limits' | 'timeouts' | 'sync_daemons' | 'manage' | 'sysctls';

/** What files ask for: complete services, and hands off for whatever they do not mention. */
export interface Desired {
  readonly services: ReadonlyMap<ServiceKey, ServiceEntry>;
  /** Absent keys leave the live value alone. */
  readonly timeouts: Partial<Timeouts>;
  /** undefined: hands off. Empty: none may run. */
  readonly daemons: readonly Daemon[] | undefined;
  readonly limits: Limits;
  /** Absent: the whole table is managed, nothing is preserved, drained or protected. */
  readonly policy?: Policy;
  /** The `name` of a service: a label for people, never identity. */
  readonly names: ReadonlyMap<ServiceKey, string>;
  readonly locate: Locate;
  /** Where the sections that a file has were written, for messages about two files that both have one. */
  readonly sections?: Readonly<Partial<Record<Section, Position>>>;
}
