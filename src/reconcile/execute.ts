import { IpvstateError, type KernelError } from '../errors.ts';
import type { Ipvs, Refused } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import type { ServiceKey } from '../model/service.ts';
import { type RunStage, runStage } from '../model/stage.ts';
import type { Plan, Wave } from '../plan/plan.ts';
import type { Failure } from '../plan/report.ts';
import { objectOf, partOf } from './operation-object.ts';

/**
 * The reaction to a failed operation that another pass could not help. `isolate` rolls back the
 * service or the setting that had the failure and keeps the others.
 */
export type OnError = 'rollback' | 'stop' | 'continue' | 'isolate';

export interface ExecuteOptions {
  readonly onError?: OnError;
  /** Called with the number of operations that are answered or skipped, and the number of all. */
  readonly onProgress?: (answered: number, total: number) => void;
  /** Runs each stage. By default nobody watches. */
  readonly stage?: RunStage;
  /** Stops the execution between two waves or, in a long wave, between two services. */
  readonly signal?: AbortSignal;
}

export interface Execution {
  /**
   * The operations that the kernel accepted, in the order of sending. When `lost` is set, the last
   * part may not have been done.
   */
  readonly done: readonly (readonly Operation[])[];
  readonly failures: readonly Failure[];
  /** Set when the answers to a wave did not arrive. Only a new read shows what was done. */
  readonly lost: IpvstateError | undefined;
  /** True when the signal was aborted before the last operation was sent. */
  readonly aborted: boolean;
}

/**
 * Operations for one call of `execute`: enough to be fast, few enough that progress shows and a
 * signal is answered soon.
 */
const SLICE = 1980;

/**
 * Executes the waves of a plan. A wave is sent only when all before it succeeded. With `continue`,
 * later waves go on without the services that had a failure: a delete, for instance, is only safe
 * after the adds before it.
 */
export async function execute(
  ipvs: Ipvs,
  plan: Plan,
  options: ExecuteOptions = {},
): Promise<Execution> {
  const total = plan.waves.reduce((sum, { steps }) => sum + steps.length, 0);
  const done: Operation[][] = [];
  const failures: Failure[] = [];
  const end = (lost?: IpvstateError, aborted = false): Execution => ({
    done,
    failures,
    lost,
    aborted,
  });

  const failed = new Set<ServiceKey>();
  const isSafe = (operation: Operation): boolean => {
    const { service } = objectOf(operation);
    return service === undefined || !failed.has(service);
  };
  const fail = (operation: Operation, error: KernelError): void => {
    failures.push({ operation, error });
    const { service } = objectOf(operation);
    if (service !== undefined) failed.add(service);
  };

  const { stage = runStage } = options;
  let answered = 0;
  for (const { steps } of plan.waves) {
    for (let start = 0, next = 0; start < steps.length; start = next) {
      if (options.signal?.aborted && isBetweenParts(steps, start)) return end(undefined, true);
      next = endOfSlice(steps, start);
      const operations = steps.slice(start, next).map(({ operation }) => operation);
      const safe = failed.size === 0 ? operations : operations.filter(isSafe);
      try {
        const refused: Refused =
          safe.length === 0
            ? new Map()
            : await stage(
                'execute',
                () => ipvs.execute(safe),
                ({ size }) => ({ operation: safe.length, refusal: size }),
              );
        done.push(refused.size === 0 ? safe : safe.filter((_, index) => !refused.has(index)));
        for (const [index, error] of refused) fail(safe[index] as Operation, error);
      } catch (error) {
        if (!(error instanceof IpvstateError)) throw error;
        done.push(safe);
        return end(error);
      }
      answered += operations.length;
      options.onProgress?.(answered, total);
      const goesOn = options.onError === 'continue' || options.onError === 'isolate';
      if (failures.length > 0 && !goesOn) return end();
    }
  }
  return end();
}

/** Returns the end of the slice that begins at `start`: between two services, where it can be. */
function endOfSlice(steps: Wave['steps'], start: number): number {
  const most = Math.min(start + SLICE, steps.length);
  for (let end = most; end > start; end--) if (isBetweenParts(steps, end)) return end;
  return most;
}

/** Tells whether the operations before and after the index are of two services or settings. */
function isBetweenParts(steps: Wave['steps'], index: number): boolean {
  const before = steps[index - 1];
  const after = steps[index];
  return !before || !after || partOf(before.operation) !== partOf(after.operation);
}

/**
 * Tells whether the kernel refused an operation only because the table changed since the read.
 * Reading and planning again can help.
 */
export function isStale({ operation, error }: Failure): boolean {
  switch (error.errno) {
    case 'EEXIST':
    case 'ESRCH':
      return true;
    case 'ENOENT':
      return operation.kind === 'edit-destination' || operation.kind === 'delete-destination';
    default:
      return false;
  }
}
