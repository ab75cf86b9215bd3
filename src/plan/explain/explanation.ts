import type { FieldValue } from '../../model/attributes.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { Position } from '../../model/issue.ts';
import type { Origin } from '../../model/origin.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Action } from '../change.ts';
import type { Influence } from './influences.ts';

/** A service, or one of its destinations. */
export interface Subject {
  readonly service: ServiceKey;
  readonly destination: DestinationKey | undefined;
}

/**
 * One attribute. A value is undefined where the object does not exist, was not read, or has no such
 * value; null is the value "none".
 */
export interface ExplainedAttribute {
  readonly name: string;
  /** The value of the files. */
  readonly desired: FieldValue | undefined;
  /** undefined for a built-in value, and for an object that no file has. */
  readonly origin: Origin | undefined;
  readonly live: FieldValue | undefined;
  /** The value after `apply`. */
  readonly planned: FieldValue | undefined;
}

/** The state of an object in the live table. */
export type LiveState = 'there' | 'missing' | 'not read';

/** A destination in the explanation of its service. */
export interface ExplainedDestination {
  readonly destination: DestinationKey;
  /** The place in the files; undefined when no file has it. */
  readonly position: Position | undefined;
  readonly isDesired: boolean;
  readonly live: LiveState;
  /** The action of `apply` on it; undefined for none. */
  readonly action: Action | undefined;
}

/** Everything that decides about a service or a destination. */
export interface Explanation extends Subject {
  /** The name in the files. */
  readonly name: string | undefined;
  readonly position: Position | undefined;
  readonly isDesired: boolean;
  readonly live: LiveState;
  readonly action: Action | undefined;
  readonly attributes: readonly ExplainedAttribute[];
  readonly influences: readonly Influence[];
  /** Empty for a destination. */
  readonly destinations: readonly ExplainedDestination[];
}
