import { type ConfigState, needsSecondRead } from './config-state.ts';
import type { Trigger } from './loop-state.ts';

/** Why the loop wakes: a trigger, or the time for a second read of files. */
export type Wake = Trigger | 'second-read';

/**
 * These read the files. The others use the files in force. An approval reads them, because other
 * files make the plan void.
 */
const READING: readonly Wake[] = ['start', 'file', 'reload', 'resync', 'approve', 'second-read'];

/** These lead to a pass, also when nothing is known to differ. */
const COMPELLING: readonly Wake[] = [
  'start',
  'reload',
  'resync',
  'retry',
  'contested',
  'approve',
  'pause',
  'resume',
  'override',
  'health',
];

export function isCompelling(wake: Wake): boolean {
  return COMPELLING.includes(wake);
}

export function isReading(wake: Wake): boolean {
  return READING.includes(wake);
}

export function isTrigger(wake: Wake): wake is Trigger {
  return wake !== 'second-read';
}

/**
 * Finds the triggers of a read of the files. A second read is no trigger itself: it has those of
 * the first read.
 */
export class ReadCauses {
  /** The triggers of the read that found files which need a second read. */
  #awaited: readonly Trigger[] = [];

  /**
   * Returns the triggers of a read that led from the state `before` to the state `after`: those
   * among the wakes. When the read is the awaited second one, or finds the same content as the
   * first, the triggers of the first read come before them.
   */
  ofRead(wakes: readonly Wake[], before: ConfigState, after: ConfigState): readonly Trigger[] {
    const triggers = wakes.filter(isTrigger);
    const isSecondReadOnly = !triggers.some(isReading);
    const isSameContent = before.held
      ? (after.held ?? after.good) === before.held
      : needsSecondRead(before);
    const causes =
      isSecondReadOnly || isSameContent ? [...new Set([...this.#awaited, ...triggers])] : triggers;
    this.#awaited = needsSecondRead(after)
      ? causes.filter((cause) => isReading(cause) && cause !== 'approve')
      : [];
    return causes;
  }
}
