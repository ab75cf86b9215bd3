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

/** Tells whether a layout has any comment. */
export function hasComments({ head, services, tail }: Layout): boolean {
  if (head.length > 0 || tail.length > 0) return true;
  return Array.from(services.values()).some(
    (service) =>
      service.below.length > 0 ||
      isCommented(service) ||
      Array.from(service.destinations.values()).some(isCommented),
  );
}

function isCommented({ above, beside }: EntryLayout): boolean {
  return above.length > 0 || beside !== undefined;
}

export const NO_LAYOUT: Layout = { head: [], services: new Map(), tail: [] };
