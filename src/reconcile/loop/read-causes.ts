import { type ConfigState, needsSecondRead } from './config-state.ts';
import type { Trigger } from './loop-state.ts';

/** What begins a turn: a cause, or the time to read files again that were seen because of one. */
export type Wake = Trigger | 'second-read';

/** These read the files; the others go on with what was good last. */
const READING: readonly Wake[] = ['start', 'file', 'reload', 'resync', 'second-read'];

export function isReading(wake: Wake): boolean {
  return READING.includes(wake);
}

export function isTrigger(wake: Wake): wake is Trigger {
  return wake !== 'second-read';
}

/** The causes of turns that read the files. A second read is a mechanism: its causes are those of the first read. */
export class ReadCauses {
  /** Why the files that need a second read were seen. */
  #awaited: readonly Trigger[] = [];

  /**
   * The causes of a turn that found the files `after`, where they were known as `before`: its own triggers. When it read the content
   * that awaited a second read, what made that content be seen first comes before them.
   */
  ofTurn(wakes: readonly Wake[], before: ConfigState, after: ConfigState): readonly Trigger[] {
    const own = wakes.filter(isTrigger);
    const isSecondReadOnly = !own.some(isReading);
    const isSameContent = before.held ? (after.held ?? after.good) === before.held : needsSecondRead(before);
    const causes = isSecondReadOnly || isSameContent ? [...new Set([...this.#awaited, ...own])] : own;
    this.#awaited = needsSecondRead(after) ? causes.filter(isReading) : [];
    return causes;
  }
}
