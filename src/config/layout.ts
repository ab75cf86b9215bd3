import type { DestinationKey } from '../model/destination.ts';
import type { ServiceKey } from '../model/service.ts';

/**
 * How a person arranged a text, for a writer that keeps it: comments, and lists that services
 * share. The order of the services and destinations is that of their maps in `Desired`. Comments
 * are lines without their mark, and without blanks around them.
 */
export interface Layout {
  /** The comments about the whole file. */
  readonly head: readonly string[];
  readonly services: ReadonlyMap<ServiceKey, ServiceLayout>;
  /** The comments after the last service. */
  readonly tail: readonly string[];
}

/** The comments of one entry. */
export interface EntryLayout {
  readonly above: readonly string[];
  /** The comment at the end of its line. */
  readonly beside?: string;
}

export interface ServiceLayout extends EntryLayout {
  readonly destinations: ReadonlyMap<DestinationKey, EntryLayout>;
  /** The comments after the last destination, such as a server that was taken out. */
  readonly below: readonly string[];
  /** The name of its list of destinations, when the text gives it one. */
  readonly pool?: string;
}

export const NO_LAYOUT: Layout = { head: [], services: new Map(), tail: [] };
