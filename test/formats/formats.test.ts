import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FORMATS, formatOf, WRITABLE_FORMATS, writableFormat } from '../../src/formats/formats.ts';
import { KERNEL_TIMEOUTS } from '../../src/model/settings.ts';
import type { Table } from '../../src/model/table.ts';
import { tableArbitrary } from '../support/arbitrary-table.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { saveableTables } from '../support/saveable-tables.ts';
import { daemonOf, tableOf } from '../support/tables.ts';

/** Tables that each format holds completely. A new format needs its row here. */
const TABLES: Readonly<Record<string, fc.Arbitrary<Table>>> = {
  yaml: tableArbitrary,
  json: tableArbitrary,
  save: saveableTables.map(({ services }) => ({
    services,
    timeouts: KERNEL_TIMEOUTS,
    daemons: [],
  })),
};

const fileNames = fc.constantFrom('a.yaml', 'a.json', 'a.save', 'a', '<stdin>', 'a.conf');

const recognisers = (text: string, fileName: string): readonly string[] =>
  FORMATS.filter(({ recognise }) => recognise(text, fileName)).map(({ name }) => name);

describe.each(Object.values(WRITABLE_FORMATS))('the format $name', ({ name, format, parse }) => {
  const tables = TABLES[name] ?? fc.constant(tableOf({}));

  function roundTrip(change: (text: string) => string = (text) => text) {
    return fc.asyncProperty(tables, fileNames, async (table, fileName) => {
      const { text, omissions } = await format(table, {});
      expect(omissions).toEqual([]);
      const { desired, issues } = await parse(change(text), fileName);
      expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect({
        services: desired?.services,
        timeouts: { ...KERNEL_TIMEOUTS, ...desired?.timeouts },
        daemons: desired?.daemons ?? [],
      }).toEqual({ services: table.services, timeouts: table.timeouts, daemons: table.daemons });
    });
  }

  test('has tables for its property in this file', () => {
    expect(Object.keys(TABLES)).toContain(name);
  });

  test('reads back every table that it writes', () => holds(roundTrip()));

  test('would be caught losing the weights of destinations', () =>
    isBrokenBy(roundTrip((text) => text.replaceAll(/,? "?(?:weight"?:|-w) \d+/g, ''))));

  test('is the only format that recognises its own text, whatever the file is called', () =>
    holds(
      fc.asyncProperty(tables, fileNames, async (table, fileName) => {
        const { text } = await format(table, {});
        const shown = text.trim() === '' ? `a.${name}` : fileName;
        expect(recognisers(text, shown)).toEqual([name]);
        expect(formatOf(text, shown).name).toBe(name);
      }),
      100,
    ));
});

const line = fc.oneof(
  fc.constantFrom(
    ...['', '  ', '# comment', '---', '%YAML 1.2', 'version: 1', '"version": 1', '{', '{}'],
    ...['{/ipvsadm -A', '-A -f 1', '-C', 'ipvsadm -C', 'ipvsadm: 1', 'sudo ipvsadm -C', '\ufeff'],
    ...['virtual_server 10.0.0.1 80 {', 'virtual = 10.0.0.1:80', '  real = 10.0.0.2:80 gate'],
    ...['services:', '  sched: rr', '  - forward: nat', 'IPVS connection entries', 'VIP=10.0.0.1'],
    ...['IP Virtual Server version 1.2.1 (size=4096)', 'TCP  0A000001:0050 rr ', '$IPVSADM -C'],
    ...['\ufeffversion: 1', '\ufeff-A -f 1', '\u00a0{', '- a', '--add-service', '{"format":'],
  ),
  fc.string(),
);

test('no text is recognised by two formats', () =>
  holds(
    fc.property(fc.array(line, { maxLength: 4 }), fileNames, (lines, fileName) => {
      expect(recognisers(lines.join('\n'), fileName).length).toBeLessThanOrEqual(1);
    }),
    2000,
  ));

