import { test } from 'vitest';
import { COMMANDS, type CommandName } from '../../src/formats/ipvsadm/grammar/commands.ts';
import { OPTIONS, type Option } from '../../src/formats/ipvsadm/grammar/options.ts';
import { useHarness, words } from './ipvsadm/harness.ts';

const harness = useHarness();

const VALUES: Readonly<Record<string, string>> = {
  ...{
    'tcp-service': '10.0.0.1:80',
    'udp-service': '10.0.0.1:53',
    'sctp-service': '10.0.0.1:7',
    'fwmark-service': '7',
    ipv6: '',
  },
  ...{
    scheduler: 'sh',
    pe: 'sip',
    persistent: '77',
    netmask: '255.255.0.0',
    'real-server': '10.0.0.2:80',
    'sched-flags': 'flag-1',
  },
  ...{ 'tun-type': 'ipip', 'tun-port': '5', weight: '4', 'u-threshold': '9', 'l-threshold': '3' },
  ...{
    syncid: '5',
    'sync-maxlen': '1000',
    'mcast-interface': 'lo',
    'mcast-group': '224.0.0.99',
    'mcast-port': '9',
    'mcast-ttl': '3',
  },
};

/** Complete command lines for entries of the base table and for new entries. */
const COMPLETE: Readonly<Partial<Record<CommandName, string>>> = {
  'add-service': '-A -t 10.0.0.5:80',
  'edit-service': '-E -t 10.0.0.1:80',
  'delete-service': '-D -t 10.0.0.1:80',
  'add-server': '-a -t 10.0.0.1:80 -r 10.0.0.9:80',
  'edit-server': '-e -t 10.0.0.1:80 -r 10.0.0.3',
  'delete-server': '-d -t 10.0.0.1:80 -r 10.0.0.3',
  list: '-L -n',
  save: '-S -n',
  set: '--set 1 2 3',
  'start-daemon': '--start-daemon master',
  'stop-daemon': '--stop-daemon master',
};

function given(option: Option): string[] {
  if (option.value.kind === 'flag') return [`--${option.long}`];
  const value = VALUES[option.long];
  if (value === undefined) throw new Error(`no value for --${option.long}`);
  return [`--${option.long}=${value}`];
}

/** The rest of the line after these commands is ignored. */
const ENDS = ['help', 'version'];

test.each(COMMANDS.filter(({ name }) => !ENDS.includes(name)))(
  'the command $name takes and refuses each option as in ipvsadm',
  async ({ name, long }) => {
    const complete = words(COMPLETE[name] ?? `--${long}`);
    await harness().same(complete);
    for (const option of OPTIONS) await harness().same([...complete, ...given(option)]);
  },
);

test.each(['-A', '-D', '-a', '-d', '-L', '-Z', '--set', '--start-daemon master'])(
  'the command %s without options is refused as in ipvsadm',
  async (command) => {
    await harness().same(words(command));
  },
);

const REPEATED = [
  'tcp-service',
  'scheduler',
  'persistent',
  'gatewaying',
  'numeric',
  'ipv6',
  'sort',
  'syncid',
  'tun-csum',
];

test.each(OPTIONS.filter(({ long }) => REPEATED.includes(long)))(
  'the option --$long is accepted or refused twice as in ipvsadm',
  async (option) => {
    await harness().same(['-L', ...given(option), ...given(option)]);
  },
);
