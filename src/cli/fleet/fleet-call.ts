import { Option } from 'commander';
import { IpvstateError } from '../../errors.ts';
import type { FleetNode } from '../../fleet/nodes.ts';
import { isNodeName } from '../../model/node.ts';
import { printable } from '../../model/printable.ts';
import { FLEET_FORMATS } from '../../render/fleet.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import { type Fleet, readFleet } from '../../sources/etcd/nodes.ts';
import { reasonOption } from '../declare/option-groups.ts';
import {
  type OptionOf,
  outputFormat,
  parsed,
  parseGeneration,
  parseTime,
  text,
  type ValuesOf,
} from '../declare/options.ts';
import { parseLength } from '../declare/override-options.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import type { Environment } from '../environment.ts';

/** Between two looks at the fleet while `--wait` waits. */
const LOOK_MILLISECONDS = 1000;

const DEFAULT_TIMEOUT_SECONDS = 300;

export const FLEET_OPTIONS = {
  service: text('--service <service>', 'drain, undrain: only of this service, by address or name'),
  for: parsed('--for <time>', 'drain: end after this time, or `ever` (default: 1h)', parseLength),
  reason: reasonOption('say why, for everybody who looks'),
  wait: waitOption(),
  directors: parsed(
    '--directors <n>',
    'status --wait: wait until at least so many directors are known, too',
    parseGeneration,
  ),
  timeout: parsed('--timeout <time>', 'with --wait: wait no longer (default: 5m)', parseTime),
  output: outputFormat(FLEET_FORMATS, 'text'),
};

/** The value is true when no generation is given. */
function waitOption(): OptionOf<number | true | undefined> {
  const option = new Option(
    '--wait [generation]',
    'status: until every director has this generation, or a later one, and is healthy; ' +
      'drain, undrain: until every director has done it',
  );
  return { option: option.argParser(parseGeneration), absent: undefined };
}

/** The command line of an action. */
export interface FleetCall {
  readonly action: string;
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly subject: string | undefined;
  readonly options: ValuesOf<typeof FLEET_OPTIONS>;
  readonly environment: Environment;
}

/** A word beside the action and the address. */
export type TakenWord = 'subject' | Exclude<keyof typeof FLEET_OPTIONS, 'output'>;

const NAMES: Readonly<Record<TakenWord, string>> = {
  subject: 'node',
  service: '--service',
  for: '--for',
  reason: '--reason',
  wait: '--wait',
  directors: '--directors',
  timeout: '--timeout',
};

/** Throws `USAGE` for a word that another action takes: it would have no effect. */
export function refuseOthers({ action, subject, options }: FleetCall, taken: readonly TakenWord[]) {
  const given = { ...options, subject };
  for (const [name, shown] of Object.entries(NAMES) as [TakenWord, string][])
    if (given[name] !== undefined && !taken.includes(name))
      throw wrongUsage(`\`fleet ${action}\` takes no ${shown}`);
  for (const name of ['directors', 'timeout'] as const)
    if (options[name] !== undefined && options.wait === undefined)
      throw wrongUsage(`\`fleet ${action}\` takes ${NAMES[name]} only with --wait`);
}

/** Reads the fleet until `isOver`, or the time is up. Returns the last read. */
export async function waitFor(
  isOver: (fleet: Fleet) => boolean,
  { client, prefix, options, environment }: FleetCall,
): Promise<Fleet> {
  const { clock } = await environment.state();
  const end = clock.monotonicSeconds() + (options.timeout ?? DEFAULT_TIMEOUT_SECONDS);
  for (;;) {
    const read = await readFleet(client, prefix).catch((error: unknown) => {
      // A member that is away for a while is no reason to give up.
      if (!(error instanceof IpvstateError) || error.code !== 'NO_INPUT') throw error;
      return error;
    });
    const isLate = clock.monotonicSeconds() >= end;
    if (!(read instanceof IpvstateError) && (isLate || isOver(read))) return read;
    if (read instanceof IpvstateError && isLate) throw read;
    await clock.sleep(LOOK_MILLISECONDS);
  }
}

/** Prints the state of the fleet. */
export function show(fleet: Fleet, { options, environment: { output } }: FleetCall): void {
  output.print(FLEET_FORMATS[options.output](fleet, output.layout('stdout').width));
}

/** Finds a director. Throws `USAGE` for no name, and `NO_INPUT` for one that nobody has. */
export function nodeNamed(name: string, nodes: readonly FleetNode[], prefix: string): FleetNode {
  const node = nodes.find((each) => each.name === name);
  if (node) return node;
  if (!isNodeName(name)) throw wrongUsage(`${printable(name)} is no name of a director`);
  throw new IpvstateError('NO_INPUT', `no director ${name} is known in etcd:${prefix}`, {
    hint: '`ipvstate fleet status ADDRESS` lists the directors.',
  });
}
