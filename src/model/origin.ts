import type { DestinationKey } from './destination.ts';
import type { Position } from './issue.ts';

/** The part of a file that has a value. `line` is a line of ipvsadm, which sets all values. */
export type OriginKind = 'service' | 'destination' | 'profile' | 'pool' | 'defaults' | 'line';

/** The place where a value of the desired state was written. */
export interface Origin {
  readonly kind: OriginKind;
  /** The name of the profile or the pool. */
  readonly name?: string;
  readonly position: Position;
}

/**
 * The origins of an object's attributes, by their names in the file. An attribute that is missing
 * has its built-in value.
 */
export type Origins = ReadonlyMap<string, Origin>;

/** The origins of one service and of its destinations. */
export interface ServiceOrigins {
  readonly service: Origins;
  readonly destinations: ReadonlyMap<DestinationKey, Origins>;
}
