import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'minor' | 'major' }) => void;

let collect: Collect | undefined;

/**
 * Collects garbage now. V8 does so when its own heap grows, and neither sees the memory outside of it that hangs on objects nor gives
 * back to the system what it needed only once. `minor` is for what was allocated lately, and takes less than a millisecond.
 */
export function collectGarbage(type: 'minor' | 'major'): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type });
}
