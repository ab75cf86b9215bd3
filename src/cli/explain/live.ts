import { isStatus } from '../../daemon/status/parse-status.ts';
import { describePause, formatHealth } from '../../daemon/status/status-text.ts';
import { IpvstateError } from '../../errors.ts';
import type { Desired } from '../../model/desired.ts';
import type { Ipvs } from '../../model/ipvs.ts';
import type { DaemonView, Surroundings } from '../../plan/explain/influences.ts';
import { isAsDesired } from '../../reconcile/loop/health.ts';
import { prepare } from '../../reconcile/prepare.ts';
import { readTwice } from '../../reconcile/read-again.ts';
import { policyStores } from '../../recovery/policy-stores.ts';
import { control } from '../control.ts';
import type { Environment } from '../environment.ts';
import { withTable } from '../open-table.ts';

interface LiveOptions {
  readonly table: string | undefined;
  readonly netns: string | undefined;
  readonly controlSocket: string | undefined;
}

export interface Live {
  readonly surroundings: Surroundings;
  /** The reason why there are no live values, or no plan. */
  readonly problem: IpvstateError | undefined;
}

/**
 * Reads all that is known beside the files. The files can be explained without the kernel, so its
 * failure is a part of the result. A saved table that cannot be read is an error.
 */
export async function readLive(
  desired: Desired,
  options: LiveOptions,
  environment: Environment,
): Promise<Live> {
  const daemon = options.table === undefined ? await askDaemon(options, environment) : undefined;
  const protectedServices = new Set<never>();
  try {
    const { problem, ...known } = await withTable(options.table, environment, ({ ipvs }) =>
      readAndPlan(ipvs, desired, options.table, environment),
    );
    return { surroundings: { protectedServices, ...known, daemon }, problem };
  } catch (error) {
    if (options.table !== undefined || !(error instanceof IpvstateError)) throw error;
    const unknown = { snapshot: undefined, planned: undefined, protectedServices, daemon };
    return { surroundings: unknown, problem: error };
  }
}

/** Plans as `plan` does. Where that is refused, the live values are still known. */
async function readAndPlan(
  ipvs: Ipvs,
  desired: Desired,
  table: string | undefined,
  environment: Environment,
): Promise<
  Partial<Pick<Surroundings, 'protectedServices'>> &
    Pick<Surroundings, 'snapshot' | 'planned'> &
    Pick<Live, 'problem'>
> {
  const { stage } = environment.output;
  try {
    const stores = await policyStores(table, environment);
    const planned = await prepare(ipvs, desired, { ...stores, confirmsAll: true, stage });
    const { protectedServices } = stores;
    return {
      snapshot: planned.snapshot,
      planned,
      ...(protectedServices && { protectedServices }),
      problem: undefined,
    };
  } catch (error) {
    if (!(error instanceof IpvstateError)) throw error;
    return { snapshot: await readTwice(ipvs, {}, stage), planned: undefined, problem: error };
  }
}

/** Asks the daemon what it leaves alone. Returns undefined when no daemon answers. */
async function askDaemon(
  options: LiveOptions,
  environment: Environment,
): Promise<DaemonView | undefined> {
  try {
    const answer = await control({ command: 'status' }, options, environment);
    if (!answer.ok || !isStatus(answer.status)) return undefined;
    const { contested, paused, refused_parts: refused = [], health } = answer.status;
    return {
      contested,
      refused,
      health: isAsDesired({ state: health }) ? undefined : formatHealth(answer.status),
      paused: paused
        ? { services: paused.services, description: describePause(paused) }
        : undefined,
    };
  } catch (error) {
    if (error instanceof IpvstateError) return undefined;
    throw error;
  }
}
