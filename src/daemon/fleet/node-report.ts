import type { NodeGenerations, NodeReport } from '../../fleet/node-report.ts';
import type { Verdict } from '../../fleet/progress.ts';
import { isAsDesired, isHealthy } from '../../reconcile/loop/health.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import { generationOf } from '../../sources/etcd/address.ts';
import type { Status } from '../status/status.ts';

/** The facts of a report that the daemon's status does not have. */
export interface NodeFacts
  extends Pick<NodeReport, 'host' | 'versions' | 'at' | 'table' | 'services' | 'fleet_overrides'> {
  readonly generation: NodeGenerations;
}

/** Finds the generations that a daemon has read, has in force and has applied. */
export function generationsOf({
  config: { files, good },
  applied,
}: Pick<LoopState, 'config' | 'applied'>): NodeGenerations {
  const inForce = generationOf(good?.files ?? []);
  return {
    read: generationOf(files) ?? inForce,
    in_force: inForce,
    applied: good !== undefined && applied === good.digest ? inForce : null,
  };
}

/**
 * Judges the table of a node by a generation. The table of before is no verdict: a pass must have
 * ended after the generation came into force.
 */
export function verdictOf(state: LoopState, generation: number): Verdict {
  const { config, lastPass, health } = state;
  if (config.problem && generationOf(config.files) === generation) return 'bad';
  const { in_force, applied } = generationsOf(state);
  const hasPassed = config.good && lastPass && lastPass.finishedAt >= config.good.since;
  if (in_force !== generation || !hasPassed) return 'pending';
  if (isHealthy(health)) return applied === generation ? 'good' : 'pending';
  return isAsDesired(health) || health.state === 'starting' ? 'pending' : 'bad';
}

/** Makes the report of a node of the status of its daemon. */
export function reportOf(
  status: Status,
  { refused }: Pick<LoopState, 'refused'>,
  facts: NodeFacts,
): NodeReport {
  const error = status.config.error ?? status.error ?? status.source ?? null;
  return {
    ...facts,
    started: status.program.started,
    stopped: false,
    health: status.health,
    healthy: isHealthy({ state: status.health }),
    since: status.health_since,
    why: status.why,
    error: error && { message: error.message, position: error.position },
    held:
      status.waiting && refused
        ? { plan: status.waiting.plan, changes: refused.plan.changes.length }
        : null,
    overrides: status.overrides?.length ?? 0,
  };
}
