import { EXIT_MEANINGS, type ExitName, SIGNAL_MEANING } from '../../render/exit.ts';

/** The exit codes of a verb, with what each means there. `signal` is 130 and 143. */
export type Exits = { readonly ok: string } & {
  readonly [Name in ExitName | 'signal']?: string;
};

// Exit codes that several verbs share, as `option-groups.ts` has their options.

/** Exit codes of every verb. */
export const COMMON_EXITS = {
  internal: EXIT_MEANINGS.internal,
  usage: EXIT_MEANINGS.usage,
  io: EXIT_MEANINGS.io,
};

/** Exit codes of verbs that read a file. */
export const FILE_EXITS = {
  config: EXIT_MEANINGS.config,
  noinput: EXIT_MEANINGS.noinput,
};

/** Exit codes of verbs that work in a network namespace. */
export const NETNS_EXITS = { noinput: 'a file or the network namespace does not exist' };

/** Exit codes of verbs that read the kernel's table, or a saved one. */
export const TABLE_EXITS = {
  stale: 'the table kept changing while it was read',
  config: EXIT_MEANINGS.config,
  ...NETNS_EXITS,
  unavailable: 'the kernel has no IPVS, or does not answer',
  noperm: EXIT_MEANINGS.noperm,
};

/** Exit codes of verbs that take the lock of a network namespace. */
export const LOCK_EXITS = {
  ...NETNS_EXITS,
  unavailable: 'the kernel has no IPVS, or not that scheduler',
  locked: EXIT_MEANINGS.locked,
  noperm: EXIT_MEANINGS.noperm,
};

/** Exit codes of a plan that was executed. */
const EXECUTION_EXITS = {
  'rolled-back': EXIT_MEANINGS['rolled-back'],
  partial: EXIT_MEANINGS.partial,
  unverified: EXIT_MEANINGS.unverified,
};

/** Exit codes of verbs that change the table. */
export const WRITE_EXITS = {
  ...TABLE_EXITS,
  ...LOCK_EXITS,
  ...EXECUTION_EXITS,
  changes: 'done, and there were changes (with --detailed-exitcode)',
  refused: EXIT_MEANINGS.refused,
  stale: EXIT_MEANINGS.stale,
  signal: SIGNAL_MEANING,
};

const { changes: _, ...WRITES } = WRITE_EXITS;

/** Exit codes of verbs that change overrides. */
export const OVERRIDE_EXITS = {
  ...WRITES,
  refused: 'a guard or a pending try refused it; no override was changed',
  stale: TABLE_EXITS.stale,
  unavailable: 'the kernel has no IPVS, or the daemon is of another version',
};

/** Exit codes of verbs that ask the daemon. */
export const CONTROL_EXITS = {
  ...NETNS_EXITS,
  unavailable: 'no daemon runs, or it is still starting',
  noperm: 'the daemon belongs to another user',
};

/** Exit codes of verbs that have the daemon make a pass, and exit as `apply` would have. */
export const PASS_EXITS = {
  ...TABLE_EXITS,
  ...CONTROL_EXITS,
  ...EXECUTION_EXITS,
  changes: 'the daemon is not healthy: `ipvstate status` says why',
  refused: 'a guard holds the plan back, or the daemon is paused',
  unavailable: 'no daemon runs, or the kernel has no IPVS or scheduler',
  locked: 'after a pause: another ipvstate is writing, or a try is pending',
};
