import { IpvstateError } from '../errors.ts';
import type { Desired } from '../model/desired.ts';
import type { Snapshot } from '../model/ipvs.ts';
import { countEntries } from '../model/stage.ts';
import type { PartialTable } from '../plan/comparable.ts';
import { readTwice } from '../reconcile/read-again.ts';
import { type LoadOptions, loadDocuments, readDocuments } from '../sources/load.ts';
import type { Document } from '../sources/source.ts';
import { openSources } from '../sources/sources.ts';
import type { Environment } from './environment.ts';
import { requireValid } from './load-valid.ts';
import { withTable } from './open-table.ts';
import { parseSavedTable } from './saved-plan/resume-plan.ts';
import { isSavedPlanText, parseSavedPlan } from './saved-plan/saved-plan.ts';

/** One side of a comparison: the kernel's table, or the table that files ask for. */
export interface ComparedTable extends Pick<Desired, 'names' | 'locate'> {
  readonly table: PartialTable;
  readonly counters: Snapshot['counters'];
  readonly unmanageable: Snapshot['unmanageable'];
}

/** Names the kernel's table. A file of this name is `./live`. */
export const LIVE = 'live';

/**
 * Reads both sides, the files before the kernel. Throws like a read of the files or the kernel, and
 * `USAGE` when both sides are stdin.
 */
export async function readSides(
  a: string,
  b: string,
  options: LoadOptions,
  environment: Environment,
): Promise<readonly [ComparedTable, ComparedTable]> {
  if (a === '-' && b === '-')
    throw new IpvstateError('USAGE', 'stdin can be one side only: write - once');
  const onLongParse = (): void => environment.output.showStage('read-files');
  const read = (side: string): Promise<ComparedTable | undefined> =>
    side === LIVE
      ? Promise.resolve(undefined)
      : environment.output.stage(
          'read-files',
          () => readFiles(side, { ...options, onLongParse }, environment),
          ({ table }) => countEntries(table),
        );
  const [fileA, fileB] = [await read(a), await read(b)];
  if (fileA && fileB) return [fileA, fileB];
  const sysctls = (fileA ?? fileB)?.table.sysctls !== undefined;
  const live = await readLive(sysctls, environment);
  return [fileA ?? live, fileB ?? live];
}

/** Reads a side that is not the kernel's table. */
async function readFiles(
  path: string,
  options: LoadOptions,
  environment: Environment,
): Promise<ComparedTable> {
  const sources = openSources([path], environment.stdin, options.node);
  const documents = await readDocuments(sources);
  const desired =
    (options.format ? undefined : recognised(documents, environment)) ??
    requireValid(await loadDocuments(documents, options, sources), environment).desired;
  const { services, timeouts, daemons, policy, names, locate } = desired;
  return {
    table: { services, timeouts, daemons, sysctls: policy?.sysctls?.values },
    names,
    locate,
    counters: new Map(),
    unmanageable: [],
  };
}

/** The table of documents that are no configuration. */
function recognised(documents: readonly Document[], environment: Environment): Desired | undefined {
  return savedTable(documents) ?? emptyTable(documents, environment);
}

/** The table that a saved plan leads to. */
function savedTable(documents: readonly Document[]): Desired | undefined {
  const [document, ...others] = documents;
  if (!document || others.length > 0) return undefined;
  const text = document.bytes.toString('utf8');
  if (!isSavedPlanText(text)) return undefined;
  return parseSavedTable(parseSavedPlan(text, document.name).saved.desired, document.name);
}

/** `ipvsadm -Sn` prints nothing for an empty table. */
function emptyTable(documents: readonly Document[], { output }: Environment): Desired | undefined {
  const [document, ...others] = documents;
  if (!document || others.length > 0 || document.isSkipped) return undefined;
  if (document.bytes.toString('utf8').trim() !== '') return undefined;
  output.note(`ipvstate: ${document.name} is empty: it is taken for an empty table\n`);
  return {
    services: new Map(),
    timeouts: {},
    daemons: undefined,
    limits: {},
    names: new Map(),
    locate: () => undefined,
  };
}

function readLive(sysctls: boolean, environment: Environment): Promise<ComparedTable> {
  return withTable(undefined, environment, async ({ ipvs }) => {
    const { table, counters, unmanageable } = await readTwice(
      ipvs,
      { sysctls },
      environment.output.stage,
    );
    return {
      table: { ...table, sysctls: table.sysctls },
      names: new Map(),
      locate: () => undefined,
      counters,
      unmanageable,
    };
  });
}
