/** Columns of a listing of services; `plain` is ipvsadm's without a format option. */
export type ListingFormat =
  | 'plain'
  | 'tun-info'
  | 'stats'
  | 'rate'
  | 'thresholds'
  | 'persistent-conn';

const FLAGS = 'Prot LocalAddress:Port Scheduler Flags\n';
const SERVICE = 'Prot LocalAddress:Port'.padEnd(33);
const SERVER = '  -> RemoteAddress:Port';

function counters(...names: readonly string[]): string {
  return `${SERVICE}${names.map((name) => ` ${name.padStart(8)}`).join('')}\n${SERVER}\n`;
}

function settings(...columns: readonly (readonly [string, number])[]): string {
  return `${SERVICE}${columns.map(([name, width]) => ` ${name.padEnd(width)}`).join('')}\n${SERVER}\n`;
}

/** The two lines above a table. Some end in blanks, as ipvsadm's do. */
export const TITLES: Readonly<Record<ListingFormat, string>> = {
  plain: `${FLAGS}${SERVER}           Forward Weight ActiveConn InActConn\n`,
  'tun-info': `${FLAGS}${SERVER}           Forward TunnelInfo    Weight ActiveConn InActConn\n`,
  stats: counters('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'),
  rate: counters('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'),
  thresholds: settings(
    ['Uthreshold', 10],
    ['Lthreshold', 10],
    ['ActiveConn', 10],
    ['InActConn', 10],
  ),
  'persistent-conn': settings(
    ['Weight', 9],
    ['PersistConn', 11],
    ['ActiveConn', 10],
    ['InActConn', 10],
  ),
};
