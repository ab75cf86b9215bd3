import { IpvstateError } from '../errors.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import type { Plan } from '../plan/plan.ts';
import type { Failure } from '../plan/report.ts';

/** What to do when an operation fails for a reason that reading again cannot mend. */
export type OnError = 'rollback' | 'stop' | 'continue';

export interface ExecuteOptions {
  readonly onError?: OnError;
  /** Operations answered so far, and of how many. */
  readonly onProgress?: (answered: number, total: number) => void;
  /** Looked at between waves, where stopping is safe. */
  readonly signal?: AbortSignal;
}

export interface Execution {
  /** Accepted by the kernel, in order. When `lost` is set, the last of them only perhaps. */
  readonly done: readonly Operation[];
  readonly failures: readonly Failure[];
  /** The answers to a wave did not arrive: only a new read can tell what was done. */
  readonly lost: IpvstateError | undefined;
  /** The signal fired before the last wave. */
  readonly aborted: boolean;
}

/** Operations for one call of `execute`: enough to be fast, few enough that progress shows. */
const SLICE = 2048;

/** Executes the waves of a plan, each only when all before it succeeded whole (or always, with `continue`). */
export async function execute(ipvs: Ipvs, plan: Plan, options: ExecuteOptions = {}): Promise<Execution> {
  const total = plan.waves.reduce((sum, { steps }) => sum + steps.length, 0);
  const done: Operation[] = [];
  const failures: Failure[] = [];
  const end = (lost?: IpvstateError, aborted = false): Execution => ({ done, failures, lost, aborted });

  let answered = 0;
  for (const { steps } of plan.waves) {
    if (options.signal?.aborted) return end(undefined, true);
    for (let start = 0; start < steps.length; start += SLICE) {
      const slice = steps.slice(start, start + SLICE).map(({ operation }) => operation);
      try {
        const outcomes = await ipvs.execute(slice);
        for (const [index, operation] of slice.entries()) {
          const error = outcomes[index];
          if (error) failures.push({ operation, error });
          else done.push(operation);
        }
      } catch (error) {
        if (!(error instanceof IpvstateError)) throw error;
        done.push(...slice);
        return end(error);
      }
      answered += slice.length;
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
