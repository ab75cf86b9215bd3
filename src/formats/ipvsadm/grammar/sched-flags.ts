import { SCHEDULER_FLAGS } from '../../../model/scheduler.ts';
import { type Failure, failure } from './failure.ts';

/** The value of `-b`: names separated by commas, empty ones skipped. Returns the bits of `ServiceSettings.schedulerFlags`. */
export function parseSchedulerFlags(
  text: string,
  scheduler: string,
  word: number | undefined,
): number | Failure {
  if (text === '') return 0;
  let bits = 0;
  for (const name of text.split(',')) {
    if (name === '') continue;
    const flag = SCHEDULER_FLAGS.find((known) => known.name === name);
    if (!flag) return failure(`invalid scheduler flag \`${name}'`, word);
    if (flag.scheduler !== undefined && flag.scheduler !== scheduler)
      return failure(`incompatible scheduler flag \`${name}'`, word);
    bits |= flag.bit;
  }
  return bits;
}
