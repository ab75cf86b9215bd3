import type { Change } from '../../plan/change.ts';
import type { JournalOverride } from '../../recovery/journal/journal-lines.ts';
import type { JournaledOperation } from '../../recovery/journal/runs.ts';
import { isSameLife, type TableLife } from '../../recovery/state.ts';
import type { Json } from '../../render/json.ts';
import { changeJson } from '../../render/plan-json.ts';
import type { RunSummary } from './summary.ts';

/** The rest of the journal behind the runs of a document. */
export type Rest = 'none' | 'older' | 'removed';

/** JSON document of runs (schemas/history.schema.json). */
export function historyJson(runs: readonly Json[], rest: Rest, problems: readonly string[]): Json {
  return { format: 'ipvstate-history', version: 1, runs, rest, problems };
}

/** JSON of a run. The operations and the changes are there if they are asked for. */
export function runJson(
  run: RunSummary,
  life: TableLife,
  details: {
    readonly withOperations: boolean;
    /** null when the journal does not have all settings. */
    readonly changes?: readonly Change[] | null;
  },
): Json {
  const { begin, ended, outcome, exitCode, done, refused, unknown, operations } = run;
  const { caller } = begin;
  return {
    id: begin.run,
    verb: begin.verb,
    trigger: begin.trigger,
    begun: begin.time,
    ended: ended ?? null,
    outcome,
    exit_code: exitCode ?? null,
    pid: begin.pid,
    same_table: isSameLife(begin, life),
    caller: caller
      ? {
          uid: caller.uid,
          user: caller.user ?? null,
          sudo_user: caller.sudo_user ?? null,
          command: caller.command,
        }
      : null,
    by: begin.by ?? null,
    overrides: (begin.overrides ?? []).map(overrideJson),
    files: begin.files.map(({ path, sha256 }) => ({ path, sha256 })),
    names: begin.names ?? {},
    planned: { changes: begin.changes, operations: begin.operations },
    done,
    refused,
    unknown,
    ...(details.withOperations && { operations: operations.map(operationJson) }),
    ...(details.changes !== undefined && { changes: changesJson(run, details.changes) }),
  };
}

function changesJson({ names }: RunSummary, changes: readonly Change[] | null): Json {
  if (!changes) return null;
  return changes.map((change) => {
    const { impact: _, cause: __, ...rest } = changeJson(change, { counters: new Map(), names });
    return rest;
  });
}

function overrideJson(override: JournalOverride): Json {
  const { service, destination, weight, owner, by, reason, until } = override;
  return { service, destination, weight, owner: owner ?? null, by, reason, until: until ?? null };
}

function operationJson({
  number,
  operation,
  result,
  errno,
  before,
  after,
}: JournaledOperation): Json {
  return {
    number,
    operation,
    result,
    errno: errno ?? null,
    before: before ?? null,
    after: after ?? null,
  };
}
