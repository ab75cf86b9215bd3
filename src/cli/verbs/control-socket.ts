import { join } from 'node:path';
import type { State } from '../../recovery/state.ts';

/** Where the daemon of a network namespace is asked, unless it was told otherwise. */
export function defaultControlSocket({ folders }: State): string {
  return join(folders.runtime, 'control.sock');
}
