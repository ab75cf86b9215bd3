import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileNames } from '../../src/formats/file-names.ts';
import type { Names } from '../../src/formats/ipvsadm/grammar/names.ts';
import { parseRestore } from '../../src/formats/ipvsadm/restore.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import { findKernelRefusal } from '../../src/formats/ipvsadm/script-refusals.ts';
import { applyToScript, emptyScriptState } from '../../src/formats/ipvsadm/script-state.ts';
import { parsePortNames, wellKnownPort } from '../../src/formats/port-names.ts';
import type { Operation } from '../../src/model/operation.ts';
import { SCHEDULERS } from '../../src/model/scheduler.ts';
import type { ServiceKey } from '../../src/model/service.ts';
import type { ServiceEntry } from '../../src/model/table.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

// Two readers of this program take a save file: `-R` of the front end, and that of configurations.

type Services = ReadonlyMap<ServiceKey, ServiceEntry>;

/** The table of `-R`; undefined when a line is wrong, or when the kernel refuses one. */
function restored(text: string, names: Names): Services | undefined {
  const state = emptyScriptState();
  let isRefused = false;
  for (const { command } of parseRestore(Buffer.from(text), { names, programName: 'ipvsadm' })) {
    if (command.kind === 'failure') isRefused = true;
    if (command.kind !== 'modify') continue;
    if (findKernelRefusal(command.operation) || !isKnown(command.operation)) isRefused = true;
    if (applyToScript(state, command.operation, 0)) isRefused = true;
  }
  return isRefused ? undefined : withoutPlaces(state.services);
}

/** No kernel has the module of a scheduler such as `r\\r`. */
function isKnown(operation: Operation): boolean {
  return (
    operation.kind !== 'add-service' ||
    (SCHEDULERS as readonly string[]).includes(operation.service.scheduler)
  );
}

function configured(text: string, names: Names): Services | undefined {
  const { desired } = parseScript(text.replace(/^\ufeff/, ''), 'rules', names);
  return desired && withoutPlaces(desired.services);
}

function withoutPlaces(services: Services): Services {
  return new Map(
    Array.from(services, ([key, { service, destinations }]) => [key, { service, destinations }]),
  );
}

/** The /etc/services of some machines. */
const machines = fc.constantFrom('', 'http 80/tcp www\n', 'shop 7000/tcp\n', 'http 8080/tcp\n');

const port = fc.constantFrom('80', '443', 'http', 'www', 'shop', 'nothing', '0', '+80', '70000');
const host = fc.constantFrom('192.0.2.1', '192.0.2.2', '010.0.0.1', '[2001:db8::1]', 'vip');
const endpoint = fc.tuple(host, port).map((parts) => parts.join(':'));
const setting = fc.constantFrom('-s rr', '-s wlc', '-p', '-p 300', '-o', '-M 255.255.255.0', '');
const server = fc.constantFrom('-m', '-g', '-i', '-w 5', '-m -w 0', '-x 5 -y 9', '');
const plainLine = fc.oneof(
  fc.tuple(endpoint, setting).map(([to, rest]) => `-A -t ${to} ${rest}`),
  fc.tuple(endpoint, endpoint, server).map(([to, at, rest]) => `-a -t ${to} -r ${at} ${rest}`),
  endpoint.map((to) => `-D -t ${to}`),
  fc.constantFrom('-C', '--set 1 2 3', '-A -f 7', '-a -f 7 -r 192.0.2.1:http -m', '# a', ''),
  fc.constantFrom('-A -u 192.0.2.1:http -o', '-A', 'foo', '-A -t 192.0.2.1:80 # b', '-L', '-f 7'),
);
const shellLine = fc.constantFrom(
  ...['ipvsadm -A -f 8', 'sudo ipvsadm -C', '-A -t "192.0.2.1:80"', "-A -f '9'", '-A \\', '-f 7'],
  ...[
    '-A -f 7 -s r\\r',
    '-A -f 7;',
    '-A -f $X',
    'ipvsadm',
    '-A ipvsadm -f 7',
    '-A -f 7#8',
    '\ufeff',
  ],
);
const text = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('', '\ufeff'),
      fc.array(line, { maxLength: 6 }),
      fc.constantFrom('\n', '\r\n', ' \t\n', '\n\t'),
    )
    .map(([mark, lines, end]) => mark + lines.join(end));

function sameTable(namesOf: (services: string) => Names) {
  return fc.property(text(fc.oneof(plainLine, shellLine)), machines, (given, services) => {
    const here = parsePortNames(services);
    const ofRestore: Names = {
      address: () => undefined,
      port: (name, protocol) => here.port(name, protocol) ?? wellKnownPort(name),
    };
    const [one, other] = [restored(given, ofRestore), configured(given, namesOf(services))];
    if (one && other) expect(other).toEqual(one);
  });
}

test('a save file that both readers accept is the same table for both', () =>
  holds(
    sameTable((services) => fileNames(parsePortNames(services))),
    1000,
  ));

test('a port that this machine calls otherwise would be caught as two tables', () =>
  isBrokenBy(sameTable(() => fileNames())));

test('a plain save file is wrong for both readers, or for none', () =>
  holds(
    fc.property(text(plainLine), (given) => {
      const names = fileNames();
      const isRestored = restored(given, names) !== undefined;
      const { issues } = parseScript(given.replace(/^\ufeff/, ''), 'rules', fileNames());
      const errors = issues.filter(
        ({ code, severity }) => severity === 'error' && code !== 'EMPTY',
      );
      expect(errors.length === 0).toBe(isRestored);
    }),
    1000,
  ));
