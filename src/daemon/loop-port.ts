import { createHash } from 'node:crypto';
import { IpvstateError } from '../errors.ts';
import type { Activity } from '../kernel/activity.ts';
import { readFingerprint } from '../kernel/fingerprint.ts';
import { formatInterface, readInterfaces } from '../kernel/interfaces.ts';
import { throttledByCost } from '../kernel/throttle-by-cost.ts';
import type { Clock } from '../model/clock.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { Daemon } from '../model/settings.ts';
import type { LoopOptions } from '../reconcile/loop/loop-options.ts';
import { INITIAL_STATE, type LoopState, type Trigger } from '../reconcile/loop/loop-state.ts';
import { StackOfPasses } from '../recovery/ipvs-stack.ts';
import type { Session } from '../recovery/session.ts';
import { openPassRun, type PassRun } from './pass-record.ts';
import { exitCodeOfPass } from './status/pass-exit.ts';

/** Opens the kernel's table for the loop's passes, and records the passes. */
interface LoopPort
  extends Required<Pick<LoopOptions, 'openTable' | 'fingerprint' | 'announce' | 'digest'>> {
  /** Prepares for the next pass. To be called with every new state. */
  follow(state: LoopState, previous: LoopState): void;
  /** Opens the table for work between two passes. The next pass reads the whole table. */
  openWork(): PassRun;
  /** Resolves when all passes that ended are recorded. */
  settled(): Promise<void>;
}

export function openLoopPort(
  session: Session,
  kernel: Ipvs,
  activity: Activity,
  clock: Clock,
): LoopPort {
  const stack = new StackOfPasses(kernel, activity);
  const { remembered } = stack;
  let run: PassRun | undefined;
  let isShort = false;
  let state: LoopState = INITIAL_STATE;
  let last: Promise<void> = Promise.resolve();
  const look = throttledByCost(async () => {
    const table = await readFingerprint();
    const { daemons = [] } = state.config.good?.desired ?? {};
    return table === undefined ? undefined : `${table} ${await interfacesOf(daemons)}`;
  }, clock);

  const begin = ({ config, triggers, drains, contested, failures, pause }: LoopState): void => {
    const { good } = config;
    const isQuiet =
      drains.length === 0 && contested.length === 0 && failures === 0 && pause === undefined;
    // A pass for changed files alone needs to read only the services that the change touches.
    isShort =
      isQuiet &&
      good !== undefined &&
      triggers.every((trigger) => trigger === 'file') &&
      remembered.shortenNextRead(good.desired);
    if (!isShort) remembered.readWholeNext();
  };
  const end = ({ lastPass, config }: LoopState): void => {
    isShort = false;
    const desired = lastPass?.report?.plan.desired;
    const isAsDesired = lastPass?.outcome === 'applied' || lastPass?.outcome === 'in-sync';
    if (desired && isAsDesired && config.good) remembered.remember(desired, config.good.desired);
    else remembered.forget();
    if (!lastPass) return;
    const ended = run;
    // The layers of the pass hold the table, which is not needed until the next pass.
    run = undefined;
    last = last.then(() => ended?.end(lastPass, exitCodeOfPass(lastPass)));
  };
  return {
    openTable: (interruption) => {
      run = openPassRun(session, stack, interruption);
      return run.ipvs;
    },
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    fingerprint: () =>
      activity.during(async () => {
        // The cost of a fingerprint grows with the table, and a short pass ends with a read of the
        // whole table. During a pass, the fingerprint must be new: later ones are compared with it,
        // and an older one could belong to a table that is lost since.
        const fingerprint = isShort ? undefined : await look(state.phase === 'running');
        if (fingerprint === undefined)
          throw new IpvstateError('UNAVAILABLE', 'the kernel shows no table');
        return fingerprint;
      }),
    announce: async (plan, overrides) => {
      if (!run) throw new Error('a pass announced its plan before it opened the table');
      const { good } = state.config;
      const { files = [], desired } = good ?? {};
      const names = desired?.names;
      await run.announce(plan, { trigger: causeOf(state), files, names, overrides });
    },
    follow: (next, previous) => {
      state = next;
      if (next.phase === 'running' && previous.phase !== 'running') begin(next);
      if (next.lastPass !== previous.lastPass) end(next);
    },
    openWork: () => {
      remembered.readWholeNext();
      remembered.forget();
      return openPassRun(session, stack, undefined);
    },
    settled: () => last,
  };
}

/**
 * Names the interfaces of sync daemons, which the kernel's text of the table does not have. A
 * daemon must be started again when its interface is another one.
 */
async function interfacesOf(daemons: readonly Daemon[]): Promise<string> {
  if (daemons.length === 0) return '';
  const interfaces = await readInterfaces();
  return daemons.map(({ interface: name }) => formatInterface(interfaces, name)).join(' ');
}

/** The cause in the record of a pass: the first one, and `drift` only without any other cause. */
function causeOf({ triggers }: LoopState): Trigger {
  return triggers.find((trigger) => trigger !== 'drift') ?? 'drift';
}
