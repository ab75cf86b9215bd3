import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ParseResult } from '../../src/config/parse.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { NUMERIC_ONLY } from '../../src/formats/ipvsadm/grammar/names.ts';
import { parseCommand } from '../../src/formats/ipvsadm/grammar/parse.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { encodeOperation } from '../../src/kernel/netlink/encode.ts';
import { MessageWriter } from '../../src/kernel/netlink/message-writer.ts';
import type { Desired } from '../../src/model/desired.ts';
import { KERNEL_TIMEOUTS } from '../../src/model/settings.ts';
import { plan } from '../../src/plan/plan.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tableOf } from '../support/tables.ts';

// Any text in any field: the reader reports an error at a place in the file, or the request that
// the field becomes can be sent.

/** Any characters of Unicode, and halves of characters, which a JSON text can have as escapes. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('lo', 'rr', '\0', '\ud800', '\udc00', '\u00a0', '\u2028', ' ', '\n', 'x'),
      fc.constantFrom('tcp://192.0.2.1:80', '10.0.0.1', '/', ':', '.', 'fwmark:', '7', '1h', '%'),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const SERVICE = { address: 'tcp://192.0.2.1:80', destinations: ['10.0.0.1'] };
const MASTER = { role: 'master', interface: 'lo' };

function ofService(keys: object): object {
  return { version: 1, services: [{ ...SERVICE, ...keys }] };
}

/** Every field of a file that takes text. */
const FIELDS: Readonly<Record<string, (text: string) => object>> = {
  'the name of a service': (name) => ofService({ name }),
  'the address of a service': (address) => ofService({ address }),
  'a scheduler': (scheduler) => ofService({ scheduler }),
  'a default scheduler': (scheduler) => ({ ...ofService({}), defaults: { scheduler } }),
  'a flag': (flag) => ofService({ scheduler_flags: [flag] }),
  'a time': (persistence) => ofService({ persistence }),
  'a netmask': (netmask) => ofService({ persistence: { netmask } }),
  'an engine': (engine) => ofService({ persistence: { engine } }),
  'a profile': (profile) => ({ ...ofService({ profile }), profiles: { [profile]: {} } }),
  'a pool': (pool) => ({ ...ofService({ destinations: [{ pool }] }), pools: { [pool]: [] } }),
  'a destination': (destination) => ofService({ destinations: [destination] }),
  'a forwarding method': (forward) =>
    ofService({ destinations: [{ address: '10.0.0.1', forward }] }),
  'an interface': (text) => ({ ...ofService({}), sync_daemons: [{ ...MASTER, interface: text }] }),
  'a group': (group) => ({ ...ofService({}), sync_daemons: [{ ...MASTER, group }] }),
  'a timeout': (tcp) => ({ ...ofService({}), timeouts: { tcp } }),
  'a limit': (text) => ({ ...ofService({}), limits: { max_service_deletes: text } }),
  'a sysctl': (text) => ({ ...ofService({}), sysctls: { values: { conntrack: text } } }),
  'a sysctl of a later kernel': (text) => ({ ...ofService({}), sysctls: { values: { x: text } } }),
  'the name of a sysctl': (name) => ({ ...ofService({}), sysctls: { values: { [name]: 1 } } }),
  'a selector': (cidr) => ({ ...ofService({}), manage: { include: [{ cidr }] } }),
};

/** Sends nothing, and throws where a request cannot be sent. */
function sendAll(desired: Desired): void {
  const live = tableOf({});
  const timeouts = { ...KERNEL_TIMEOUTS, ...desired.timeouts };
  const goal = { services: desired.services, timeouts, daemons: desired.daemons ?? [] };
  const writer = new MessageWriter();
  for (const { steps } of plan(live, goal).waves)
    for (const { operation } of steps) encodeOperation(writer, 20, 1, operation);
  for (const value of desired.policy?.sysctls?.values.values() ?? []) expectWritable(value);
}

/** A sysctl is a file of one line. */
function expectWritable(value: string): void {
  if (/[\0\n]|\p{Cs}/u.test(value)) throw new Error(`the sysctl ${JSON.stringify(value)}`);
}

function expectExecutable(text: string, { desired, issues }: ParseResult): void {
  if (desired) {
    sendAll(desired);
    return;
  }
  const lines = text.split('\n');
  const errors = issues.filter(({ severity }) => severity === 'error');
  expect(errors).not.toEqual([]);
  for (const { position } of errors) {
    expect(position.line).toBeLessThanOrEqual(lines.length);
    expect(position.column).toBeLessThanOrEqual((lines[position.line - 1] ?? '').length + 1);
  }
}

test.each(Object.entries(FIELDS))('any text as %s is an error, or can be sent', (_, fileOf) =>
  holds(
    fc.property(anyText, (text) => {
      const json = JSON.stringify(fileOf(text), null, 1);
      expectExecutable(json, parseConfig(json, 'c.json'));
    }),
    100,
  ),
);

test('a reader that lets interfaces with a NUL pass is found out', () =>
  isBrokenBy(
    fc.property(anyText, (text) => {
      const json = JSON.stringify(FIELDS['an interface']?.('lo'));
      const { desired } = parseConfig(json, 'c.json');
      const [daemon] = desired?.daemons ?? [];
      if (desired && daemon) sendAll({ ...desired, daemons: [{ ...daemon, interface: text }] });
    }),
  ));

const LINES: Readonly<Record<string, (word: string) => readonly string[]>> = {
  '-s': (word) => ['-A', '-t', '192.0.2.1:80', '-s', word],
  '-b': (word) => ['-A', '-t', '192.0.2.1:80', '-b', word],
  '--pe': (word) => ['-A', '-t', '192.0.2.1:80', '-p', '--pe', word],
  '-t': (word) => ['-A', '-t', word],
  '-M': (word) => ['-A', '-t', '192.0.2.1:80', '-p', '9', '-M', word],
  '--mcast-interface': (word) => ['--start-daemon', 'master', '--mcast-interface', word],
  '--mcast-group': (word) => ['--start-daemon', 'master', '--mcast-group', word],
};

test.each(Object.entries(LINES))('any word after %s is an error, or can be sent', (_, lineOf) =>
  holds(
    fc.property(anyText, (word) => {
      const rules = { names: NUMERIC_ONLY, signedMarks: false, programName: 'ipvsadm' };
      const command = parseCommand(lineOf(word), rules);
      if (command.kind === 'modify') encodeOperation(new MessageWriter(), 20, 1, command.operation);
      const script = `-C\n${lineOf(word).join(' ')}\n`;
      expectExecutable(script, parseScript(script, 'a.save'));
    }),
    100,
  ),
);

test.each([
  ['-A -t 192.0.2.1:80 -s é', '"é" is not the name of a scheduler'],
  ['-A -t 192.0.2.1:80 -p 9 --pe é', '"é" is not the name of an engine'],
  ['--start-daemon master --mcast-interface a/b', '"a/b" cannot be the name of an interface'],
])('a script with %s has an error', (line, message) => {
  const { issues } = parseScript(`-C\n${line}\n`, 'a.save');
  const errors = issues.filter(({ severity }) => severity === 'error');
  expect(errors.map((issue) => issue.message)).toEqual([message]);
});

test('the name of a service has at most 200 characters', () => {
  const isAccepted = (name: string) =>
    parseConfig(JSON.stringify(ofService({ name })), 'c.json').desired !== undefined;
  expect(
    ['🙂'.repeat(200), 'x'.repeat(201), 'x'.repeat(1_000_000), '\ud800'].map(isAccepted),
  ).toEqual([true, false, false, false]);
});
