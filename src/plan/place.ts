/** The purpose of the operations of a wave. */
export type Purpose =
  /** Writes sysctls. Some count when a daemon starts, others when a destination is deleted. */
  | 'tune'
  /** Stops sync daemons that would forbid a later operation. */
  | 'unblock'
  /**
   * Uses each scheduler and engine that no live service uses, and IPv6, because only their use
   * tells whether the kernel has them.
   */
  | 'probe'
  /**
   * Sets timeouts, and stops and starts daemons. The kernel can refuse these for reasons outside
   * the table, so they come before any client meets a new destination or loses an old one.
   */
  | 'settle'
  /** Adds objects, and edits that take nothing away. */
  | 'make'
  /**
   * Takes schedulers away, lowers weights and deletes, in services that stay. This is safe only
   * after everything before it has succeeded.
   */
  | 'break'
  /** Deletes services. */
  | 'remove'
  /** Starts a daemon that the kernel refuses until destinations of mixed families are gone. */
  | 'finish';

/**
 * The place of an operation. The purposes are the waves, in order. The places of one purpose are
 * the order of the operations of one service in that wave.
 */
const PLACES = {
  tune: 'tune',
  unblock: 'unblock',
  probe: 'probe',
  settle: 'settle',
  settings: 'make',
  add: 'make',
  raise: 'make',
  edit: 'make',
  /**
   * A pool is filled while its service schedules nothing, so that no client meets a half-filled
   * pool.
   */
  schedule: 'make',
  unschedule: 'break',
  lower: 'break',
  delete: 'break',
  remove: 'remove',
  finish: 'finish',
} as const satisfies Readonly<Record<string, Purpose>>;

export type Place = keyof typeof PLACES;

export const PURPOSES: readonly Purpose[] = [...new Set(Object.values(PLACES))];

export function purposeOf(place: Place): Purpose {
  return PLACES[place];
}

const ORDER = Object.fromEntries(
  Object.keys(PLACES).map((place, index) => [place, index]),
) as Readonly<Record<Place, number>>;

export function comparePlaces(a: Place, b: Place): number {
  return ORDER[a] - ORDER[b];
}
