import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { NUMERIC_ONLY } from '../../src/formats/ipvsadm/grammar/names.ts';
import { parseCommand } from '../../src/formats/ipvsadm/grammar/parse.ts';
import { parseRestore } from '../../src/formats/ipvsadm/restore.ts';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { parseSavedLine } from '../../src/formats/ipvsadm/saved-line.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tableOf } from '../support/tables.ts';

const rules = { programName: 'ipvsadm', names: NUMERIC_ONLY, signedMarks: true };

const oneOf = (...texts: readonly string[]) => fc.constantFrom(...texts);
const anyService = oneOf(
  '192.0.2.1:80',
  '192.0.2.2:80',
  '192.0.2.1:0',
  '192.0.2.1:080',
  '[2001:db8::1]:80',
  '[2001:DB8::1]:80',
  '010.1:80',
  'x:80',
);
const anyServer = oneOf(
  ...[
    '10.0.0.1:80',
    '10.0.0.2:80',
    '10.0.0.3:8080',
    '10.0.0.4',
    '10.0.0.5:080',
    '10.1:80',
    '10.0.0.256:80',
    '10.0.0.1:',
    '10.0.0.1:99999',
  ],
  ...[
    '[2001:db8::5]:80',
    '[2001:DB8::5]:80',
    '[2001:db8::5]',
    '2001:db8::5',
    'name:80',
    '10.0.0.1:http',
    '010.0.0.1:80',
    '10.0.0.1:80:80',
  ],
);
const anyWeight = oneOf(
  '1',
  '2',
  '0',
  '007',
  '+5',
  '-1',
  '2147483647',
  '2147483648',
  '99999999999',
  '',
  'x',
  '1x',
);
const anyForward = oneOf(
  '-m',
  '-g',
  '-i',
  '',
  '-m -g',
  '-i --tun-type gue --tun-port 6080',
  '--masquerading',
);
const anyTail = oneOf('', ' -x 3', ' -x 3 -y 2', ' # -w 5', ' ', '\r', ' -w 7', ' -r 10.0.0.9:80');
const anyServiceTail = oneOf(
  '',
  ' -s rr',
  ' -s wlc -p 300',
  ' -p',
  ' -s rr -o',
  ' -M 255.255.255.0',
  ' -s mh -b mh-port,mh-fallback',
  ' # -p',
  '\r',
);
const protocolOf = oneOf('-t', '-t', '-t', '-u', '--tcp-service');
const beginning = oneOf('', '', '', '', 'ipvsadm ', ' ');

const anyLine = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .tuple(beginning, protocolOf, anyService, anyServiceTail)
      .map(([a, b, c, d]) => `${a}-A ${b} ${c}${d}`),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(beginning, protocolOf, anyService, anyServer, anyForward, anyWeight, anyTail)
      .map(([a, b, c, d, e, f, g]) => `${a}-a ${b} ${c} -r ${d} ${e} -w ${f}${g}`),
  },
  { weight: 2, arbitrary: anyServer.map((server) => `-a -t 192.0.2.1:80 -r ${server} -m -w 1`) },
  {
    weight: 1,
    arbitrary: oneOf(
      '',
      '# comment',
      '-C',
      '-A -f 7',
      '-a -f 7 -r 10.0.0.1 -g -w 1',
      '-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 3',
      '-d -t 192.0.2.1:80 -r 10.0.0.1:80',
      '-D -t 192.0.2.1:80',
    ),
  },
);
const anyLines = fc.array(anyLine, { maxLength: 12 });

const readsAsParseCommand = (read: typeof parseSavedLine) =>
  fc.property(anyLine, anyLine, anyLine, (before, line, after) => {
    const start = before.length + 1;
    const command = read(`${before}\n${line}\n${after}`, start, start + line.length);
    if (command) expect(command).toEqual(parseCommand(line.split(' '), rules));
  });

