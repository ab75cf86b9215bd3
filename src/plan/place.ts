/** Why the operations of a wave are where they are. */
export type Purpose =
  /** Sysctls: some count when a daemon starts, others when a destination goes. */
  | 'tune'
  /** Stops sync daemons that would forbid a later operation. */
  | 'unblock'
  /** Uses each scheduler and engine that the table does not use yet, because only use tells whether the kernel has it. */
  | 'probe'
  /** Adds, and edits that take nothing away. */
  | 'make'
  /** In kept services: takes the scheduler, lowers weights, then deletes. Only safe once everything before it has succeeded. */
  | 'break'
  /** Deletes services. */
  | 'remove'
  /** Timeouts and daemons. */
  | 'finish';

/**
 * Where an operation belongs: the purposes are the waves, in order, and the places of one purpose are the order in which the
 * operations of one service follow each other in that wave.
 */
const PLACES = {
  tune: 'tune',
  unblock: 'unblock',
  probe: 'probe',
  settings: 'make',
  add: 'make',
  raise: 'make',
  edit: 'make',
  /** Pools are filled while their service schedules nothing, so that no client meets a half-filled one. */
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
