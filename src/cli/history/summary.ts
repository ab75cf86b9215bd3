import type { ServiceKey } from '../../model/service.ts';
import type { BeginLine } from '../../recovery/journal/journal-lines.ts';
import {
  type JournaledOperation,
  type JournaledRun,
  operationsOf,
} from '../../recovery/journal/runs.ts';

/** A run of the journal as it is shown. */
export interface RunSummary {
  readonly begin: BeginLine;
  /** The names that the files gave to services. */
  readonly names: ReadonlyMap<ServiceKey, string>;
  /** ISO 8601; undefined when the journal has no end of the run. */
  readonly ended: string | undefined;
  /** The outcome of the report, `error`, `cut-off`, or `unfinished` without an end. */
  readonly outcome: string;
  readonly exitCode: number | undefined;
  readonly operations: readonly JournaledOperation[];
  readonly done: number;
  readonly refused: number;
  /** Operations without an answer. */
  readonly unknown: number;
}

export function summarizeRun(run: JournaledRun): RunSummary {
  const operations = operationsOf(run);
  const count = (wanted: JournaledOperation['result']): number =>
    operations.filter(({ result }) => result === wanted).length;
  return {
    begin: run.begin,
    names: new Map(Object.entries(run.begin.names ?? {}) as [ServiceKey, string][]),
    ended: run.end?.time,
    outcome: run.end?.outcome ?? 'unfinished',
    exitCode: run.end?.exit_code,
    operations,
    done: count('done'),
    refused: count('refused'),
    unknown: count('unknown'),
  };
}

/** The services that a run wrote to. */
export function servicesOf({ operations }: Pick<RunSummary, 'operations'>): ReadonlySet<string> {
  return new Set(
    operations.flatMap(({ operation, deleted = [] }) => {
      const [kind = '', service = ''] = operation.split(' ');
      const own = /-(?:service|destination)$/.test(kind) ? [service] : [];
      const others = deleted.flatMap((entry) =>
        typeof entry === 'object' && entry && 'key' in entry ? [String(entry.key)] : [],
      );
      return [...own, ...others];
    }),
  );
}
