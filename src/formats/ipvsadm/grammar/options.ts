import { DESTINATION_ATTRIBUTES } from '../../../model/destination.ts';
import { SCHEDULERS } from '../../../model/scheduler.ts';
import type { Protocol } from '../../../model/service.ts';
import { DAEMON_ATTRIBUTES } from '../../../model/settings.ts';

/**
 * An option as messages of ipvsadm name it. Options that share a name exclude each other. The
 * options of each command are in allowed-options.ts.
 */
export type OptionName =
  | 'numeric'
  | 'connection'
  | 'service-address'
  | 'scheduler'
  | 'persistent'
  | 'netmask'
  | 'real-server'
  | 'forwarding-method'
  | NumberOption
  | 'mcast-interface'
  | 'timeout'
  | 'daemon'
  | 'stats'
  | 'rate'
  | 'thresholds'
  | 'persistent-conn'
  | 'nosort'
  | 'syncid'
  | 'exact'
  | 'ops'
  | 'pe'
  | 'sched-flags'
  | 'mcast-group'
  | 'mcast-port'
  | 'mcast-ttl'
  | 'sync-maxlen'
  | 'tun-info'
  | 'tun-type'
  | 'tun-port'
  | 'tun-nocsum'
  | 'tun-csum'
  | 'tun-remcsum';

/** The options of `DESTINATION_NUMBERS`. */
export type NumberOption = 'weight' | 'u-threshold' | 'l-threshold';

/** The value of an option, and ipvsadm's message about a bad one. */
type OptionValue =
  | { readonly kind: 'flag' }
  | {
      readonly kind: 'number';
      readonly min: number;
      readonly max: number;
      readonly illegal: (text: string) => string;
      /** The option may stand without a value, as `-p` does. */
      readonly optional?: true;
    }
  | { readonly kind: 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly illegal: string }
  | { readonly kind: 'service'; readonly protocol: Protocol }
  | { readonly kind: 'fwmark' }
  | { readonly kind: 'server' }
  | { readonly kind: 'netmask' }
  | { readonly kind: 'group' };

export interface Option {
  /** undefined: ipvsadm accepts the option with any command, and more than once. */
  readonly name: OptionName | undefined;
  readonly long: string;
  readonly short?: string;
  /** The usage text leaves the short spelling out. */
  readonly hidesShort?: true;
  readonly value: OptionValue;
  readonly section: 'service' | 'option' | 'daemon';
  /** The name of the value in the usage text. */
  readonly placeholder?: string;
  /** The lines of its explanation in the usage text. */
  readonly usage: readonly string[];
}

/** ipvsadm's message about a bad `-p` or `--set`. */
export function invalidTimeout(text: string): string {
  return `invalid timeout value \`${text}' specified`;
}

/** ipvsadm's longest time of `-p` and `--set`: 31 days. */
export const LONGEST_TIMEOUT_SECONDS = 2_678_400;

type Name = OptionName | undefined;

/** @param spelling `long` or `long|s` */
function option(
  name: Name,
  spelling: string,
  placeholder: string,
  value: OptionValue,
  ...usage: string[]
): Option {
  const [long = '', short] = spelling.split('|');
  return {
    name,
    long,
    ...(short && { short }),
    value,
    section: 'option',
    ...(placeholder && { placeholder }),
    usage,
  };
}

function flag(name: Name, spelling: string, ...usage: string[]): Option {
  return option(name, spelling, '', { kind: 'flag' }, ...usage);
}

function service(spelling: string, protocol: Protocol): Option {
  return option(
    'service-address',
    spelling,
    'service-address',
    { kind: 'service', protocol },
    'service-address is host[:port]',
  );
}

/** The value of an option whose range is that of an attribute. */
function attribute(name: OptionName, illegal: string): OptionValue {
  const rows = [...DESTINATION_ATTRIBUTES, ...DAEMON_ATTRIBUTES];
  const range = rows.find(({ option: known }) => known === name)?.range;
  if (!range) throw new Error(`no attribute has the option ${name} and a range`);
  return { kind: 'number', ...range, illegal: () => illegal };
}

function inSection(section: Option['section'], options: readonly Option[]): Option[] {
  return options.map((each) => ({ ...each, section }));
}

const TEXT = { kind: 'text' } as const;
const TIMEOUT: OptionValue = {
  kind: 'number',
  min: 1,
  max: LONGEST_TIMEOUT_SECONDS,
  illegal: invalidTimeout,
  optional: true,
};
const TUNNEL_TYPE: OptionValue = {
  kind: 'choice',
  choices: ['ipip', 'gue', 'gre'],
  illegal: 'illegal tunnel type specified',
};
const SCHEDULER_LIST = SCHEDULERS.filter((name) => name !== 'twos' && name !== 'none').join('|');

