import { BASE } from './ipvsadm/base.ts';
import type { Case, Effect } from './ipvsadm/compare.ts';

/** An intended difference from ipvsadm 1.31. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** A run that shows the difference. */
  readonly example: Case;
  readonly explains: (each: Case, real: Effect, ours: Effect) => boolean;
  /** The command line that gives the real ipvsadm the effect of ours. */
  readonly instead?: (argv: readonly string[]) => readonly string[];
}

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'cautions',
    reason:
      'ipvsadm accepts options with a surprising effect in silence: a port that is replaced, a netmask without effect',
    example: { argv: ['-a', '-t', '10.0.0.1:80', '-r', '10.0.0.9:81'] },
    explains: (_, real, ours) =>
      ours.stderr.includes('Warning: ') &&
      isSame({ ...ours, stderr: ours.stderr.replace(/^(line \d+: )?Warning: .*\n/gm, '') }, real, [
        ...OUTPUT,
        'table',
      ]),
  },
  {
    name: 'third scheduler flag',
    reason:
      'ipvsadm has no name for flag-3 of sh and mh: it prints nothing, and saves a file that cannot be restored',
    example: { argv: ['-L', '-n'], setup: '-A -t 10.0.0.1:80 -s sh -b flag-3\n' },
    explains: (_, real, ours) =>
      isSame(real, ours, ['status', 'stderr', 'table']) &&
      ours.stdout.replace(/,?flag-3/g, '') === real.stdout &&
      /^TCP .* sh \(flag-3\)$|^-A .* -s sh -b flag-3$/m.test(ours.stdout),
  },
  {
    name: 'listing',
    reason:
      'ipvsadm sorts by overflowing differences, and prints marks as negative numbers that it cannot read',
    example: {
      argv: ['-L', '-n'],
      setup: '-A -t 192.168.0.1:80\n-A -t 10.0.0.1:80\n-A -f 3000000000\n',
    },
    explains: (_, real, ours) =>
      isSame(real, ours, ['status', 'stderr', 'table']) &&
      isEqual(comparableLines(real.stdout), comparableLines(ours.stdout)),
  },
  {
    name: 'thresholds saved',
    reason: 'ipvsadm -S loses both thresholds',
    example: { argv: ['-S', '-n'] },
    explains: ({ argv }, real, ours) =>
      isSave(argv) &&
      isSame(real, ours, ['status', 'stderr', 'table']) &&
      isEqual(comparableLines(real.stdout), comparableLines(withoutThresholds(ours.stdout))),
  },
  {
    name: 'numeric save',
    reason:
      'ipvsadm -S without -n writes names that are cut, or that have another meaning when they are read',
    example: { argv: ['-S'] },
    explains: ({ argv }, real, ours) =>
      isSave(argv) &&
      !argv.some((word) => /^-S?n$|^--numeric$/.test(word)) &&
      withoutEndpoints(withoutThresholds(ours.stdout)) === withoutEndpoints(real.stdout) &&
      !/[tur] \S*[a-z]\S*:\S*[a-z]/.test(ours.stdout.replace(/\[\S*\]/g, '')),
  },
  {
    name: 'bracketed IPv4',
    reason: 'ipvsadm ignores the port after [10.0.0.1] and uses a port inside the brackets',
    example: { argv: ['-A', '-t', '[10.0.0.5]:80'] },
    explains: ({ argv }) => argv.some((word) => BRACKETED.test(word)),
    instead: (argv) => argv.map((word) => word.replace(BRACKETED, '$1:')),
  },
  {
    name: 'netmask before its service',
    reason:
      'ipvsadm reads -M as an IPv4 netmask and resets it to 128 when the IPv6 service comes later',
    example: { argv: ['-A', '-p', '-M', '64', '-t', '[2001:db8::5]:80'] },
    explains: ({ argv }) =>
      isBefore(argv, '-M', '-6') || (isBefore(argv, '-M', '-t') && isIPv6(argv)),
    instead: (argv) => moveToEnd(argv, '-M'),
  },
  {
    name: 'netmask spellings',
    reason:
      'ipvsadm reads -M 24 as 0.0.0.24, ignores text after an IPv6 prefix length, and does not know /24',
    example: { argv: ['-A', '-t', '10.0.0.5:80', '-p', '-M', '/24'] },
    explains: ({ argv }) => argv.includes('-M') && strictMask(argv) !== argumentOf(argv, '-M'),
    instead: (argv) => argv.map((word, at) => (argv[at - 1] === '-M' ? strictMask(argv) : word)),
  },
  {
    name: 'server before its service',
    reason: 'ipvsadm gives a server before its service port 0, and does not read its port name',
    example: { argv: ['-a', '-r', '10.0.0.9', '-m', '-t', '10.0.0.1:80'] },
    explains: ({ argv }) => ['-t', '-u', '-f'].some((service) => isBefore(argv, '-r', service)),
    instead: (argv) => moveToEnd(argv, '-r'),
  },
  {
    name: 'only commas',
    reason: 'ipvsadm -b , ends with a segmentation fault',
    example: { argv: ['-A', '-t', '10.0.0.5:80', '-b', ','] },
    explains: ({ argv }, real, ours) =>
      /^,+$/.test(argumentOf(argv, '-b') ?? '') && real.status === 139 && ours.status === 0,
  },
  {
    name: 'restore: line numbers',
    reason: 'ipvsadm -R prints no line numbers',
    example: { argv: ['-R'], stdin: '-A -f 8\n-D -f 9\n' },
    explains: (each, real, ours) =>
      isRestore(each) &&
      isSame({ ...ours, stderr: withoutNumbers(ours.stderr) }, real, [...OUTPUT, 'table']),
  },
  {
    name: 'restore: worst status',
    reason: 'the status of ipvsadm -R is the status of its last line',
    example: { argv: ['-R'], stdin: '-A -f 8\n-A -f 8\n-A -f 9\n' },
    explains: (each, real, ours) =>
      isRestore(each) &&
      real.status < ours.status &&
      isSame({ ...ours, stderr: withoutNumbers(ours.stderr) }, real, ['stdout', 'stderr', 'table']),
  },
  {
    name: 'restore: nothing of a bad file',
    reason:
      'ipvsadm -R stops at a wrong line, or leaves it out, and keeps the changes of the lines before it',
    example: { argv: ['-R'], stdin: '-A -f 8\n-A -f 9 -q\n-A -f 10\n' },
    explains: (each, real, ours) =>
      isRestore(each) &&
      ours.status !== 0 &&
      ours.stdout === '' &&
      withoutNumbers(ours.stderr) === real.stderr &&
      isUnchanged(each, ours),
  },
  {
    name: 'restore: comments',
    reason: 'ipvsadm -R reads # as a word, and stops',
    example: { argv: ['-R'], stdin: '# all services\n-A -f 8 # one\n' },
    explains: (each, real, ours) =>
      isRestore(each) && /#/.test(each.stdin ?? '') && real.status !== 0 && ours.status === 0,
  },
  {
    name: 'restore: last line',
    reason: 'ipvsadm -R ignores a last line that ends in two blanks',
    example: { argv: ['-R'], stdin: '-A -f 8\n-A -f 9  ' },
    explains: (each, _, ours) =>
      isRestore(each) && /[^\n] {2,}$/.test(each.stdin ?? '') && ours.status === 0,
  },
  {
    name: 'restore: negative marks',
    reason: 'ipvsadm -S writes marks from 2147483648 on as negative numbers',
    example: { argv: ['-R'], stdin: '-A -f -1294967296\n' },
    explains: (each, real, ours) =>
      isRestore(each) && /-f -\d/.test(each.stdin ?? '') && real.status === 2 && ours.status === 0,
  },
  {
    name: 'restore: a listing that fails',
    reason: 'ipvsadm -R ignores the rest of a file after a listing that finds no service',
    example: { argv: ['-R'], stdin: '-L -f 8\n-A -f 9\n' },
    explains: (each, real, ours) =>
      isRestore(each) && /^-L/m.test(each.stdin ?? '') && real.status === 1 && ours.status === 1,
  },
];