test.each([
  ['version: 1\nservices: []\n', 'rules.save', 'yaml'],
  ['# by hand\n---\nversion: 1\n', 'a', 'yaml'],
  ['"version": 1\n', 'a.json', 'yaml'],
  ['{"version": 1, "services": []}', 'a.yaml', 'json'],
  ['\ufeff{"version": 1}', 'a.yaml', 'json'],
  ['-A -t 192.0.2.1:80\n', 'a.yaml', 'save'],
  ['\ufeff-A -t 192.0.2.1:80\n', 'a.yaml', 'save'],
  ['#!/bin/sh\nipvsadm -C\n', 'a', 'save'],
  ['', 'a.save', 'save'],
  ['# empty rules file for ipvsadm\n', '/etc/ipvsadm.rules', 'save'],
  ['# nothing yet\n', 'a.json', 'json'],
  ['', 'a', 'yaml'],
  ['neither one nor the other', 'a', 'yaml'],
  ['#!/bin/sh\nset -e\nVIP=192.0.2.1\n/sbin/ipvsadm -A -t $VIP:80\n', 'a', 'shell'],
  ['IPVSADM=/sbin/ipvsadm\n$IPVSADM -C\n', 'a', 'shell'],
  ['echo start && ipvsadm -C\n', 'a', 'shell'],
])('%j in %s is %s', (text, fileName, name) => {
  expect(formatOf(text, fileName).name).toBe(name);
});

test('a script with a byte order mark is read like the same script without it', async () => {
  const script = '-A -t 192.0.2.1:80 -s rr\n';
  const { parse } = formatOf(script, 'a');
  const [with_, without] = [await parse(`\ufeff${script}`, 'a'), await parse(script, 'a')];
  expect(with_.issues).toEqual([]);
  expect(with_.desired?.services).toEqual(without.desired?.services);
});

test('the JSON format refuses a saved plan with the command that applies it', async () => {
  const plan = `${JSON.stringify({ format: 'ipvstate-plan', saved: {} }, undefined, 2)}\n`;
  expect(await formatOf(plan, 'p.json').parse(plan, 'p.json')).toMatchObject({
    desired: undefined,
    issues: [{ code: 'WRONG_TYPE', hint: 'apply it without -f: ipvstate apply p.json' }],
  });
});

test('settings that no file can express are named, and the export is valid without them', async () => {
  const table = tableOf(
    { 'tcp://10.0.0.1:80': {} },
    {
      timeouts: { tcp: 3_000_000, udp: 7 },
      daemons: [daemonOf('master'), { ...daemonOf('backup'), interface: 'a\u0001b' }],
    },
  );
  for (const name of ['yaml', 'json']) {
    const { text, omissions } = await writableFormat(name).format(table, {});
    const named = [...omissions, ...text.split('\n').filter((line) => line.startsWith('#'))];
    for (const setting of [
      'timeout tcp of 3000000 seconds',
      'master sync daemon on eth0',
      'backup sync daemon on a',
    ])
      expect(named.filter((line) => line.includes(setting))).toHaveLength(1);
    const { desired, issues } = await formatOf(text, name).parse(text, name);
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    // An empty list would stop both daemons.
    expect(desired?.daemons).toBeUndefined();
    expect(desired?.timeouts).toMatchObject({ udp: 7 });
  }
});

test('every format tells what it omits of a table, and YAML writes it as comments', async () => {
  const table = tableOf(
    { 'tcp://10.0.0.1:80': {} },
    { timeouts: { tcp: 5 }, daemons: [daemonOf('master')] },
  );
  const unmanageable = [
    { service: 'tcp://10.0.0.2:80', destination: undefined, reason: 'flags 0x40' },
  ];
  const omissions = await Promise.all(
    Object.values(WRITABLE_FORMATS).map(async ({ name, format }) => {
      const written = await format(table, { unmanageable });
      return [name, written.omissions, written.text.includes('# warning: not exported')];
    }),
  );
  const leftOut = 'left out: tcp://10.0.0.2:80 (flags 0x40, which no file can express)';
  expect(omissions).toEqual([
    ['yaml', [], true],
    ['json', [leftOut], false],
    [
      'save',
      [
        'the save format cannot hold the timeouts 5 120 300 (tcp, tcp_fin, udp)',
        'the save format cannot hold the master sync daemon on eth0',
        leftOut,
      ],
      false,
    ],
  ]);
});
