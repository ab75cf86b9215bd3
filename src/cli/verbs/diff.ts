import type { Change } from '../../plan/change.ts';
import { comparable } from '../../plan/comparable.ts';
import { plan } from '../../plan/plan.ts';
import { type ChangesContext, formatChanges, formatSummary } from '../../render/changes.ts';
import { EXIT } from '../../render/exit.ts';
import { PLAN_FORMATS } from '../../render/plan-formats.ts';
import type { PlanView } from '../../render/plan-text.ts';
import { type ComparedTable, LIVE, readSides } from '../compared-table.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import {
  NETNS_OPTIONS,
  NODE_OPTIONS,
  TRANSLATING_OPTIONS,
  translatingOf,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import { outputFormat, requiredArgument } from '../declare/options.ts';

const SIDES = 'a file, a folder, a saved table, a saved plan, - for stdin, or the word live';

export const diffVerb = defineVerb({
  name: 'diff',
  job: 'look',
  summary: 'compare any two tables',
  description: 'compare any two tables: of files, of saved plans, or the live one',
  arguments: {
    a: requiredArgument('a', `the table before: ${SIDES}`),
    b: requiredArgument('b', 'the table after: the same'),
  },
  options: {
    ...NODE_OPTIONS,
    ...TRANSLATING_OPTIONS,
    ...NETNS_OPTIONS,
    output: outputFormat(PLAN_FORMATS, 'text'),
    ...VERBOSE_OPTIONS,
  },
  exits: { ...TABLE_EXITS, ok: 'no differences', changes: 'the tables differ' },
  examples: [
    'ipvstate diff yesterday.yaml live',
    'ipvstate diff conf.d ipvs.plan -o markdown',
    'ssh lb2 ipvsadm -Sn | ipvstate diff - live',
  ],
  notes: [
    `A file whose name is ${LIVE} is written ./${LIVE}. Whole tables are compared: services`,
    'and destinations, and the settings that both sides say.',
  ],
  run: async (options, environment, { a, b }) => {
    const { output } = environment;
    const [before, after] = await readSides(a, b, translatingOf(options), environment);
    const planned = plan(...comparable(before.table, after.table));
    const { counters } = before;
    const view = {
      plan: planned,
      refusals: [],
      snapshot: { table: planned.live, counters, unmanageable: [] },
    };
    const context = { ...contextOf(before, after), style: output.style('stdout') };
    for (const { service, destination, reason } of [
      ...before.unmanageable,
      ...after.unmanageable,
    ]) {
      const entry = destination ? `${destination} of ${service}` : service;
      output.note(`ipvstate: not compared: ${entry} (${reason}, which no file can express)\n`);
    }
    output.print(DIFF_FORMATS[options.output](view, context));
    return planned.changes.length === 0 ? EXIT.ok : EXIT.changes;
  },
});

const DIFF_FORMATS = { ...PLAN_FORMATS, text: formatDifferences };

function formatDifferences({ plan: { changes } }: PlanView, context: ChangesContext): string {
  if (changes.length === 0) return 'No differences.\n';
  return `${formatChanges(changes, context)}\nDifferences: ${formatSummary(changes)}.\n`;
}

function contextOf(before: ComparedTable, after: ComparedTable): ChangesContext {
  return {
    counters: before.counters,
    names: new Map([...before.names, ...after.names]),
    locateLive: before.locate,
    locate: (change) => placeOf(change, after),
  };
}

function placeOf(change: Change, { locate }: ComparedTable) {
  if (!change.after) return undefined;
  if (change.object === 'service') return locate(change.service);
  return change.object === 'destination' ? locate(change.service, change.destination) : undefined;
}