/** Matches an IPv4 address or a name in brackets. */
const BRACKETED = /^\[((?:[\d.]+|[a-z]+)(?::\d+)?)\]:/;

type Field = keyof Effect;
const OUTPUT: readonly Field[] = ['status', 'stdout', 'stderr'];

function isSame(a: Effect, b: Effect, fields: readonly Field[]): boolean {
  return fields.every((field) => a[field] === b[field]);
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.join('\n') === b.join('\n');
}

/**
 * The lines without three intended differences: their order, negative marks, and the third
 * scheduler flag.
 */
function comparableLines(text: string): string[] {
  return unsigned(text)
    .replace(/,?flag-3/g, '')
    .split('\n')
    .sort();
}

function unsigned(text: string): string {
  return text.replace(
    /^((?:FWM {2}|-[Aa] -f ))(-\d+)/gm,
    (_, start: string, mark: string) => `${start}${Number(mark) + 2 ** 32}`,
  );
}

function isSave(argv: readonly string[]): boolean {
  return /^-S|^--save$/.test(argv[0] ?? '');
}

function isRestore({ argv }: Case): boolean {
  return argv[0] === '-R';
}

function isUnchanged({ setup = BASE }: Case, ours: Effect): boolean {
  const services = (text: string) =>
    text.split('\n').filter((line) => line.startsWith('-A')).length;
  return services(ours.table) === services(setup);
}

function withoutThresholds(text: string): string {
  return text.replace(/ -[xy] \d+/g, '');
}

function withoutEndpoints(text: string): string {
  return text.replace(/ (-[tur]|--sctp-service) \S+/g, ' $1');
}

function withoutNumbers(text: string): string {
  return text.replace(/^line \d+: /gm, '');
}

function argumentOf(argv: readonly string[], option: string): string | undefined {
  const at = argv.indexOf(option);
  return at === -1 ? undefined : argv[at + 1];
}

function isBefore(argv: readonly string[], first: string, second: string): boolean {
  const at = argv.indexOf(first);
  return at !== -1 && argv.indexOf(second) > at;
}

function moveToEnd(argv: readonly string[], option: string): string[] {
  const at = argv.indexOf(option);
  return [...argv.slice(0, at), ...argv.slice(at + 2), ...argv.slice(at, at + 2)];
}

function isIPv6(argv: readonly string[]): boolean {
  return argv.includes('-6') || /^\[?[\da-f]*:[\da-f]*:/.test(argumentOf(argv, '-t') ?? '');
}

/** The netmask that has the same effect in ipvsadm. It refuses `x`, too. */
function strictMask(argv: readonly string[]): string {
  const text = argumentOf(argv, '-M') ?? '';
  const prefix = /^\/(\d+)$/.exec(text)?.[1];
  if (isIPv6(argv)) return prefix ?? (/^\d+[^\d]/.test(text) ? 'x' : text);
  if (prefix === undefined) return /^[1-9]\d{0,2}$/.test(text) ? 'x' : text;
  return [0, 8, 16, 24]
    .map((bits) => 256 - 2 ** (8 - Math.min(8, Math.max(0, Number(prefix) - bits))))
    .join('.');
}
