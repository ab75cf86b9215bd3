import { hostname } from 'node:os';
import { callerName } from '../recovery/caller.ts';
import type { State } from '../recovery/state.ts';

/** Names who changes a configuration in etcd now. */
export function authorOf({ caller, clock }: State): {
  readonly author: string;
  readonly created: string;
} {
  return { author: `${callerName(caller)}@${hostname()}`, created: clock.now().toISOString() };
}
