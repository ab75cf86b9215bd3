import { InvalidArgumentError } from 'commander';
import { IpvstateError } from '../../errors.ts';
import { parseServiceKey, serviceKey } from '../../model/service.ts';
import { wildcardMatcher } from '../../model/wildcard.ts';
import { type JournaledRun, journalParts } from '../../recovery/journal/runs.ts';
import type { State } from '../../recovery/state.ts';
import { EXIT } from '../../render/exit.ts';
import { formatJson, type Json } from '../../render/json.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { NETNS_EXITS } from '../declare/exit-groups.ts';
import { NETNS_OPTIONS } from '../declare/option-groups.ts';
import {
  flag,
  optionalArgument,
  outputFormat,
  parsed,
  repeated,
  type ValuesOf,
  wordArgument,
} from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import { findRun } from '../history/find-run.ts';
import { historyJson, type Rest, runJson } from '../history/history-json.ts';
import { formatOperations, formatRunLines } from '../history/list-text.ts';
import { describeDamage, listRuns } from '../history/listed-runs.ts';
import { changesOf } from '../history/run-changes.ts';
import { formatRun } from '../history/show-text.ts';
import { parseSince } from '../history/since.ts';
import { type RunSummary, servicesOf, summarizeRun } from '../history/summary.ts';

const HISTORY_OPTIONS = {
  last: parsed('--last <n>', 'this many runs (default: 20, or all with --since)', parseCount),
  since: parsed('--since <time>', 'runs since 2h ago, 14:00, or 2026-05-04T14:00', parseSince),
  service: repeated(
    '--service <service>',
    'runs that changed this service: an address or a name, * for any characters (repeatable)',
  ),
  operations: flag('--operations', 'list the operations of each run'),
  output: outputFormat({ text: true, json: true }, 'text'),
  ...NETNS_OPTIONS,
};

type HistoryOptions = ValuesOf<typeof HISTORY_OPTIONS>;

const DEFAULT_COUNT = 20;

export const historyVerb = defineVerb({
  name: 'history',
  job: 'look',
  summary: 'show who changed what',
  description: 'show the runs that changed the table, newest first',
  arguments: {
    show: wordArgument('show', 'print the plan of one run'),
    run: optionalArgument('run', 'the run to show: a unique beginning of its id'),
  },
  options: HISTORY_OPTIONS,
  exits: {
    ...NETNS_EXITS,
    ok: 'printed, also when there are no runs',
    noperm: 'the journal belongs to another user',
  },
  examples: [
    'ipvstate history --since 2h --operations',
    'ipvstate history --service shop --last 5',
    'ipvstate history show mp3k2x1c',
  ],
  notes: ['Changes that other programs made are not in the journal.'],
  run: async (options, environment, given) => {
    const state = await environment.state();
    if (given.show === undefined) list(options, state, environment);
    else {
      const run = findRun(state.folders.state, idOf(given.run, options));
      show(run, options, state, environment);
    }
    return EXIT.ok;
  },
});

/** The id after `show`. Throws `USAGE` without one, and for options of the list. */
function idOf(id: string | undefined, options: HistoryOptions): string {
  if (!id)
    throw new IpvstateError('USAGE', '`history show` needs the id of a run', {
      hint: '`ipvstate history` lists the runs.',
    });
  if (options.last !== undefined || options.since || options.service.length > 0)
    throw new IpvstateError(
      'USAGE',
      '`history show` shows one run: it takes no --last, --since or --service',
    );
  return id;
}

function list(options: HistoryOptions, state: State, { output }: Environment): void {
  const isText = options.output === 'text';
  const layout = output.layout('stdout');
  const isWanted = filterOf(options, state.clock.now());
  const limit = options.last ?? (options.since ? Number.POSITIVE_INFINITY : DEFAULT_COUNT);
  const documents: Json[] = [];
  let isEmpty = true;
  const { rest, problems } = listRuns(state, { limit, isWanted }, (run) => {
    isEmpty = false;
    if (!isText) documents.push(runJson(run, state.life, { withOperations: options.operations }));
    else
      output.print(
        formatRunLines(run, layout) +
          (options.operations ? formatOperations(run.operations, layout) : ''),
      );
  });
  if (!isText) output.print(formatJson(historyJson(documents, rest, problems)));
  else if (isEmpty) output.print('No runs.\n');
  for (const problem of problems) output.warn(`ipvstate: ${problem}\n`);
  if (isText) output.note(REST_NOTES[rest]);
}

const REST_NOTES: Readonly<Record<Rest, string>> = {
  none: '',
  older: 'There are older runs: see them with --last N or --since TIME.\n',
  removed: 'Older runs were removed: the journal keeps a fixed number of files.\n',
};

function show(id: string, options: HistoryOptions, state: State, { output }: Environment): void {
  const problems: string[] = [];
  let found: JournaledRun | undefined;
  for (const part of journalParts(state.folders.state)) {
    if (part.kind === 'damage') problems.push(describeDamage(part.place));
    if (part.kind !== 'run' || part.run.begin.run !== id) continue;
    found = part.run;
    break;
  }
  if (!found) throw new IpvstateError('IO', `run ${id} was removed from the journal meanwhile`);
  const run = summarizeRun(found);
  const changes = changesOf(found);
  if (options.output === 'text') output.print(formatRun(run, changes, output.layout('stdout')));
  else {
    const details = { withOperations: true, changes: changes ?? null };
    output.print(formatJson(historyJson([runJson(run, state.life, details)], 'none', problems)));
  }
  for (const problem of problems) output.warn(`ipvstate: ${problem}\n`);
}

/** Tells whether a run is one that the options ask for. */
function filterOf({ since, service }: HistoryOptions, now: Date): (run: RunSummary) => boolean {
  const earliest = since?.(now).getTime() ?? Number.NEGATIVE_INFINITY;
  const matchers = service.map((text) => {
    const identity = parseServiceKey(text);
    return wildcardMatcher(identity ? serviceKey(identity) : text);
  });
  return (run) => {
    if (Date.parse(run.begin.time) < earliest) return false;
    if (matchers.length === 0) return true;
    return [...servicesOf(run)].some((key) => {
      const name = run.begin.names?.[key];
      return matchers.some((matches) => matches(key) || (name !== undefined && matches(name)));
    });
  };
}

function parseCount(text: string): number {
  const count = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : undefined;
  if (count === undefined) throw new InvalidArgumentError('Expected a number from 1 on.');
  return count;
}
