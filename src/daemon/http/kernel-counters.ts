import type { DestinationKey } from '../../model/destination.ts';
import type { Counters, Snapshot, Stats } from '../../model/ipvs.ts';
import type { ServiceKey } from '../../model/service.ts';

type StatName = 'connections' | 'inPackets' | 'outPackets' | 'inBytes' | 'outBytes';

const STATS: readonly (readonly [StatName, string, string])[] = [
  ['connections', 'connections_total', 'Connections'],
  ['inPackets', 'incoming_packets_total', 'Packets in'],
  ['outPackets', 'outgoing_packets_total', 'Packets out'],
  ['inBytes', 'incoming_bytes_total', 'Bytes in'],
  ['outBytes', 'outgoing_bytes_total', 'Bytes out'],
];

/** A series of one family of metrics. */
type Line = (value: bigint | number, service: ServiceKey, destination?: DestinationKey) => void;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly lines: (line: Line) => void;
}

/**
 * The kernel's counters, in Prometheus' text format. They are the kernel's own: written anew from each read, so that what was removed
 * is gone from the next scrape, and without the client library, whose counters only count up from zero and have no 64 bits.
 */
export function formatStats(
  { table, counters }: Snapshot,
  names: ReadonlyMap<ServiceKey, string>,
): string {
  const families = [
    ...STATS.flatMap((stat) => statFamilies(counters, stat)),
    ...liveFamilies(counters),
    weightFamily(table),
  ];
  return families.map((family) => formatFamily(family, names)).join('');
}

function statFamilies(counters: Counters, [stat, name, help]: (typeof STATS)[number]): Family[] {
  const value = (stats: Stats | undefined): bigint => stats?.[stat] ?? 0n;
  return [
    {
      name: `ipvstate_service_${name}`,
      help: `${help} of a service, as the kernel counts.`,
      type: 'counter',
      lines: (line) => {
        for (const [service, { stats }] of counters) line(value(stats), service);
      },
    },
    {
      name: `ipvstate_destination_${name}`,
      help: `${help} of a destination, as the kernel counts.`,
      type: 'counter',
      lines: (line) => {
        for (const [service, { destinations }] of counters) {
          for (const [destination, { stats }] of destinations)
            line(value(stats), service, destination);
        }
      },
    },
  ];
}

function liveFamilies(counters: Counters): Family[] {
  return (['active', 'inactive', 'persistent'] as const).map((kind) => ({
    name: `ipvstate_destination_${kind}_connections`,
    help: `Connections of a destination: ${kind}.`,
    type: 'gauge',
    lines: (line) => {
      for (const [service, { destinations }] of counters) {
        for (const [destination, live] of destinations) line(live[kind], service, destination);
      }
    },
  }));
}

function weightFamily(table: Snapshot['table']): Family {
  return {
    name: 'ipvstate_destination_weight',
    help: 'Live weight of a destination.',
    type: 'gauge',
    lines: (line) => {
      for (const [service, { destinations }] of table.services) {
        for (const [destination, { weight }] of destinations) line(weight, service, destination);
      }
    },
  };
}

function formatFamily(
  { name, help, type, lines }: Family,
  names: ReadonlyMap<ServiceKey, string>,
): string {
  let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  lines((value, service, destination) => {
    const label = names.get(service) ?? '';
    const of = destination === undefined ? '' : `,destination="${destination}"`;
    text += `${name}{service="${service}",name="${escapeLabel(label)}"${of}} ${value}\n`;
  });
  return text;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
