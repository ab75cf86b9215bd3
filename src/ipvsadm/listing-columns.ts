import type { ListingFormat } from '../formats/ipvsadm/grammar/parsed-command.ts';
import type { Destination } from '../model/destination.ts';
import { NO_CONNECTIONS, type ServiceCounters, type Stats } from '../model/ipvs.ts';

const FLAGS = 'Prot LocalAddress:Port Scheduler Flags\n';
const SERVICE = 'Prot LocalAddress:Port'.padEnd(33);
const SERVER = '  -> RemoteAddress:Port';

function counterTitles(...names: readonly string[]): string {
  return `${SERVICE}${names.map((name) => ` ${name.padStart(8)}`).join('')}\n${SERVER}\n`;
}

function settingTitles(...columns: readonly (readonly [string, number])[]): string {
  const titles = columns.map(([name, width]) => ` ${name.padEnd(width)}`);
  return `${SERVICE}${titles.join('')}\n${SERVER}\n`;
}

/** The two title lines of each format. Some end in blanks, as ipvsadm's titles do. */
export const TITLES: Readonly<Record<ListingFormat, string>> = {
  plain: `${FLAGS}${SERVER}           Forward Weight ActiveConn InActConn\n`,
  'tun-info': `${FLAGS}${SERVER}           Forward TunnelInfo    Weight ActiveConn InActConn\n`,
  stats: counterTitles('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'),
  rate: counterTitles('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'),
  thresholds: settingTitles(
    ['Uthreshold', 10],
    ['Lthreshold', 10],
    ['ActiveConn', 10],
    ['InActConn', 10],
  ),
  'persistent-conn': settingTitles(
    ['Weight', 9],
    ['PersistConn', 11],
    ['ActiveConn', 10],
    ['InActConn', 10],
  ),
};

const FORWARD_NAMES = { masq: 'Masq', tunnel: 'Tunnel', route: 'Route' } as const;

/** The columns of a server after its address. */
export function formatServerColumns(
  destination: Destination,
  counted: ServiceCounters | undefined,
  format: ListingFormat,
  exact: boolean,
): string {
  const counters = counted?.destinations.get(destination.key);
  const { active, inactive, persistent } = counters ?? NO_CONNECTIONS;
  const { weight, upperThreshold, lowerThreshold } = destination;
  const forward = FORWARD_NAMES[destination.forward];
  switch (format) {
    case 'plain':
      return columns([forward, 7], [weight, 6], [active, 10], [inactive, 10]);
    case 'tun-info':
      return columns(
        [forward, 7],
        [formatTunnel(destination), 13],
        [weight, 6],
        [active, 10],
        [inactive, 10],
      );
    case 'thresholds':
      return columns([upperThreshold, 10], [lowerThreshold, 10], [active, 10], [inactive, 10]);
    case 'persistent-conn':
      return columns([weight, 9], [persistent, 11], [active, 10], [inactive, 10]);
    case 'stats':
      return formatTotals(counters?.stats, exact);
    case 'rate':
      // ipvsadm never shortens the first three rates of a server.
      return rates(counters?.stats)
        .map((value, index) => formatCounter(value, exact || index < 3))
        .join('');
    default:
      return format satisfies never;
  }
}

function columns(...cells: readonly (readonly [string | number, number])[]): string {
  return cells.map(([value, width]) => ` ${`${value}`.padEnd(width)}`).join('');
}

const CHECKSUM_NAMES = { none: '-c', csum: '+c', remcsum: 'r+c' } as const;

function formatTunnel({ forward, tunnelType, tunnelPort, tunnelChecksum }: Destination): string {
  if (forward !== 'tunnel') return 'n/a';
  if (tunnelType === 'ipip') return tunnelType;
  const port = tunnelType === 'gue' ? `:${tunnelPort}` : '';
  return `${tunnelType}${port}:${CHECKSUM_NAMES[tunnelChecksum]}`;
}

/** The columns of `--stats`. */
export function formatTotals(stats: Stats | undefined, exact: boolean): string {
  return totals(stats)
    .map((value) => formatCounter(value, exact))
    .join('');
}

/** The columns of `--rate` for a service. */
export function formatRates(stats: Stats | undefined, exact: boolean): string {
  return rates(stats)
    .map((value) => formatCounter(value, exact))
    .join('');
}

function totals(stats: Stats | undefined): readonly bigint[] {
  if (!stats) return [0n, 0n, 0n, 0n, 0n];
  return [stats.connections, stats.inPackets, stats.outPackets, stats.inBytes, stats.outBytes];
}

function rates(stats: Stats | undefined): readonly bigint[] {
  if (!stats) return [0n, 0n, 0n, 0n, 0n];
  return [
    stats.connectionRate,
    stats.inPacketRate,
    stats.outPacketRate,
    stats.inByteRate,
    stats.outByteRate,
  ];
}

const UNITS = [
  { below: 1_000_000_000n, divisor: 1_000n, suffix: 'K' },
  { below: 100_000_000_000n, divisor: 1_000_000n, suffix: 'M' },
  { below: 100_000_000_000_000n, divisor: 1_000_000_000n, suffix: 'G' },
] as const;

/**
 * A counter in nine columns, as in ipvsadm. From 100 000 000 on it is in decimal units, cut and not
 * rounded; eight digits and a unit leave no blank before them. `exact` prints all digits.
 */
export function formatCounter(value: bigint, exact: boolean): string {
  if (exact || value < 100_000_000n) return ` ${`${value}`.padStart(8)}`;
  const { divisor, suffix } = UNITS.find(({ below }) => value < below) ?? {
    divisor: 1_000_000_000_000n,
    suffix: 'T',
  };
  return `${`${value / divisor}`.padStart(8)}${suffix}`;
}