test('parseSavedLine returns what parseCommand returns for the words of the line', () =>
  holds(readsAsParseCommand(parseSavedLine), 5000));

test('the comparison with parseCommand fails for a reader that loses thresholds', () =>
  isBrokenBy(
    readsAsParseCommand((text, start, end) => {
      const line = text.slice(start, end).replace(/ -[xy] \d+/g, '');
      return parseSavedLine(line, 0, line.length);
    }),
    5000,
  ));

const isRead = (line: string) => parseSavedLine(line, 0, line.length) !== undefined;

test('parseSavedLine reads every line that formatSave writes for plain services and destinations', () => {
  const table = tableOf({
    'tcp://192.0.2.1:80': {
      destinations: {
        '10.0.0.1:80': { forward: 'masq', weight: 0 },
        '10.0.0.25:8080': { forward: 'masq', weight: 2_147_483_647 },
      },
    },
    'udp://192.0.2.1:53': { scheduler: 'rr', destinations: { '10.0.0.1:53': 100 } },
    'tcp://[2001:db8::1]:80': { destinations: { '[2001:db8::5]:81': { forward: 'masq' } } },
  });
  const lines = formatSave(table).trimEnd().split('\n');
  expect(lines).toHaveLength(7);
  expect(lines.filter((line) => !isRead(line))).toEqual([]);
});

describe('parseSavedLine leaves a line to parseCommand that has', () => {
  it.each([
    ['an option more', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1 -x 5'],
    ['an option less', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m'],
    ['a tunnel', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -i -w 1 --tun-type ipip'],
    ['a port that is replaced', '-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -g -w 1'],
    ['a server of another family', '-a -t 192.0.2.1:80 -r [2001:db8::5]:80 -m -w 1'],
    ['a weight out of range', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 2147483648'],
    ['a host name', '-a -t 192.0.2.1:80 -r ten:80 -m -w 1'],
    ['a port name', '-a -t 192.0.2.1:http -r 10.0.0.1:80 -m -w 1'],
    ['a mark', '-A -f 7 -s wlc'],
    ['no port', '-A -t 192.0.2.1 -s wlc'],
    ['port 0', '-A -t 192.0.2.1:0 -s wlc'],
    ['persistence', '-A -t 192.0.2.1:80 -s wlc -p 300'],
    ['a word in front', 'ipvsadm -A -t 192.0.2.1:80 -s wlc'],
    ['another command', '-e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1'],
  ])('%s', (_, line) => {
    expect(isRead(line)).toBe(false);
  });
});

/** parseSavedLine does not read a line that begins with a blank. */
const indented = (lines: readonly string[]) => lines.map((line) => ` ${line}`).join('\n');

test('parseRestore returns the same commands when parseSavedLine reads no line', () =>
  holds(
    fc.property(anyLines, (lines) => {
      const read = (text: string) => Array.from(parseRestore(Buffer.from(text), rules));
      expect(read(lines.join('\n'))).toEqual(read(indented(lines)));
    }),
    1000,
  ));

test('parseScript returns the same services, issues and places when parseSavedLine reads no line', () =>
  holds(
    fc.property(anyLines, (lines) => {
      const { desired, issues } = parseScript(lines.join('\n'), 'file');
      const plain = parseScript(indented(lines), 'file');
      expect(desired?.services).toEqual(plain.desired?.services);
      const moved = JSON.stringify(plain.issues, (key, value) =>
        key === 'column' ? Math.max(1, value - 1) : value,
      );
      expect(JSON.stringify(issues)).toBe(moved);
      for (const [key, { destinations }] of desired?.services ?? []) {
        for (const destination of [undefined, ...destinations.keys()]) {
          const { line, column = 0 } = desired?.locate(key, destination) ?? {};
          const place = plain.desired?.locate(key, destination);
          expect([line, column + 1]).toEqual([place?.line, place?.column]);
        }
      }
    }),
    3000,
  ));
