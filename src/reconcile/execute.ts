import { IpvstateError, type KernelError } from '../errors.ts';
import type { Ipvs, Refused } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Plan } from '../plan/plan.ts';
import type { Failure } from '../plan/report.ts';
import { subjectOf } from './subject.ts';

/** What to do when an operation fails for a reason that reading again cannot mend. */
export type OnError = 'rollback' | 'stop' | 'continue';

export interface ExecuteOptions {
  readonly onError?: OnError;
  /** Operations answered so far, with those that were left out because of a failure, and of how many. */
  readonly onProgress?: (answered: number, total: number) => void;
  /** Looked at between waves, where stopping is safe. */
  readonly signal?: AbortSignal;
}

export interface Execution {
  /** Accepted by the kernel, in order and as they were sent. When `lost` is set, the last part only perhaps. */
  readonly done: readonly (readonly Operation[])[];
  readonly failures: readonly Failure[];
  /** The answers to a wave did not arrive: only a new read can tell what was done. */
  readonly lost: IpvstateError | undefined;
  /** The signal fired before the last wave. */
  readonly aborted: boolean;
}

/** Operations for one call of `execute`: enough to be fast, few enough that progress shows. */
const SLICE = 1980;

/**
 * Executes the waves of a plan, each only when all before it succeeded whole. With `continue` the others go on, but a service with a
 * failure is left as it is: what comes later, such as a delete, is only safe when what came before was done.
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
    const { service } = subjectOf(operation);
    return service === undefined || !failed.has(service);
  };
  const fail = (operation: Operation, error: KernelError): void => {
    failures.push({ operation, error });
    const { service } = subjectOf(operation);
    if (service !== undefined) failed.add(service);
  };

  let answered = 0;
  for (const { steps } of plan.waves) {
    if (options.signal?.aborted) return end(undefined, true);
    for (let start = 0; start < steps.length; start += SLICE) {
      const operations = steps.slice(start, start + SLICE).map(({ operation }) => operation);
      const safe = failed.size === 0 ? operations : operations.filter(isSafe);
      try {
        const refused: Refused = safe.length === 0 ? new Map() : await ipvs.execute(safe);
        done.push(refused.size === 0 ? safe : safe.filter((_, index) => !refused.has(index)));
        for (const [index, error] of refused) fail(safe[index] as Operation, error);
      } catch (error) {
        if (!(error instanceof IpvstateError)) throw error;
        done.push(safe);
        return end(error);
      }
      answered += operations.length;
      options.onProgress?.(answered, total);
      if (failures.length > 0 && options.onError !== 'continue') return end();
    }
  }
  return end();
}

/** Whether a refusal only says that the table is not what it was when it was read: reading and planning again is the answer. */
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
