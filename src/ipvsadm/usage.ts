import { COMMANDS, type CommandWord } from '../formats/ipvsadm/grammar/commands.ts';
import { OPTIONS, type Option } from '../formats/ipvsadm/grammar/options.ts';

/** The version of ipvsadm with the same command line. */
export const VERSION_LINE = 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n';

const SYNOPSIS = [
  '-A|E virtual-service [-s scheduler] [-p [timeout]] [-M netmask] [--pe persistence_engine] [-b sched-flags]',
  '-D virtual-service',
  '-C',
  '-R',
  '-S [-n]',
  '-a|e virtual-service -r server-address [options]',
  '-d virtual-service -r server-address',
  '-L|l [virtual-service] [options]',
  '-Z [virtual-service]',
  '--set tcp tcpfin udp',
  '--start-daemon {master|backup} [daemon-options]',
  '--stop-daemon {master|backup}',
  '-h',
];

/** The columns of the explanations. */
const COMMAND_COLUMN = 30;
const OPTION_COLUMN = 38;

/** The output of `-h`. */
export function formatUsage(programName: string): string {
  const section = (name: Option['section']) =>
    OPTIONS.filter((option) => option.section === name).flatMap(formatOption);
  return [
    `${VERSION_LINE}Usage:`,
    ...SYNOPSIS.map((line) => `  ${programName} ${line}`),
    '',
    'Commands:',
    'Either long or short options are allowed.',
    ...COMMANDS.flatMap(formatCommand),
    '',
    'virtual-service:',
    ...section('service'),
    '',
    'Options:',
    ...section('option'),
    'Daemon Options:',
    ...section('daemon'),
    '',
  ].join('\n');
}

function formatCommand({ long, shorts, words, usage }: CommandWord): string[] {
  if (usage === undefined) return [];
  const spelling = words
    ? `--${long} ${words}`
    : `--${long}`.padEnd(18) + shorts.map((short) => `-${short}`).join('|');
  return [`  ${spelling}`.padEnd(COMMAND_COLUMN) + usage];
}

function formatOption(option: Option): string[] {
  const [first = '', ...rest] = option.usage;
  const indent = ' '.repeat(OPTION_COLUMN);
  return [
    `  ${formatSpelling(option)}`.padEnd(OPTION_COLUMN) + first,
    ...rest.map((line) => indent + line),
  ];
}

function formatSpelling({ section, long, short, hidesShort, placeholder = '' }: Option): string {
  const name = `--${long}`;
  if (section === 'daemon') return `${name} ${placeholder}`;
  if (section === 'service')
    return `${(short ? `${name}|-${short}` : name).padEnd(17)} ${placeholder}`;
  if (short === undefined || hidesShort) return `${name.padEnd(15)} ${placeholder}`;
  return `${name.padEnd(14)} -${short} ${placeholder}`;
}
