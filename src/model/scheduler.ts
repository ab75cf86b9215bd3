/**
 * The schedulers of the mainline kernel. Others may exist as modules, so an unknown name is only a
 * warning.
 */
export const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'twos',
  'none',
] as const;

interface SchedulerFlag {
  readonly name: string;
  readonly bit: number;
  /** The only scheduler that has the flag; undefined for the generic names. */
  readonly scheduler: string | undefined;
}

/** Every name that ipvsadm accepts after `-b`, in the order in which they are printed. */
export const SCHEDULER_FLAGS: readonly SchedulerFlag[] = [
  { name: 'sh-fallback', bit: 0x08, scheduler: 'sh' },
  { name: 'sh-port', bit: 0x10, scheduler: 'sh' },
  { name: 'mh-fallback', bit: 0x08, scheduler: 'mh' },
  { name: 'mh-port', bit: 0x10, scheduler: 'mh' },
  { name: 'flag-1', bit: 0x08, scheduler: undefined },
  { name: 'flag-2', bit: 0x10, scheduler: undefined },
  { name: 'flag-3', bit: 0x20, scheduler: undefined },
];

/**
 * Returns the names of the set bits: the name of the scheduler's own flag, or `flag-N`. Reading the
 * names back gives the same bits.
 */
export function schedulerFlagNames(scheduler: string, bits: number): string[] {
  return [0x08, 0x10, 0x20]
    .filter((bit) => (bits & bit) !== 0)
    .map((bit) => {
      const own = SCHEDULER_FLAGS.find((flag) => flag.bit === bit && flag.scheduler === scheduler);
      return own?.name ?? `flag-${[0x08, 0x10, 0x20].indexOf(bit) + 1}`;
    });
}
