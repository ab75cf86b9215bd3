import { InvalidArgumentError } from 'commander';
import type { Ipvs } from '../../model/ipvs.ts';
import { findService } from '../../plan/find-service.ts';
import { EXIT } from '../../render/exit.ts';
import { formatJson } from '../../render/json.ts';
import { topJson } from '../../render/top/top-json.ts';
import { formatTop } from '../../render/top/top-text.ts';
import {
  type ServiceTraffic,
  SORT_KEYS,
  type SortKey,
  trafficOf,
} from '../../render/top/traffic.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { TABLE_EXITS } from '../declare/exit-groups.ts';
import { NETNS_OPTIONS } from '../declare/option-groups.ts';
import {
  choice,
  flag,
  number,
  outputFormat,
  parseTime,
  repeatedArgument,
  type ValuesOf,
} from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import type { Keyboard } from '../keyboard.ts';
import { withTable } from '../open-table.ts';

const FORMATS = {
  text: formatTop,
  json: (traffic: readonly ServiceTraffic[]) => formatJson(topJson(traffic, new Date())),
};

const OPTIONS = {
  sort: choice('--sort <key>', 'the largest first by this', sortKeys(), 'connections'),
  destinations: flag('-d, --destinations', 'list the destinations of each service, too'),
  once: flag('--once', 'print once and exit; so it does when stdout is not a terminal'),
  interval: number('--interval <time>', 'time between two reads', parseInterval, 2, '2s'),
  output: outputFormat(FORMATS, 'text'),
  ...NETNS_OPTIONS,
};

type TopOptions = ValuesOf<typeof OPTIONS>;

export const topVerb = defineVerb({
  name: 'top',
  job: 'look',
  summary: 'traffic of the services',
  description: 'show the traffic of the services, the busiest first; needs no daemon',
  arguments: {
    services: repeatedArgument('service', 'only these, by their addresses, with destinations'),
  },
  options: OPTIONS,
  exits: {
    ok: 'printed, or ended by the key q',
    noinput: 'the network namespace does not exist',
    unavailable: TABLE_EXITS.unavailable,
    noperm: TABLE_EXITS.noperm,
    signal: 'ended by SIGINT or SIGTERM',
  },
  examples: ['ipvstate top --once --sort bytes', 'ipvstate top --once -d -o json'],
  notes: [
    'Keys: c, b, a, n sort by connections/s, bytes/s, active connections and address;',
    'd shows or hides the destinations; q ends it. Rates are averages over about 8 s.',
  ],
  run: (options, environment, { services }) =>
    withTable(undefined, environment, async ({ ipvs }) => {
      const isLive =
        !options.once && options.output === 'text' && environment.output.canRedraw('stdout');
      const keyboard = isLive ? environment.keyboard() : undefined;
      const view = { ...options, destinations: options.destinations || services.length > 0 };
      if (keyboard) return follow(view, services, ipvs, environment, keyboard);
      const { output } = environment;
      const traffic = await readTraffic(ipvs, services, options.sort);
      output.print(
        FORMATS[options.output](traffic, {
          ...output.layout('stdout'),
          sort: view.sort,
          hasDestinations: view.destinations,
        }),
      );
      return EXIT.ok;
    }),
});

/** The keys that change the order. */
const SORTING_KEYS: Readonly<Record<string, SortKey>> = {
  c: 'connections',
  b: 'bytes',
  a: 'active',
  n: 'address',
};

const CONTROL_C = '\u0003';

/** Redraws the screen after each interval and each key, until a key or a signal ends it. */
async function follow(
  options: TopOptions,
  services: readonly string[],
  ipvs: Ipvs,
  { output, interruption }: Environment,
  keyboard: Keyboard,
): Promise<number> {
  const signal = interruption(true);
  let { sort, destinations: hasDestinations } = options;
  output.openScreen();
  try {
    while (!signal.aborted) {
      const traffic = await readTraffic(ipvs, services, sort);
      output.redraw(formatTop(traffic, { ...output.layout('stdout'), sort, hasDestinations }));
      const key = await keyboard.next(options.interval * 1000, signal);
      if (key === 'q' || key === CONTROL_C) return EXIT.ok;
      if (key === 'd') hasDestinations = !hasDestinations;
      sort = SORTING_KEYS[key ?? ''] ?? sort;
    }
    return signal.reason as number;
  } finally {
    output.closeScreen();
    keyboard.close();
  }
}

/** Reads the traffic of the services that are named, or of all. Throws `USAGE` for another name. */
async function readTraffic(
  ipvs: Ipvs,
  named: readonly string[],
  sort: SortKey,
): Promise<readonly ServiceTraffic[]> {
  const snapshot = await ipvs.read({ stats: true });
  const traffic = trafficOf(snapshot, sort);
  if (named.length === 0) return traffic;
  const known = { keys: snapshot.table.services.keys(), names: new Map() };
  const keys = new Set(named.map((text) => findService(text, known)));
  return traffic.filter(({ service }) => keys.has(service.key));
}

function sortKeys(): readonly SortKey[] {
  return Object.keys(SORT_KEYS) as SortKey[];
}

function parseInterval(text: string): number {
  const seconds = parseTime(text);
  if (seconds < 1) throw new InvalidArgumentError('Expected at least 1s.');
  return seconds;
}
