import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Command } from '../../src/formats/ipvsadm/grammar/command.ts';
import type { Failure } from '../../src/formats/ipvsadm/grammar/failure.ts';
import { NUMERIC_ONLY } from '../../src/formats/ipvsadm/grammar/names.ts';
import { RepeatedLine } from '../../src/formats/ipvsadm/repeated-line.ts';
import { parseRestore } from '../../src/formats/ipvsadm/restore.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { textChunks } from '../../src/formats/ipvsadm/text-chunks.ts';
import { holds } from '../support/properties.ts';

const rules = { programName: 'ipvsadm', names: NUMERIC_ONLY };

const commandsOf = (text: string, skipsRepeated = false) =>
  Array.from(parseRestore(Buffer.from(text), rules, skipsRepeated), ({ line, command }) => ({
    line,
    command: meaning(command),
  }));

/** Where the words were is not told of lines like an earlier one. */
function meaning(command: Command | Failure): unknown {
  if (command.kind !== 'modify') return command;
  const { kind, operation, cautions } = command;
  return { kind, operation, cautions };
}

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

test('a line means the same after others as alone, to -R', () =>
  holds(
    fc.property(anyLines, (lines) => {
      const alone = lines.flatMap((text, index) =>
        commandsOf(text).map(({ command }) => ({ line: index + 1, command })),
      );
      expect(commandsOf(lines.join('\n'))).toEqual(alone);
    }),
    3000,
  ));

test('of the lines that are left out when those like others are, none is wrong', () =>
  holds(
    fc.property(anyLines, (lines) => {
      const all = commandsOf(lines.join('\n'));
      const some = commandsOf(lines.join('\n'), true);
      const isWrong = ({ command }: (typeof all)[number]) =>
        (command as Failure).kind === 'failure';
      expect(all).toEqual(expect.arrayContaining(some));
      expect(some.filter(isWrong)).toEqual(all.filter(isWrong));
    }),
    1000,
  ));

test('a script means the same when no line can be like another', () =>
  holds(
    fc.property(anyLines, (lines) => {
      const { desired, issues } = parseScript(lines.join('\n'), 'file');
      // A blank in front of each line keeps it from being compared.
      const plain = parseScript(lines.map((line) => ` ${line}`).join('\n'), 'file');
      expect(desired?.services).toEqual(plain.desired?.services);
      const moved = JSON.stringify(plain.issues, (key, value) =>
        key === 'column' ? Math.max(1, value - 1) : value,
      );
      expect(JSON.stringify(issues)).toBe(moved);
      for (const [key, { destinations }] of desired?.services ?? []) {
        for (const destination of destinations.keys()) {
          const { line, column = 0 } = desired?.locate(key, destination) ?? {};
          expect({ line, column: column + 1 }).toEqual(
            expect.objectContaining(withoutFile(plain.desired?.locate(key, destination))),
          );
        }
      }
    }),
    3000,
  ));

const withoutFile = (position: { readonly line: number; readonly column: number } | undefined) =>
  position && { line: position.line, column: position.column };

describe('lines are compared and not taken apart', () => {
  /** How many of the lines match an earlier one. */
  function matching(lines: readonly string[]): boolean[] {
    const last = {};
    const repeated = new RepeatedLine(last);
    return lines.map((text) => {
      if (repeated.matches(text, 0, text.length)) return true;
      for (const { command } of parseRestore(Buffer.from(text), rules)) {
        // The parser of the line leaves the service it has read where the comparison looks for it.
        const service =
          command.kind === 'modify' && 'service' in command.operation
            ? command.operation.service
            : undefined;
        const identity = service && ('identity' in service ? service.identity : service);
        if (identity?.kind === 'address')
          Object.assign(last, { text: text.split(' ')[2], identity });
        repeated.learn(text, 0, text.length, command);
      }
      return false;
    });
  }

  it.each([
    [
      'other servers and weights',
      [
        '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1',
        '-a -t 192.0.2.1:80 -r 10.0.0.25:8080 -m -w 100',
      ],
    ],
    [
      'IPv6',
      [
        '-a -t [2001:db8::1]:80 -r [2001:db8::5]:80 -m -w 1',
        '-a -t [2001:db8::1]:80 -r [2001:db8::6]:81 -m -w 2',
      ],
    ],
    [
      'more options',
      [
        '-a -u 192.0.2.1:53 -r 10.0.0.1:53 -g -w 1 -x 5 -y 2',
        '-a -u 192.0.2.1:53 -r 10.0.0.2:53 -g -w 9 -x 5 -y 2',
      ],
    ],
    ['other services', ['-A -t 192.0.2.1:80 -s rr -p 300', '-A -t 192.0.2.2:443 -s rr -p 300']],
  ])('that differ in %s', (_, lines) => {
    expect(matching(lines)).toEqual([false, true]);
  });

  it('with the service of the line before', () => {
    const first = ['-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1'];
    const second = ['-A -t 192.0.2.2:80 -s rr', '-a -t 192.0.2.2:80 -r 10.0.0.1:80 -m -w 1'];
    expect(matching([...first, ...second])).toEqual([false, false, true, true]);
  });

  it.each([
    ['another forwarding method', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1'],
    ['one option more', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1 -x 5'],
    ['another protocol', '-a -u 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1'],
    ['a service that was not the last one', '-a -t 192.0.2.9:80 -r 10.0.0.1:80 -m -w 1'],
    ['a longer service', '-a -t 192.0.2.1:8080 -r 10.0.0.1:80 -m -w 1'],
    ['no weight', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m'],
    ['a name', '-a -t 192.0.2.1:80 -r ten:80 -m -w 1'],
  ])('but not with %s', (_, line) => {
    expect(matching(['-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1', line])).toEqual([false, false]);
  });
});

test('a text in pieces of whole lines is the text', () =>
  holds(
    fc.property(
      fc.array(fc.string({ unit: 'binary', maxLength: 40_000 }), { maxLength: 12 }),
      (lines) => {
        const bytes = Buffer.from(lines.join('\n'));
        expect(Array.from(textChunks(bytes)).join('\n')).toBe(bytes.toString('utf8'));
      },
    ),
    30,
  ));

test('long texts are in several pieces, and lines have their numbers', () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, index) => `-a -f 7 -r 10.0.${index >> 8}.${index & 255}`,
  );
  expect(Array.from(textChunks(Buffer.from(lines.join('\n')))).length).toBeGreaterThan(3);
  expect(commandsOf(lines.join('\n')).map(({ line }) => line)).toEqual(
    lines.map((_, index) => index + 1),
  );
});