const SERVICE_OPTIONS = inSection('service', [
  service('tcp-service|t', 'tcp'),
  service('udp-service|u', 'udp'),
  service('sctp-service', 'sctp'),
  option(
    'service-address',
    'fwmark-service|f',
    'fwmark',
    { kind: 'fwmark' },
    'fwmark is an integer greater than zero',
  ),
]);

const DAEMON_OPTIONS = inSection('daemon', [
  option(
    'syncid',
    'syncid',
    'sid',
    attribute('syncid', 'illegal syncid specified'),
    'syncid for connection sync (default=255)',
  ),
  option(
    'sync-maxlen',
    'sync-maxlen',
    'length',
    attribute('sync-maxlen', 'illegal sync-maxlen specified'),
    'Max sync message length (default=1472)',
  ),
  option(
    'mcast-interface',
    'mcast-interface',
    'interface',
    TEXT,
    'multicast interface for connection sync',
  ),
  option(
    'mcast-group',
    'mcast-group',
    'address',
    { kind: 'group' },
    'IPv4/IPv6 group (default=224.0.0.81)',
  ),
  option(
    'mcast-port',
    'mcast-port',
    'port',
    attribute('mcast-port', 'illegal mcast-port specified'),
    'UDP port (default=8848)',
  ),
  option(
    'mcast-ttl',
    'mcast-ttl',
    'ttl',
    attribute('mcast-ttl', 'illegal mcast-ttl specified'),
    'Multicast TTL (default=1)',
  ),
]);

/** All options, in the order of the usage text. Parser and usage text read this table. */
export const OPTIONS: readonly Option[] = [
  ...SERVICE_OPTIONS,
  flag(undefined, 'ipv6|6', 'fwmark entry uses IPv6'),
  option(
    'scheduler',
    'scheduler|s',
    'scheduler',
    TEXT,
    `one of ${SCHEDULER_LIST},`,
    'the default scheduler is wlc.',
  ),
  option(
    'pe',
    'pe',
    'engine',
    TEXT,
    'alternate persistence engine may be sip,',
    'not set by default.',
  ),
  option('persistent', 'persistent|p', '[timeout]', TIMEOUT, 'persistent service'),
  option('netmask', 'netmask|M', 'netmask', { kind: 'netmask' }, 'persistent granularity mask'),
  option(
    'real-server',
    'real-server|r',
    'server-address',
    { kind: 'server' },
    'server-address is host (and port)',
  ),
  flag('forwarding-method', 'gatewaying|g', 'gatewaying (direct routing) (default)'),
  flag('forwarding-method', 'ipip|i', 'ipip encapsulation (tunneling)'),
  flag('forwarding-method', 'masquerading|m', 'masquerading (NAT)'),
  option(
    'tun-type',
    'tun-type',
    'type',
    TUNNEL_TYPE,
    'one of ipip|gue|gre,',
    'the default tunnel type is ipip.',
  ),
  option(
    'tun-port',
    'tun-port',
    'port',
    attribute('tun-port', 'illegal tunnel port specified'),
    'tunnel destination port',
  ),
  flag('tun-nocsum', 'tun-nocsum', 'tunnel encapsulation without checksum'),
  flag('tun-csum', 'tun-csum', 'tunnel encapsulation with checksum'),
  flag('tun-remcsum', 'tun-remcsum', 'tunnel encapsulation with remote checksum'),
  option(
    'weight',
    'weight|w',
    'weight',
    attribute('weight', 'illegal weight specified'),
    'capacity of real server',
  ),
  option(
    'u-threshold',
    'u-threshold|x',
    'uthreshold',
    attribute('u-threshold', 'illegal u_threshold specified'),
    'upper threshold of connections',
  ),
  option(
    'l-threshold',
    'l-threshold|y',
    'lthreshold',
    attribute('l-threshold', 'illegal l_threshold specified'),
    'lower threshold of connections',
  ),
  flag('connection', 'connection|c', 'output of current IPVS connections'),
  flag('timeout', 'timeout', 'output of timeout (tcp tcpfin udp)'),
  flag('daemon', 'daemon', 'output of daemon information'),
  flag('stats', 'stats', 'output of statistics information'),
  flag('rate', 'rate', 'output of rate information'),
  { ...flag('exact', 'exact|X', 'expand numbers (display exact values)'), hidesShort: true },
  flag('thresholds', 'thresholds', 'output of thresholds information'),
  flag('persistent-conn', 'persistent-conn', 'output of persistent connection info'),
  flag('tun-info', 'tun-info', 'output of tunnel information'),
  flag('nosort', 'nosort', 'disable sorting output of service/server entries'),
  flag(undefined, 'sort', 'does nothing, for backwards compatibility'),
  flag('ops', 'ops|o', 'one-packet scheduling'),
  flag('numeric', 'numeric|n', 'numeric output of addresses and ports'),
  option('sched-flags', 'sched-flags|b', 'flags', TEXT, 'scheduler flags (comma-separated)'),
  ...DAEMON_OPTIONS,
];
