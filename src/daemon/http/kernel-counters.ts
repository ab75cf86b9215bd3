import type { DestinationKey } from '../../model/destination.ts';
import type { Counters, Snapshot, Stats } from '../../model/ipvs.ts';
import { printable } from '../../model/printable.ts';
import type { ServiceKey } from '../../model/service.ts';

/** The counters that have a total. */
type StatName = 'connections' | 'inPackets' | 'outPackets' | 'inBytes' | 'outBytes';

/** Counter, end of the metric's name, and beginning of its help. */
const STATS: readonly (readonly [StatName, string, string])[] = [
  ['connections', 'connections_total', 'Connections'],
  ['inPackets', 'incoming_packets_total', 'Packets in'],
  ['outPackets', 'outgoing_packets_total', 'Packets out'],
  ['inBytes', 'incoming_bytes_total', 'Bytes in'],
  ['outBytes', 'outgoing_bytes_total', 'Bytes out'],
];

/** Writes one sample of a family. */
type WriteSample = (
  value: bigint | number,
  service: ServiceKey,
  destination?: DestinationKey,
) => void;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: (write: WriteSample) => void;
}

/**
 * Formats the kernel's counters as Prometheus text. Each scrape formats a new snapshot, so that
 * removed services vanish. prom-client is not used: its counters start at zero and lack 64 bits.
 */
export function formatKernelCounters(
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
      samples: (write) => {
        for (const [service, { stats }] of counters) write(value(stats), service);
      },
    },
    {
      name: `ipvstate_destination_${name}`,
      help: `${help} of a destination, as the kernel counts.`,
      type: 'counter',
      samples: (write) => {
        for (const [service, { destinations }] of counters) {
          for (const [destination, { stats }] of destinations)
            write(value(stats), service, destination);
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
    samples: (write) => {
      for (const [service, { destinations }] of counters) {
        for (const [destination, live] of destinations) write(live[kind], service, destination);
      }
    },
  }));
}

function weightFamily(table: Snapshot['table']): Family {
  return {
    name: 'ipvstate_destination_weight',
    help: 'Live weight of a destination.',
    type: 'gauge',
    samples: (write) => {
      for (const [service, { destinations }] of table.services) {
        for (const [destination, { weight }] of destinations) write(weight, service, destination);
      }
    },
  };
}

function formatFamily(
  { name, help, type, samples }: Family,
  names: ReadonlyMap<ServiceKey, string>,
): string {
  let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  samples((value, service, destination) => {
    const label = names.get(service) ?? '';
    const of = destination === undefined ? '' : `,destination="${destination}"`;
    text += `${name}{service="${service}",name="${escapeLabel(label)}"${of}} ${value}\n`;
  });
  return text;
}

function escapeLabel(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
