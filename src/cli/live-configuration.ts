import { NO_LAYOUT } from '../config/layout.ts';
import type { Exportable, FormatOptions } from '../config/write/yaml.ts';
import { readProcesses } from '../kernel/facts/processes.ts';
import { printable } from '../model/printable.ts';
import type { ServiceKey } from '../model/service.ts';
import {
  type ServiceEntry,
  sortedDestinations,
  sortedServices,
  type Table,
} from '../model/table.ts';
import { readTwice } from '../reconcile/read-again.ts';
import type { Environment } from './environment.ts';
import { withTable } from './open-table.ts';

/** The live table as a configuration to go on with. */
interface LiveConfiguration {
  readonly table: Exportable;
  readonly writing: FormatOptions;
}

/**
 * Reads the live table to adopt it. Where another program writes to it, too, the configuration
 * gets a scope, so that a later run leaves the services alone that this program adds.
 */
export async function readLiveConfiguration(environment: Environment): Promise<LiveConfiguration> {
  const { table, unmanageable } = await withTable(undefined, environment, ({ ipvs }) =>
    readTwice(ipvs, {}, environment.output.stage),
  );
  const comments = await aboutWriters(environment);
  const writing = { unmanageable, layout: NO_LAYOUT };
  if (comments.length === 0) return { table: sorted(table), writing };
  // The other program may start and stop them: without a list, they are left alone.
  const withoutDaemons = { ...sorted(table), daemons: undefined };
  return { table: withoutDaemons, writing: { ...writing, scope: { comments } } };
}

/** The table in an order to keep. The kernel lists by hash bucket. */
function sorted(table: Table): Table {
  const services = sortedServices(table).map((entry): [ServiceKey, ServiceEntry] => {
    const destinations = sortedDestinations(entry).map((each) => [each.key, each] as const);
    return [entry.service.key, { ...entry, destinations: new Map(destinations) }];
  });
  return { ...table, services: new Map(services) };
}

/** Sentences about the other programs that write to this table, as far as they can be seen. */
async function aboutWriters({ machine, output }: Environment): Promise<string[]> {
  const { files, pid } = await machine();
  const processes = await readProcesses(files, pid);
  if (!processes.isKnown) {
    output.note(
      `ipvstate: whether other programs write to the table is not known: ${processes.reason}\n`,
    );
    return [];
  }
  const { writers, areHidden, isContainer } = processes.value;
  if (areHidden || isContainer)
    output.note(
      'ipvstate: not all processes are seen here: another program may write to the table\n',
    );
  const here = writers.filter(({ isHere }) => !isHere.isKnown || isHere.value);
  if (here.length === 0) return [];
  const names = here.map(({ name, pid }) => `${printable(name)} (pid ${pid})`).join(', ');
  output.note(`ipvstate: ${names} may write to this table: \`manage\` names the services to own\n`);
  return [
    `${names} may write to this table, too.`,
    'Only these services are managed. Delete those of the other program, here and below.',
    'Sync daemons are left alone: without `sync_daemons`, nothing starts or stops them.',
  ];
}

/** The commands with which a person goes on after an import of the live table. */
export function nextCommands(netns: string | undefined): string {
  const where = netns === undefined ? '' : ` --netns ${printable(netns)}`;
  const line = (verb: string, about: string): string =>
    `  ipvstate ${verb} -f ipvs.yaml${where}   # ${about}\n`;
  return [
    'ipvstate: to go on, with this text in ipvs.yaml:\n',
    line('plan ', 'no changes: the file is the table'),
    line('try  ', 'after an edit: rolls itself back unless it is confirmed'),
    line('apply', 'when you are sure'),
  ].join('');
}
